//! `regatta migrate`: builds the app and runs its `migrate`, which brings its database to its models.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

const EXAMPLES: &str = "\
Examples:
  regatta migrate              apply pending files of migrations/, or, without any, add what tables lack
  regatta migrate new          write what changed in the models as the next files
  regatta migrate status       tell what is pending, and where files, models and database differ
  regatta migrate down         undo the last file";

/// Build the app and bring its database to its models, write or undo migrations
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES)]
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
