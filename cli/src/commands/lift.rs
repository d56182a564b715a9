//! `regatta lift`: builds the app around the current folder and serves it.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and serve it
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:\n  regatta lift\n  regatta lift --port 4000 --instances 4\n  regatta lift --release --env production"
)]
pub struct Lift {
    /// Passed to the app (`regatta lift --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Lift {
    /// Builds the app and becomes its `lift`.
    pub fn run(self) -> Result<()> {
        app::run("lift", self.arguments)
    }
}
