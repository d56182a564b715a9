//! A `redis-server` of our own, for tests and for several instances on a developer's machine.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fmt, fs, thread};

use thiserror::Error;

const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Another program may take the free port before Redis does.
const ATTEMPTS: usize = 5;

/// Why no private Redis could be started.
#[derive(Debug, Error)]
pub(crate) enum ServerError {
    /// There is no such program.
    #[error(
        "redis-server is not installed: install it with `apt-get install redis-server` or `brew install redis`"
    )]
    NotInstalled,
    /// It ended or did not answer.
    #[error(
        "redis-server did not start within {START_TIMEOUT:?} ({0}): run `redis-server --port 0` to see why"
    )]
    NotStarted(String),
    /// The folder or process could not be made.
    #[error("redis-server could not be started: {0}; check that {dir} can be written", dir = env::temp_dir().display())]
    Io(#[from] io::Error),
}

/// A Redis that listens on a free port of 127.0.0.1, writes nothing to disk and ends when dropped.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl RedisServer {
    /// Starts `redis-server` from `PATH` and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed, or does not answer within 10 s.
    pub(crate) fn start() -> Result<Self, ServerError> {
        let folder = folder()?;
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let mut child = spawn(port, &folder)?;
            match wait(&mut child, port) {
                Ok(()) => return Ok(Self { child, port, folder }),
                Err(reason) => last = reason,
            }
            end(&mut child);
        }
        let _ = fs::remove_dir_all(&folder);
        Err(ServerError::NotStarted(last))
    }

    /// Its port on 127.0.0.1.
    #[cfg(test)]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a crash would.
    #[cfg(test)]
    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts it again, empty, on the same port.
    ///
    /// # Errors
    /// When the port is taken by now.
    #[cfg(test)]
    pub(crate) fn restart(&mut self) -> Result<(), ServerError> {
        end(&mut self.child);
        self.child = spawn(self.port, &self.folder)?;
        wait(&mut self.child, self.port).map_err(ServerError::NotStarted)
    }

    /// Stops it without closing a connection, as a hung machine would.
    #[cfg(test)]
    pub(crate) fn freeze(&self) -> io::Result<()> {
        self.signal(rustix::process::Signal::STOP)
    }

    /// Lets it go on.
    #[cfg(test)]
    pub(crate) fn thaw(&self) -> io::Result<()> {
        self.signal(rustix::process::Signal::CONT)
    }

    #[cfg(test)]
    fn signal(&self, signal: rustix::process::Signal) -> io::Result<()> {
        Ok(rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)?)
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer").field("port", &self.port).field("pid", &self.pid()).finish()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        end(&mut self.child);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> io::Result<PathBuf> {
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    let folder = env::temp_dir().join(format!("regatta-redis-{:016x}", u64::from_le_bytes(name)));
    fs::create_dir(&folder)?;
    Ok(folder)
}

fn spawn(port: u16, folder: &PathBuf) -> Result<Child, ServerError> {
    let port = port.to_string();
    Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ServerError::NotInstalled,
            _ => ServerError::Io(error),
        })
}

fn wait(child: &mut Child, port: u16) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < START_TIMEOUT {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Err(status.to_string()),
            Err(error) => return Err(error.to_string()),
        }
        if answers(port).unwrap_or(false) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err("it does not answer".to_owned())
}

fn answers(port: u16) -> io::Result<bool> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    connection.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG\r\n")
}

fn end(child: &mut Child) {
    // Both fail only when it is gone already.
    let _ = child.kill();
    let _ = child.wait();
}
