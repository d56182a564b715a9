//! One of the servers that are compared.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::usage;
use regatta_tests::wait::START;
use regatta_tests::workdir::Workdir;

/// The connections either side's database pool may open: sqlx's own default.
pub(crate) const DATABASE_CONNECTIONS: u32 = 10;

/// What the sides are given.
#[derive(Debug)]
pub(crate) struct Services {
    pub redis: String,
    pub postgres: String,
    pub workers: usize,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Side {
    name: &'static str,
    address: SocketAddr,
    base: String,
    process: Process,
    /// Held for its end: the files the server was started in.
    _files: Workdir,
}

impl Side {
    pub(crate) fn new(name: &'static str, port: u16, process: Process, files: Workdir) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { name, address, base: format!("http://{address}"), process, _files: files }
    }

    /// Starts the hand-written handlers.
    pub(crate) fn raw(services: &Services) -> Self {
        let mut command = own("raw");
        command.args(["--workers", &services.workers.to_string()]);
        command.args(["--database-connections", &DATABASE_CONNECTIONS.to_string()]);
        command.args(["--database", &services.postgres]);
        Self::start("hand-written", command, Some(&services.redis))
    }

    /// Starts one of this program's own servers.
    pub(crate) fn own(name: &'static str, subcommand: &str, redis: Option<&str>) -> Self {
        Self::start(name, own(subcommand), redis)
    }

    /// Starts a server that is told its port, and Redis if it shall use one, and that says when it listens.
    pub(crate) fn start(name: &'static str, mut command: Command, redis: Option<&str>) -> Self {
        let files = Workdir::new();
        let port = ports::free();
        command.args(["--port", &port.to_string()]);
        command.args(redis.iter().flat_map(|url| ["--redis", url]));
        let process = Process::start("server", &mut command, files.path());
        process.wait_for_line("listening", START);
        Self::new(name, port, process, files)
    }

    /// How the table calls it.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its address, as a URL.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bytes of its process that are in memory.
    ///
    /// # Panics
    /// When it has ended.
    pub(crate) fn memory(&self) -> u64 {
        usage::memory(self.process.pid())
    }

    /// The processor time its process has used so far, threads that have ended included.
    ///
    /// # Panics
    /// When it has ended.
    pub(crate) fn cpu(&self) -> Duration {
        usage::cpu(self.process.pid())
    }
}

/// This program again, as a process of its own.
fn own(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program knows its own path"));
    command.arg(subcommand);
    command
}
