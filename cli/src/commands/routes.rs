//! `regatta routes`: builds the app and lists its routes.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and list its routes
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = "Example:\n  regatta routes")]
pub struct Routes {
    /// Passed to the app (`regatta routes --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Routes {
    /// Builds the app and becomes its `routes`.
    pub fn run(self) -> Result<()> {
        app::run("routes", self.arguments)
    }
}
