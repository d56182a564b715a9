//! `regatta doctor`: builds the app and checks how it is configured.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and check its configuration and services
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = "Example:\n  regatta doctor")]
pub struct Doctor {
    /// Passed to the app (`regatta doctor --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Doctor {
    /// Builds the app and becomes its `doctor`.
    pub fn run(self) -> Result<()> {
        app::run("doctor", self.arguments)
    }
}
