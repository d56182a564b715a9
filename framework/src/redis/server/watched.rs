//! A master, a replica and three Sentinels that watch them.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{FromRedisValue, cmd};
use tokio::runtime::Handle;

use super::{RedisServer, end};
use crate::config::DatastoreConfig;
use crate::redis::Redis;

const PATIENCE: Duration = Duration::from_secs(5);
/// The name the Sentinels have for it.
pub(crate) const MASTER: &str = "main";

pub(crate) struct Watched {
    pub(crate) master: RedisServer,
    replica: RedisServer,
    pub(crate) sentinels: Vec<Sentinel>,
}

/// One process.
pub(crate) struct Sentinel {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Watched {
    /// Returns when the replica has everything and each Sentinel knows of it and of the others. They take a server that is
    /// silent for half a second for dead.
    pub(crate) async fn start(master: RedisServer, replica: RedisServer) -> Self {
        let mut follow = cmd("REPLICAOF");
        follow.arg("127.0.0.1").arg(master.port());
        ask::<()>(&replica.datastore(), &follow).await;
        until(async || info(&replica).await.contains("master_link_status:up")).await;
        let sentinels = (0..3).map(|_| Sentinel::start(&master)).collect();
        let watched = Self { master, replica, sentinels };
        until(async || {
            for sentinel in &watched.sentinels {
                let mut about = cmd("SENTINEL");
                about.arg("MASTER").arg(MASTER);
                let known: HashMap<String, String> = ask(&watched.at(sentinel), &about).await;
                let says = |key: &str, value: &str| known.get(key).is_some_and(|known| known == value);
                if !(says("num-slaves", "1") && says("num-other-sentinels", "2")) {
                    return false;
                }
            }
            true
        })
        .await;
        watched
    }

    /// What an app is told.
    pub(crate) fn datastore(&self) -> DatastoreConfig {
        let scheme = self.master.kind.scheme;
        let sentinels = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port));
        let mut config = self.replica.datastore();
        config.url = format!("{scheme}://{}/0", sentinels.collect::<Vec<_>>().join(","));
        config.master = Some(MASTER.to_owned());
        config
    }

    fn at(&self, sentinel: &Sentinel) -> DatastoreConfig {
        let mut config = self.master.datastore();
        config.url = format!("{}://127.0.0.1:{}", self.master.kind.scheme, sentinel.port);
        config
    }
}

impl Sentinel {
    fn start(master: &RedisServer) -> Self {
        let folder = tempfile::Builder::new().prefix("regatta-sentinel-").tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut lines = vec!["bind 127.0.0.1".to_owned(), format!("dir {}", folder.path().display())];
        if master.kind.scheme == "rediss" {
            let file = |option: &str, name: &str| format!("{option} {}", master.folder.join(name).display());
            lines.extend([format!("port 0\ntls-port {port}"), "tls-replication yes".to_owned()]);
            lines.extend(["tls-auth-clients no".to_owned(), file("tls-cert-file", "server.pem")]);
            lines.extend([file("tls-key-file", "server.key"), file("tls-ca-cert-file", "ca.pem")]);
        } else {
            lines.push(format!("port {port}"));
        }
        lines.push(format!("sentinel monitor {MASTER} 127.0.0.1 {} 2", master.port()));
        lines.push(format!("sentinel down-after-milliseconds {MASTER} 500"));
        lines.push(format!("sentinel failover-timeout {MASTER} 2000"));
        let config = folder.path().join("sentinel.conf");
        fs::write(&config, lines.join("\n") + "\n").unwrap();
        let mut command = Command::new("redis-server");
        command
            .arg(config)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), port, _folder: folder }
    }

    /// Stops it without closing a connection.
    pub(crate) fn freeze(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

async fn info(server: &RedisServer) -> String {
    ask(&server.datastore(), cmd("INFO").arg("replication")).await
}

async fn ask<T: FromRedisValue + Send + Sync>(config: &DatastoreConfig, question: &redis::Cmd) -> T {
    let started = Instant::now();
    let redis = Redis::open(config, &Handle::current()).unwrap();
    loop {
        match redis.query(question, PATIENCE).await {
            Ok(answer) => return answer,
            Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until<F: AsyncFnMut() -> bool>(mut holds: F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(20), "they did not find each other");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
