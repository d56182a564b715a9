//! An app whose sockets do everything the framework lets them: namespaces, hooks, acknowledgements, rooms elsewhere.
//! Its binary is `harbour`; `start` of the tests runs it as one instance, with Redis when it is given one.

mod draw;

use std::process::{Command, ExitCode};

use crate::http::wait_ready;
use crate::ports;
use crate::process::Process;
use crate::redis::Redis;
use crate::wait::START;
use crate::workdir::Workdir;

/// Runs the app; without arguments it lifts.
pub fn main() -> ExitCode {
    regatta::run(regatta::App::new("harbour").routes(draw::draw))
}

/// One running instance of the app, with two workers.
#[derive(Debug)]
pub struct Harbour {
    base: String,
    process: Process,
    _folder: Workdir,
}

impl Harbour {
    /// Starts an instance of the program at `binary`.
    pub fn start(binary: &str, redis: Option<&Redis>) -> Self {
        let (folder, port) = (Workdir::new(), ports::free());
        let base = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("DATABASE_URL", "sqlite::memory:")
            .env("SESSION_SECRET", "the-harbour-has-nothing-to-hide-at-all-either")
            .env("REGATTA_ROOT", "/nonexistent")
            .env("REGATTA__HTTP__WORKERS", "2")
            .env("REGATTA__SOCKETS__MAX_NAMESPACES", "4")
            .env("PORT", port.to_string())
            .arg("lift");
        if let Some(redis) = redis {
            command.env("REDIS_URL", redis.url()).env("REGATTA__SOCKETS__ADAPTER", "redis");
        }
        let process = Process::start("harbour", &mut command, folder.path());
        process.wait_for_line("listening on", START);
        wait_ready(&base, START);
        Self { base, process, _folder: folder }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }
}
