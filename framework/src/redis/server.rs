//! A `redis-server` of our own, for tests and for several instances on a developer's machine.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fmt, fs, thread};

#[cfg(all(test, feature = "tls"))]
mod encrypted;
#[cfg(all(test, feature = "redis-sentinel"))]
pub(crate) mod watched;

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
    kind: &'static Kind,
}

/// How a server takes connections.
struct Kind {
    scheme: &'static str,
    /// The options for listening on a port.
    listen: fn(u16) -> Vec<String>,
    answers: fn(u16) -> io::Result<bool>,
}

const PLAIN: Kind =
    Kind { scheme: "redis", listen: |port| vec!["--port".to_owned(), port.to_string()], answers };

impl RedisServer {
    /// Starts `redis-server` from `PATH` and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed, or does not answer within 10 s.
    pub(crate) fn start() -> Result<Self, ServerError> {
        Self::launch(&PLAIN, folder()?)
    }

    fn launch(kind: &'static Kind, folder: PathBuf) -> Result<Self, ServerError> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let mut child = spawn(kind, port, &folder)?;
            match wait(kind, &mut child, port) {
                Ok(()) => return Ok(Self { child, port, folder, kind }),
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

    /// `redis://127.0.0.1:PORT`, or `rediss://…`
    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.kind.scheme, self.port)
    }

    /// What an app is told to reach it.
    #[cfg(test)]
    pub(crate) fn datastore(&self) -> crate::config::DatastoreConfig {
        let mut config = crate::config::DatastoreConfig::at(&self.url());
        config.ca_file = Some(self.folder.join("ca.pem")).filter(|file| file.exists());
        config
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
        self.child = spawn(self.kind, self.port, &self.folder)?;
        wait(self.kind, &mut self.child, self.port).map_err(ServerError::NotStarted)
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

fn spawn(kind: &Kind, port: u16, folder: &PathBuf) -> Result<Child, ServerError> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args((kind.listen)(port))
        .arg("--dir")
        .arg(folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ServerError::NotInstalled,
            _ => ServerError::Io(error),
        })
}

fn wait(kind: &Kind, child: &mut Child, port: u16) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < START_TIMEOUT {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Err(status.to_string()),
            Err(error) => return Err(error.to_string()),
        }
        if (kind.answers)(port).unwrap_or(false) {
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
