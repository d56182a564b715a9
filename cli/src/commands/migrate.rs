//! `regatta migrate`: builds the app and brings its database to its models.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and bring its database to its models
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = "Example:\n  regatta migrate")]
pub struct Migrate {
    /// Passed to the app (`regatta migrate --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Migrate {
    /// Builds the app and becomes its `migrate`.
    pub fn run(self) -> Result<()> {
        app::run("migrate", self.arguments)
    }
}
