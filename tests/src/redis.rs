//! A private redis-server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
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

    /// The number in `calls=` of one command in `INFO commandstats`, 0 when it was never called.
    pub fn calls(&self, command: &str) -> u64 {
        let stats = self.info("commandstats");
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
    }

    fn info(&self, section: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection to Redis");
        stream.set_read_timeout(Some(SOON)).expect("a read deadline");
        stream.write_all(format!("INFO {section}\r\n").as_bytes()).expect("Redis reads a command");
        let mut answer = BufReader::new(stream);
        let mut header = String::new();
        answer.read_line(&mut header).expect("Redis answers");
        let length = header.trim().strip_prefix('$').and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or_else(|| panic!("not a bulk string: {header:?}"))];
        answer.read_exact(&mut body).expect("the whole answer");
        String::from_utf8(body).expect("INFO is text")
    }
}
