//! What the command line says.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// How fast the scaffolded app is beside others that do the same, as Markdown tables on stdout.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Options {
    /// What is measured
    #[arg(long, value_enum, default_value_t = Subject::All)]
    pub what: Subject,

    /// How often every side is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,

    /// Seconds of load in one round; without it 5 for HTTP and 3 for sockets
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,

    /// Connections that ask at the same time
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub connections: u32,

    /// Sockets that hear each message
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    pub subscribers: u32,

    /// Idle sockets whose memory is measured
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..=18_000))]
    pub idle: u32,

    /// Measures only the workloads whose title contains this
    #[arg(long)]
    only: Option<String>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The parts of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// Requests, against handlers written by hand
    Http,
    /// Sockets, against a server written by hand, socketioxide and Socket.IO on Node.js
    Sockets,
    /// Both
    All,
}

/// The servers that the bench starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the hand-written handlers
    Raw(Raw),
    /// Serves the hand-written sockets
    RawSockets(Sockets),
    /// Serves sockets with socketioxide on axum
    Socketioxide(Sockets),
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

#[derive(Debug, Args)]
pub(crate) struct Sockets {
    #[arg(long)]
    pub port: u16,
    /// Shares the room with other processes
    #[arg(long)]
    pub redis: Option<String>,
}

impl Options {
    /// Whether this part is asked for.
    pub(crate) fn includes(&self, subject: Subject) -> bool {
        self.what == Subject::All || self.what == subject
    }

    /// Whether the workload of this title is among those asked for.
    pub(crate) fn wants(&self, title: &str) -> bool {
        self.only.as_ref().is_none_or(|part| title.contains(part.as_str()))
    }

    /// How long a round is where nobody says so.
    pub(crate) fn time(&self, seconds: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(seconds))
    }
}
