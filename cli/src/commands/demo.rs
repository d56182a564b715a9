//! `regatta demo`: a chat cluster on this machine, from the scaffold to nginx.

use clap::Args;

use crate::{Result, demo};

/// Scaffold a chat app into a temporary folder and run it as a cluster: Redis, three instances, nginx
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  regatta demo\n  regatta demo --port 9000\n  regatta demo --check")]
pub struct Demo {
    /// Where nginx listens; another free port when it is taken
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Post a message on one instance, see it on another, stop everything and exit
    #[arg(long)]
    check: bool,
}

impl Demo {
    /// Runs the cluster until Ctrl-C, or until the check is done.
    pub fn run(self) -> Result<()> {
        demo::run(self.port, self.check)
    }
}
