//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// The same app as one instance and as several, as a Markdown table on stdout and a plot.
#[derive(Debug, Parser)]
#[command(name = "clone")]
pub(crate) struct Options {
    /// How often every side is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,

    /// Seconds of load in one round
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// Connections that ask at the same time
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub connections: u32,

    /// The most instances [default: one for each core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=8))]
    pub instances: Option<u16>,

    /// Where the plot goes [default: below the target folder]
    #[arg(long)]
    pub svg: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the experiment starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the hand-written handler on the socket that is its standard input
    Raw,
}

impl Options {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
