//! `regatta emit`: builds the app and sends an event to sockets of its running instances.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

/// Build the app and send an event to sockets of its running instances
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:\n  regatta emit lobby notice '{\"text\": \"back at noon\"}'\n  regatta emit lobby tick 7 --except staff\n  regatta emit reports ready --namespace /admin"
)]
pub struct Emit {
    /// ROOM EVENT [JSON], passed to the app (`regatta emit --help` inside an app says more); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Emit {
    /// Builds the app and becomes its `emit`.
    pub fn run(self) -> Result<()> {
        app::run("emit", self.arguments)
    }
}
