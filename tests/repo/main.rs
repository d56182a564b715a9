//! The repository itself: floors of the framework, the shape of the tree, the dependencies.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a failed expectation is a failed test")]

mod dependencies;
mod floors;
mod layers;
mod licence;
mod paths;
mod tree;
