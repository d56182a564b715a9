//! What an app does with requests that mean it ill, and what it tells of itself.

#![cfg(feature = "testing")]

mod figures;
mod gone;
mod panics;
mod private;
mod traces;
mod walk;
