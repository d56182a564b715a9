//! The `regatta` command as its users meet it, and the pieces of its demo.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod app;
mod check;
mod install;
mod lock;
mod manifest;
mod names;
mod new;
mod nginx;
mod process;
mod redis;
mod support;
