//! `regatta seed`: builds the app and fills its database with what its seeds make.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and fill its database with what its seeds make
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:\n  regatta seed                 every seed that never ran\n  regatta seed people --again  one of them once more\n  regatta seed --list          which there are"
)]
pub struct Seed {
    /// Passed to the app (`regatta seed --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Seed {
    /// Builds the app and becomes its `seed`.
    pub fn run(self) -> Result<()> {
        app::run("seed", self.arguments)
    }
}
