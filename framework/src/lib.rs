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

extern crate self as regatta;

pub mod app;
mod assets;
mod blueprints;
mod bus;
mod cache;
mod compression;
pub mod config;
mod db;
mod deploy;
mod doctor;
pub mod error;
mod fleet;
mod health;
pub mod http;
mod logging;
mod metrics;
pub mod models;
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
