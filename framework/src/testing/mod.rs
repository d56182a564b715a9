//! Running an app inside its own tests: real HTTP, real sockets, a database of its own.
//!
//! ```no_run
//! use regatta::prelude::*;
//! use regatta::testing::TestApp;
//!
//! async fn hello() -> &'static str { "hello" }
//!
//! #[regatta::test]
//! async fn says_hello() {
//!     let app = TestApp::start(App::new("hello").routes(|r| { r.get("/", hello); })).await;
//!     assert_eq!(app.get("/").await.text(), "hello");
//! }
//! ```
//!
//! Whatever goes wrong here panics: it is for tests.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something can't go on"
)]

mod client;
mod cluster;
mod factory;
mod server;
mod socket;

pub use client::{TestClient, TestRequest, TestResponse};
pub use cluster::TestCluster;
pub use factory::Factory;
pub use server::TestApp;
pub use socket::TestSocket;

use std::future::Future;
use std::time::Duration;

/// How long anything in a test may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs an async test; `#[regatta::test]` calls it.
pub fn block_on<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

#[cfg(test)]
mod tests;
