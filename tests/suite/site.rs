//! A crowd at a cluster behind one of the proxies that `deploy` makes files for.

use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::full_size;
use regatta_tests::haproxy::Haproxy;
use regatta_tests::http::Http;
use regatta_tests::load::{Crowd, Load, Seen};
use regatta_tests::nginx::Nginx;
use regatta_tests::wait;
use serde_json::json;

use crate::deploy::made;
use crate::parent::said;

/// How long the last socket may take to be back.
pub(crate) const BACK: Duration = Duration::from_secs(30);

/// The clients of most of these tests.
pub(crate) fn crowd() -> Crowd {
    let sockets = if full_size() { 1_000 } else { 100 };
    Crowd { getters: 6, posters: 4, idlers: 10, sockets }
}

/// A proxy with the file the command makes.
pub(crate) enum Front {
    Nginx(Nginx),
    Haproxy(Haproxy),
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
}

impl Front {
    pub(crate) fn new(kind: Kind, cluster: &Cluster) -> Self {
        let ports = cluster.ports();
        let range = format!("{}-{}", ports[0], ports[ports.len() - 1]);
        match kind {
            Kind::Nginx => {
                Self::Nginx(Nginx::new(&made(cluster.files(), &["nginx", "--ports", &range]), &ports))
            }
            Kind::Haproxy => {
                Self::Haproxy(Haproxy::new(&made(cluster.files(), &["haproxy", "--ports", &range]), &ports))
            }
        }
    }

    pub(crate) fn base(&self) -> String {
        match self {
            Self::Nginx(nginx) => nginx.base(),
            Self::Haproxy(haproxy) => haproxy.base(),
        }
    }
}

/// A crowd behind a proxy, at work.
pub(crate) struct Site {
    pub(crate) load: Load,
    pub(crate) front: Front,
    pub(crate) name: String,
}

impl Site {
    pub(crate) fn new(kind: Kind, cluster: &Cluster) -> Self {
        let front = Front::new(kind, cluster);
        let base = front.base();
        let http = Http::new(&base);
        assert_eq!(http.post_json("/name", &json!({"name": "Load"})).status, 200);
        let load = Load::start(&base, &http.cookie(), crowd());
        wait::until_true("the crowd is there", BACK, || load.sockets().open == crowd().sockets);
        let doors = if cluster.ports().len() == 1 { "one socket" } else { "a port each" };
        Self { load, front, name: format!("{kind:?}, {doors}") }
    }

    /// Lets all sockets come back.
    #[track_caller]
    pub(crate) fn all_back(&self, since: Instant) -> Duration {
        wait::until_true("every socket is back", BACK, || self.load.sockets().open == crowd().sockets);
        let back = self.load.sockets().back;
        back.iter().max().map_or(Duration::ZERO, |last| last.saturating_duration_since(since))
    }

    pub(crate) fn end(self, what: &str) -> (Seen, Vec<String>) {
        let seen = self.load.end();
        println!("figures: {}: {what}: {}", self.name, seen.figures());
        for failed in seen.failed_gets.iter().chain(&seen.failed_posts).take(10) {
            println!("failed: {failed}");
        }
        (seen, said(&self.front.base()))
    }
}

/// What was acknowledged has happened once; what was not may have, but not twice.
#[track_caller]
pub(crate) fn nothing_is_lost_or_done_twice(seen: &Seen, said: &[String]) {
    let mut once = said.to_vec();
    once.dedup();
    assert_eq!(once.len(), said.len(), "something happened twice");
    let missing: Vec<_> = seen.said.iter().filter(|body| !said.contains(body)).collect();
    assert!(missing.is_empty(), "acknowledged and not there: {missing:?}");
}

/// Whether every client that failed was told to try again.
pub(crate) fn told(failed: &[String]) -> bool {
    failed.iter().all(|why| why.ends_with("Ok(503)"))
}
