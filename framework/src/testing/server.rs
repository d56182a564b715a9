//! One instance in the test's own process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;

use actix_web::rt::System;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{PATIENCE, TestClient, TestSocket};
use crate::app::{self, App, Stop};
use crate::config::{Config, Environment, Override};
use crate::fleet;
use crate::http::{Door, Instance};
use crate::models::Db;
use crate::sockets::Sockets;

/// A running instance of an app, with a database file of its own unless it is part of a cluster.
///
/// It is a client too: [`TestClient::get`] and the others share the cookies of one browser.
#[derive(Debug)]
pub struct TestApp {
    client: TestClient,
    app: App,
    running: Option<Running>,
    db: Db,
    sockets: Sockets,
    _folder: Option<TempDir>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

struct Started {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    db: Db,
    sockets: Sockets,
}

impl TestApp {
    /// Starts the app in the test environment, with an empty database.
    pub async fn start(app: App) -> Self {
        Self::start_configured(app, Vec::new()).await
    }

    /// The same with some keys set.
    pub(crate) async fn start_configured(app: App, mut overrides: Vec<Override>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        overrides.push(("datastores.default.url", url));
        let mut started = Self::start_with(app, overrides).await;
        started._folder = Some(folder);
        started
    }

    pub(crate) async fn start_with(app: App, overrides: Vec<Override>) -> Self {
        let (report, started) = oneshot::channel();
        let kept = app.clone();
        let thread = std::thread::spawn(move || System::new().block_on(serve(app, overrides, report)));
        let started = tokio::time::timeout(PATIENCE, started).await.expect("the app starts in time");
        let Started { address, stop, db, sockets } = started.expect("the app starts: its error is above");
        Self {
            client: TestClient::new(address),
            app: kept,
            running: Some(Running { stop, thread }),
            db,
            sockets,
            _folder: None,
        }
    }

    /// The address the app listens on.
    pub fn address(&self) -> SocketAddr {
        self.client.address()
    }

    /// The app's database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Runs the app's seed called `name`, whether it ran before or not.
    pub async fn seed(&self, name: &str) {
        if let Err(error) = self.app.run_seed(name, &self.db).await {
            panic!("the seed `{name}` failed: {error:?}");
        }
    }

    /// The app's sockets, from the server's side.
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// Another browser, without cookies.
    pub fn client(&self) -> TestClient {
        TestClient::new(self.address())
    }

    /// A socket with the cookies this client has so far.
    pub async fn socket(&self) -> TestSocket {
        self.client.socket().await
    }

    /// Stops the instance as SIGTERM would, and waits until it is gone.
    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
            let joined = tokio::task::spawn_blocking(move || running.thread.join());
            tokio::time::timeout(PATIENCE, joined)
                .await
                .expect("the app stops in time")
                .expect("a thread")
                .ok();
        }
    }
}

impl std::ops::Deref for TestApp {
    type Target = TestClient;

    fn deref(&self) -> &TestClient {
        &self.client
    }
}

async fn serve(app: App, overrides: Vec<Override>, report: oneshot::Sender<Started>) {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let config = Config::load_with(&root, Environment::Test, &overrides).expect("a configuration");
    let listener = fleet::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let instance = Instance::new().expect("an instance id");
    let running =
        app::start(&app, config, &instance, vec![Door::Tcp(listener)]).await.expect("the app starts");
    let (stop, stopped) = oneshot::channel();
    let handle: Stop = running.handle();
    let _ = report.send(Started { address, stop, db: running.db(), sockets: running.sockets() });
    actix_web::rt::spawn(async move {
        // A dropped test stops the app too.
        let _ = stopped.await;
        handle.gracefully(false).await;
    });
    running.serve().await.expect("the app serves");
}
