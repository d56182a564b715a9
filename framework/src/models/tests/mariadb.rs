//! The same on MariaDB.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::Model;
use super::postgres::{is_root, run};
use super::{Person, behaviour, migrations, once, open, open_with, person};

/// A server of the test's own, ended with it. It is in another time zone than the apps.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    /// What its addresses end with.
    query: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("regatta-mariadb-").tempdir().unwrap();
        Self::start_in(folder, String::new())
    }

    /// One that can encrypt, and whose addresses ask for it and for its certificate to be checked.
    #[cfg(feature = "tls")]
    fn start_encrypted(certificates: &crate::tls::tests::Certificates) -> Self {
        let folder = tempfile::Builder::new().prefix("regatta-mariadb-").tempdir().unwrap();
        certificates.copy_to(folder.path());
        if is_root() {
            run(Command::new("chown").arg("mysql").arg(folder.path().join("server.key")));
        }
        let query = format!("?ssl-mode=VERIFY_IDENTITY&ssl-ca={}", certificates.ca().display());
        Self::start_in(folder, query)
    }

    fn start_in(folder: tempfile::TempDir, query: String) -> Self {
        let data = format!("--datadir={}", folder.path().join("data").display());
        if is_root() {
            run(Command::new("chown").arg("mysql").arg(folder.path()));
        }
        let mut install = program("mariadb-install-db");
        install.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
        install.arg(data).arg(temporary(&folder)).stdout(Stdio::null()).stderr(Stdio::null());
        run(&mut install);
        let accounts = "CREATE USER IF NOT EXISTS regatta@'%';\nGRANT ALL ON *.* TO regatta@'%';\n\
                        CREATE DATABASE IF NOT EXISTS one;\nCREATE DATABASE IF NOT EXISTS two;\n";
        std::fs::write(folder.path().join("accounts.sql"), accounts).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Self::spawn(&folder, port);
        let server = Self { child, port, folder, query };
        server.wait();
        server
    }

    fn spawn(folder: &tempfile::TempDir, port: u16) -> Child {
        let path = |option: &str, name: &str| format!("--{option}={}", folder.path().join(name).display());
        let mut command = program("mariadbd");
        command.arg("--no-defaults").arg(path("datadir", "data")).arg(path("socket", "socket"));
        command.arg(path("pid-file", "pid")).arg(path("init-file", "accounts.sql"));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", &format!("--port={port}")]);
        command.arg(temporary(folder));
        if folder.path().join("server.key").exists() {
            command.arg(path("ssl-cert", "server.pem")).arg(path("ssl-key", "server.key"));
            command.arg("--require-secure-transport=ON");
        }
        // Nothing has to survive the machine.
        command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-log-bin"]);
        command.arg("--default-time-zone=+09:00");
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Until it takes connections: it opens its port before.
    fn wait(&self) {
        let start = Instant::now();
        let answers = || {
            use std::io::Read as _;
            let mut greeting = [0; 5];
            std::net::TcpStream::connect(("127.0.0.1", self.port))
                .and_then(|mut stream| {
                    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
                    stream.read_exact(&mut greeting)
                })
                .is_ok()
        };
        while !answers() {
            assert!(start.elapsed() < Duration::from_secs(30), "MariaDB did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ = self.child.wait();
    }

    fn start_again(&mut self) {
        self.child = Self::spawn(&self.folder, self.port);
        self.wait();
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("mysql://regatta@127.0.0.1:{}/{database}{}", self.port, self.query)
    }
}

/// In a folder they share, a server that starts takes away what others have there.
fn temporary(folder: &tempfile::TempDir) -> String {
    format!("--tmpdir={}", folder.path().display())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program of MariaDB; as root it runs as the user `mysql`.
fn program(name: &str) -> Command {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/bin"].map(|folder| Path::new(folder).join(name));
    let path = places.into_iter().find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("no {name}: install MariaDB (apt-get install mariadb-server)"));
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=mysql", "--regid=mysql", "--clear-groups", "--pdeathsig=TERM"]).arg(path);
    command.current_dir("/");
    command
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn holds_on_mariadb_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let mut server = Server::start_encrypted(&certificates);
    let (db, recorder) = open(&server.url("two"), Path::new("/"));
    db.migrate().await.unwrap();
    behaviour::everything(&db, &recorder).await;
    comes_back_with_the_server(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_on_mariadb() {
    let mut server = Server::start();
    let url = server.url("one");
    migrations::everything(&|models| open_with(&url, Path::new("/"), models).0).await;
    let (db, recorder) = open(&server.url("two"), Path::new("/"));
    db.migrate().await.unwrap();
    behaviour::everything(&db, &recorder).await;
    super::contention::everything(&db, &server.url("two"), Path::new("/")).await;
    once::everything(&|| open(&server.url("two"), Path::new("/")).0).await;
    super::killed::everything(&db, &server.url("two")).await;
    comes_back_with_the_server(&mut server).await;
}

async fn comes_back_with_the_server(server: &mut Server) {
    let (db, _) = open(&server.url("two"), Path::new("/"));
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
