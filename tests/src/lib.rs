//! Support for the black-box tests: every service, client and instance a test needs, started on free ports and ended
//! with the value that owns it, also when the test panics.
//!
//! | module | what it gives a test |
//! |---|---|
//! | [`scaffold`] | an app made by `regatta new`, built once, copied per test |
//! | [`cluster`] | that app as several instances on Redis and PostgreSQL |
//! | [`redis`], [`postgres`], [`nginx`], [`haproxy`], [`varnish`], [`proxy`] | the services around it, and a bad line to them |
//! | [`http`], [`socket`], [`node`], [`chromium`] with [`cdp`] | the clients that look at it |
//! | [`figures`] | what instances tell of themselves, read strictly |
//! | [`load`] | clients that never stop asking, and count what fails |
//! | [`herd`], [`light`] | thousands of sockets, and clients that cost little |
//! | [`harbour`] | an app whose sockets do everything |
//! | [`hosts`] | hosts of their own for them, whose cables can be taken out |
//! | [`testserver`] | an app that is configured from outside, for suites written for other servers |
//! | [`clock`] | the wrong time for a program |
//! | [`usage`] | what a process uses, and how many files it may open |
//! | [`process`], [`ports`], [`wait`], [`workdir`], [`wire`] | what the others are made of |
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "support of tests: a failed expectation is a failed test, at the line that saw it"
)]

pub mod cdp;
pub mod chromium;
pub mod clock;
pub mod cluster;
pub mod figures;
pub mod haproxy;
pub mod harbour;
pub mod herd;
pub mod hosts;
pub mod http;
pub mod light;
pub mod load;
pub mod nginx;
pub mod node;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod scaffold;
pub mod socket;
pub mod testserver;
pub mod usage;
pub mod varnish;
pub mod wait;
pub mod wire;
pub mod workdir;

/// Whether the run is a full-size one (`tests/full`): the same tests with more rounds.
pub fn full_size() -> bool {
    std::env::var_os("REGATTA_FULL").is_some_and(|value| value == "1")
}
