//! `regatta fleet`: builds the app and looks after its running fleet.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and look after its running fleet: status, top, logs, scale, restart, stop, log-level, install
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:\n  regatta fleet status --json\n  regatta fleet scale 4\n  regatta fleet restart        every instance becomes one of the program just built"
)]
pub struct Fleet {
    /// Passed to the app (`regatta fleet --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Fleet {
    /// Builds the app and becomes its `fleet`.
    pub fn run(self) -> Result<()> {
        app::run("fleet", self.arguments)
    }
}
