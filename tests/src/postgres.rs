//! A private PostgreSQL server.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::ports;
use crate::process::{self, Process, Signal};
use crate::wait::{SOON, START};

/// A PostgreSQL server of its own data folder on a free port, trusting local connections and not waiting for the disk.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    /// How many connections it takes.
    room: u32,
    server: Option<Process>,
    folder: TempDir,
}

impl Postgres {
    /// Makes a data folder (about a second) and starts a server on it; as root both run as the user `postgres`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    #[expect(clippy::new_without_default, reason = "it starts a program")]
    pub fn new() -> Self {
        Self::with_room(100)
    }

    /// The same with so many connections at most, those for administrators included.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub fn with_room(room: u32) -> Self {
        // Not below the target folder: the user `postgres` may be barred from a folder above it.
        let folder = TempDir::with_prefix("regatta-postgres-").expect("a folder for PostgreSQL");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a readable folder");
        let mut postgres = Self { port: ports::free(), room, server: None, folder };
        let data = postgres.data();
        fs::create_dir(&data).expect("a data folder");
        if let Some((uid, gid)) = account_of_root() {
            chown(&data, Some(uid), Some(gid)).expect("the data folder given to postgres");
        }
        let made = postgres
            .program("initdb")
            .args(["--no-sync", "--auth=trust", "--username=regatta", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        postgres.start();
        postgres
    }

    /// Starts the server, or starts it again on the same port with what it has kept.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&mut self) {
        let data = self.data();
        let mut command = self.program("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(&data).args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "shared_buffers=32MB",
            &format!("max_connections={}", self.room),
        ] {
            command.args(["-c", setting]);
        }
        let mut server = Process::start("postgres", &mut command, self.folder.path());
        // SIGTERM would wait for the clients to leave.
        server.stop_with(Signal::INT);
        server.wait_for_line("database system is ready to accept connections", START);
        self.server = Some(server);
    }

    /// Ends it and all its connections at once; its port then refuses connections until [`Postgres::start`].
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Ends it as a crash does: it has to recover when it is started again.
    pub fn crash(&mut self) {
        // It does not wait for the disk, and would forget what it has promised last.
        self.query("checkpoint");
        if let Some(server) = self.server.take() {
            server.signal(Signal::QUIT);
            server.wait_for_exit(SOON);
        }
    }

    /// Stops it and its connections' processes without closing one, as a hung machine would, until [`Postgres::thaw`].
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    fn signal_all(&self, signal: Signal) {
        let Some(server) = &self.server else { return };
        // First the one that starts the others.
        server.signal(signal);
        for process in fs::read_dir("/proc").expect("the list of processes").flatten() {
            let pid = process.file_name().to_str().and_then(|pid| pid.parse().ok());
            if let Some(pid) = pid.filter(|pid| process::parent_of(*pid) == Some(server.pid())) {
                process::send(pid, signal);
            }
        }
    }

    /// What `psql` prints for a query: a line for each row, `|` between its values.
    ///
    /// # Panics
    /// When the server refuses it.
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        let answer =
            self.program("psql").args(["-At", "-c", sql]).arg(self.url()).output().expect("psql runs");
        assert!(answer.status.success(), "{sql}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8_lossy(&answer.stdout).trim_end().to_owned()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, in the data folder and as the user it belongs to.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(self.data()).env_remove("PGDATA");
        if let Some((uid, gid)) = account_of_root() {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://regatta@127.0.0.1:<port>/postgres`.
    pub fn url(&self) -> String {
        format!("postgres://regatta@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What is stopped could not end.
        self.thaw();
    }
}

/// The newest `bin` folder of Debian's PostgreSQL packages.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists());
    folders.sort_by_key(|folder| version(folder));
    folders.pop().expect("PostgreSQL is missing: apt-get install postgresql")
}

fn version(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.parse().ok()
}

/// The user and group id of the account `postgres`, as which root runs the server.
fn account_of_root() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then(account)
}

fn account() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").expect("the list of accounts");
    let line = accounts.lines().find(|line| line.starts_with("postgres:")).expect("an account `postgres`");
    let ids: Vec<u32> = line.split(':').skip(2).take(2).filter_map(|id| id.parse().ok()).collect();
    (ids[0], ids[1])
}
