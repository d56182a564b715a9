//! The same on PostgreSQL, and what only a server can do: be away.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::super::Model;
use super::{Person, behaviour, migrations, once, open, open_with, person};

/// A server of the test's own, ended with it.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    /// What its addresses end with.
    query: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("regatta-pg-").tempdir().unwrap();
        Self::start_in(folder, String::new())
    }

    /// One that can encrypt, and whose addresses ask for it and for its certificate to be checked.
    #[cfg(feature = "tls")]
    pub(crate) fn start_encrypted(certificates: &crate::tls::tests::Certificates) -> Self {
        let folder = tempfile::Builder::new().prefix("regatta-pg-").tempdir().unwrap();
        certificates.copy_to(folder.path());
        if is_root() {
            // A key is used only when nobody else can read it.
            run(Command::new("chown").arg("postgres").arg(folder.path().join("server.key")));
        }
        let query = format!("?sslmode=verify-full&sslrootcert={}", certificates.ca().display());
        Self::start_in(folder, query)
    }

    fn start_in(folder: tempfile::TempDir, query: String) -> Self {
        let data = folder.path().join("data");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let initdb = ["-U", "regatta", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"];
        run(program("initdb").args(initdb).arg(&data).stdout(Stdio::null()));
        let child = Self::spawn(&folder, port);
        let server = Self { child, port, folder, query };
        server.wait();
        server
    }

    fn spawn(folder: &tempfile::TempDir, port: u16) -> Child {
        let mut command = program("postgres");
        command.arg("-D").arg(folder.path().join("data")).arg("-k").arg(folder.path());
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        if folder.path().join("server.key").exists() {
            let file = |option: &str, name: &str| format!("{option}={}", folder.path().join(name).display());
            command.args(["-c", "ssl=on", "-c", &file("ssl_cert_file", "server.pem")]);
            command.args(["-c", &file("ssl_key_file", "server.key"), "-c", &file("ssl_ca_file", "ca.pem")]);
        }
        // The apps are in another one.
        command.args(["-c", "timezone=Asia/Tokyo"]);
        command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    }

    fn wait(&self) {
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "PostgreSQL did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        let pid = Pid::from_child(&self.child);
        // A fast shutdown: it disconnects its clients.
        let _ = kill_process(pid, Signal::INT);
        let _ = self.child.wait();
    }

    fn start_again(&mut self) {
        self.child = Self::spawn(&self.folder, self.port);
        self.wait();
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://regatta@127.0.0.1:{}/{database}{}", self.port, self.query)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program of the newest installed PostgreSQL; as root it runs as the user `postgres`.
fn program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|dir| dir.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    let path =
        found.pop().unwrap_or_else(|| panic!("no {name}: install PostgreSQL (apt-get install postgresql)"));
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT"]).arg(path);
    command.current_dir("/");
    command
}

pub(super) fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?} failed");
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn holds_on_postgres_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let mut server = Server::start_encrypted(&certificates);
    let (db, recorder) = open(&server.url("template1"), Path::new("/"));
    db.migrate().await.unwrap();
    behaviour::everything(&db, &recorder).await;
    once::everything(&|| open(&server.url("template1"), Path::new("/")).0).await;
    super::statements::everything(&db).await;
    super::killed::everything(&db, &server.url("template1")).await;
    comes_back_with_the_server(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_on_postgres() {
    let mut server = Server::start();
    let url = server.url("postgres");
    migrations::everything(&|models| open_with(&url, Path::new("/"), models).0).await;
    let (db, recorder) = open(&server.url("template1"), Path::new("/"));
    db.migrate().await.unwrap();
    behaviour::everything(&db, &recorder).await;
    super::contention::everything(&db, &server.url("template1"), Path::new("/")).await;
    once::everything(&|| open(&server.url("template1"), Path::new("/")).0).await;
    super::statements::everything(&db).await;
    super::killed::everything(&db, &server.url("template1")).await;
    comes_back_with_the_server(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versioned_files_hold_on_postgres() {
    let server = Server::start();
    let fresh = |name: &str| {
        run(program("createdb").args([
            "-h",
            "127.0.0.1",
            "-U",
            "regatta",
            "-p",
            &server.port.to_string(),
            name,
        ]));
        server.url(name)
    };
    crate::models::migrate::tests::everything(&fresh).await;
}

async fn comes_back_with_the_server(server: &mut Server) {
    let (db, _) = open(&server.url("template1"), Path::new("/"));
    person(&db, "before").await;
    server.stop();
    let start = Instant::now();
    let error = Person::find().all(&db).await.unwrap_err();
    assert_eq!(error.status(), 503, "{error}");
    let error = Person::find().all(&db).await.unwrap_err();
    assert_eq!(error.status(), 503, "{error}");
    assert!(start.elapsed() < Duration::from_secs(6), "each answer comes within acquire_timeout");
    assert!(db.checks()[0].run().await.is_error());
    server.start_again();
    let start = Instant::now();
    while Person::find().filter(Person::NAME.eq("before")).count(&db).await.unwrap_or(0) != 1 {
        assert!(start.elapsed() < Duration::from_secs(10), "it recovers without a restart");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!db.checks()[0].run().await.is_error());
}
