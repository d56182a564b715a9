//! What an app does with requests that mean it ill.

#![cfg(feature = "testing")]

mod gone;
mod panics;
mod walk;
