//! `regatta openapi`: builds the app and prints the OpenAPI document of its HTTP API.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and print the OpenAPI document of its HTTP API
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = "Example:\n  regatta openapi > openapi.json")]
pub struct Openapi {
    /// Passed to the app (`regatta openapi --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Openapi {
    /// Builds the app and becomes its `openapi`.
    pub fn run(self) -> Result<()> {
        app::run("openapi", self.arguments)
    }
}
