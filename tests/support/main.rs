//! The support code, tried against the real programs it drives and against small stand-ins for the app.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a failed expectation is a failed test")]

mod balancers;
mod browser;
mod lines;
mod logs;
mod processes;
mod services;
mod sockets;
mod stand_ins;
