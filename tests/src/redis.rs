//! A private redis-server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::process::Process;
use crate::wait::{SOON, START};
use crate::workdir::Workdir;
use crate::{ports, process};

/// A redis-server without persistence on a free port.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    server: Option<Process>,
    folder: Workdir,
}

impl Redis {
    /// Starts one and waits until it accepts connections.
    #[expect(clippy::new_without_default, reason = "it starts a program")]
    pub fn new() -> Self {
        let mut redis = Self { port: ports::free(), server: None, folder: Workdir::new() };
        redis.start();
        redis
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often `command`, in lower case, was called.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn calls(&self, command: &str) -> u64 {
        let answer = self.command("INFO commandstats");
        let start = format!("cmdstat_{command}:calls=");
        let line = answer.lines().find_map(|line| line.strip_prefix(&start));
        line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
    }

    /// Sends it a command of words without spaces in them, and gives the answer as it came.
    ///
    /// # Panics
    /// When the server does not answer.
    #[track_caller]
    pub fn command(&self, words: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection to Redis");
        stream.write_all(format!("{words}\r\nQUIT\r\n").as_bytes()).expect("a command");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Starts it again on the same port, empty.
    pub fn start(&mut self) {
        let server = Process::start(
            "redis",
            Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"])
                .args(["--port", &self.port.to_string()])
                .arg("--dir")
                .arg(self.folder.path()),
            self.folder.path(),
        );
        server.wait_for_line("Ready to accept connections", START);
        self.server = Some(server);
    }

    /// Ends it as a crash does; its port then refuses connections until [`Redis::start`].
    pub fn crash(&mut self) {
        if let Some(server) = self.server.take() {
            server.signal(process::Signal::KILL);
            server.wait_for_exit(SOON);
        }
    }

    /// Stops it without closing a connection, as a hung machine would, until [`Redis::thaw`].
    pub fn freeze(&self) {
        self.signal(process::Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(process::Signal::CONT);
    }

    fn signal(&self, signal: process::Signal) {
        if let Some(server) = &self.server {
            server.signal(signal);
        }
    }
}
