//! A full-stack web framework whose apps run as one instance or as many without a code change.
//!
//! The lower floors know nothing of the upper ones:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`error`], [`config`], `logging` |
//! | 1 | `health`, `metrics`, `compression`, `deploy`, `tls` |
//! | 2 | `protocol`, `redis`, `db` |
//! | 3 | `bus`, `cache`, [`sessions`], [`models`] |
//! | 4 | [`security`], [`views`], [`uploads`], `policies`, [`http`] |
//! | 5 | [`sockets`] |
//! | 6 | `blueprints`, `openapi` |
//! | 7 | `doctor`, `fleet`, [`app`] |

#![warn(missing_docs)]
// What clients, other instances and services send meets nothing that can panic.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unreachable)
)]

extern crate self as regatta;

pub mod app;
mod assets;
mod blueprints;
mod bus;
mod cache;
mod compression;
#[expect(clippy::indexing_slicing, clippy::string_slice, reason = "read before the first request")]
pub mod config;
mod db;
mod deploy;
#[expect(clippy::indexing_slicing, clippy::string_slice, reason = "a command of its own")]
mod doctor;
pub mod error;
mod fleet;
mod health;
pub mod http;
mod logging;
mod metrics;
pub mod models;
#[expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "made of the routes, before the first request"
)]
mod openapi;
mod policies;
pub mod prelude;
mod protocol;
mod redis;
pub mod routes;
pub mod security;
pub mod sessions;
pub mod sockets;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
pub mod uploads;
pub mod views;

pub use actix_web;
/// For WebSockets of an app's own, without Socket.IO.
pub use actix_ws;
pub use app::{App, run};
pub use error::{Error, Result};
#[cfg(feature = "testing")]
pub use regatta_macros::test;
pub use regatta_macros::{Model, Settings};
pub use sqlx;
