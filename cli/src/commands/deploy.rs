//! `regatta deploy`: builds the app and makes the files of what runs it in production.

use std::ffi::OsString;

use clap::Args;

use crate::{Result, app};

const EXAMPLES: &str = "\
Examples:
  regatta deploy nginx --domain chat.example.com --out deploy/nginx.conf --force
  regatta deploy haproxy --hosts 10.0.0.5,10.0.0.6 --ports 3001-3004
  regatta deploy docker compose kubernetes --out deploy/
  regatta deploy --out deploy/ --force         the files of a new app again, as config/ says now";

/// Build the app and make the files of proxies, service managers and containers
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES)]
pub struct Deploy {
    /// Passed to the app (`regatta deploy --help` inside an app lists them); `--release` builds with optimisations
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Deploy {
    /// Builds the app and becomes its `deploy`.
    pub fn run(self) -> Result<()> {
        app::run("deploy", self.arguments)
    }
}
