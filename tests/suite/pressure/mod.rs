//! A fleet under pressure: no free files, a slow Redis, services that flap, clocks that differ, everybody at once.

mod clocks;
mod files;
mod flapping;
mod herd;
mod slow;
