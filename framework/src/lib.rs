//! A full-stack web framework whose apps run as one instance or as many without a code change.
//!
//! The lower floors know nothing of the upper ones:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`error`], [`config`], `logging` |
//! | 1 | `health` |
//! | 2 | `protocol`, `redis`, `db` |
//! | 3 | `bus`, [`sessions`], [`models`] |
//! | 4 | `security`, [`views`], `policies`, [`http`] |
//! | 5 | [`sockets`] |
//! | 6 | `blueprints` |
//! | 7 | `doctor`, `fleet`, [`app`] |

#![warn(missing_docs)]

extern crate self as regatta;

mod bus;
pub mod config;
pub mod error;
mod health;
pub mod http;
mod logging;
mod policies;
mod protocol;
mod redis;
mod security;
pub mod sessions;
pub mod views;

pub use actix_web;
pub use error::{Error, Result};
