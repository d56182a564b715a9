//! What the command line says.

use clap::{Args, Parser, Subcommand};

use crate::contest::Contest;

/// Requests/s of the scaffolded app against hand-written handlers, as a Markdown table on stdout.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Options {
    /// How often every side is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,

    /// Seconds of load in one round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,

    /// Connections that ask at the same time
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub connections: u32,

    /// Measures only the workloads whose title contains this
    #[arg(long)]
    only: Option<String>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the hand-written handlers; the bench starts itself with this
    Raw(Raw),
}

#[derive(Debug, Args)]
pub(crate) struct Raw {
    #[arg(long)]
    pub port: u16,
    #[arg(long)]
    pub workers: usize,
    #[arg(long)]
    pub database_connections: u32,
    #[arg(long)]
    pub database: String,
    #[arg(long)]
    pub redis: String,
}

impl Options {
    /// Whether this workload is among those asked for.
    pub(crate) fn wants(&self, contest: &Contest<'_>) -> bool {
        self.only.as_ref().is_none_or(|part| contest.title.contains(part.as_str()))
    }
}
