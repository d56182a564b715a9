//! One of the two servers that are compared.

use std::fs;
use std::process::Command;
use std::time::Duration;

use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::wait::START;
use regatta_tests::workdir::Workdir;

/// The connections either side's database pool may open: sqlx's own default.
pub(crate) const DATABASE_CONNECTIONS: u32 = 10;

/// What both sides are given.
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
    base: String,
    process: Process,
    /// Held for its end: the files the server was started in.
    _files: Workdir,
}

impl Side {
    pub(crate) fn new(name: &'static str, base: String, process: Process, files: Workdir) -> Self {
        Self { name, base, process, _files: files }
    }

    /// Starts the hand-written handlers: this program again, as a process of its own.
    pub(crate) fn raw(services: &Services) -> Self {
        let files = Workdir::new();
        let port = ports::free();
        let mut command = Command::new(std::env::current_exe().expect("a program knows its own path"));
        command.arg("raw").args(["--port", &port.to_string()]).args([
            "--workers",
            &services.workers.to_string(),
            "--database-connections",
            &DATABASE_CONNECTIONS.to_string(),
            "--database",
            &services.postgres,
            "--redis",
            &services.redis,
        ]);
        let process = Process::start("raw", &mut command, files.path());
        process.wait_for_line("listening", START);
        Self::new("hand-written", format!("http://127.0.0.1:{port}"), process, files)
    }

    /// How the table calls it.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The processor time its process has used so far, threads that have ended included.
    ///
    /// # Panics
    /// When it has ended.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.pid()));
        let stat = stat.unwrap_or_else(|error| panic!("{} has ended: {error}", self.name));
        // The program's name stands in parentheses and may itself contain any character; `utime` and `stime` are the
        // twelfth and thirteenth field behind it.
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second())
    }
}
