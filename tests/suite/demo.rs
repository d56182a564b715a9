//! The main job: one command from nothing to a running cluster.

use std::process::Command;

use regatta_tests::scaffold::{cli, succeed};
use regatta_tests::workdir::target;

#[test]
fn the_demo_checks_itself() {
    // The same target folder as the scaffolded app's: only the app itself is compiled again.
    let output = succeed(Command::new(cli()).args(["demo", "--check"]).env("CARGO_TARGET_DIR", target()));

    println!("{}", String::from_utf8_lossy(&output.stdout));
}
