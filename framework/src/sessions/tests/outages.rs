//! What requests get while Redis is down, hangs, or takes no writes; and when it is back.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use futures_util::future::join_all;
use redis::cmd;

use super::cluster::{open, over};
use super::{Browser, Gate, get, instance, post};
use crate::redis::RedisServer;

const OK: u16 = 200;
const AWAY: u16 = 503;

/// What the deadline allows, and a busy machine takes.
const SLOWEST: Duration = Duration::from_millis(800);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    DownAtStart,
    Dies,
    Hangs,
    ReadOnly,
    Full,
}

impl Fault {
    /// The statuses of a read, a write, a read of somebody without a session, and a write that starts one.
    fn statuses(self) -> [u16; 4] {
        match self {
            Self::DownAtStart | Self::Dies | Self::Hangs => [AWAY, AWAY, OK, AWAY],
            Self::ReadOnly | Self::Full => [OK, AWAY, OK, AWAY],
        }
    }
}

async fn set(server: &RedisServer, words: &[&str]) {
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    open(server).query::<()>(&command, Duration::from_secs(5)).await.unwrap();
}

#[expect(clippy::print_stdout, reason = "the table of statuses and times")]
#[tokio::test(flavor = "multi_thread")]
async fn every_outage_is_told_within_the_deadline_and_over_when_redis_is_back() {
    println!("{:12} {:>10} {:>10} {:>10} {:>10} {:>10}", "", "read", "write", "anonymous", "start", "back");
    for fault in [Fault::DownAtStart, Fault::Dies, Fault::Hangs, Fault::ReadOnly, Fault::Full] {
        let mut server = RedisServer::start().unwrap();
        let mut browser = Browser::default();
        browser.send(&instance(over(&server), Gate::closed()).await, post("/write/n/1")).await;
        if fault == Fault::DownAtStart {
            server.kill();
        }
        let app = instance(over(&server), Gate::closed()).await;
        if fault != Fault::DownAtStart {
            assert_eq!(browser.clone().look(&app, get("/read/n")).await.status, StatusCode::OK);
        }
        match fault {
            Fault::DownAtStart => {}
            Fault::Dies => server.kill(),
            Fault::Hangs => server.freeze().unwrap(),
            Fault::ReadOnly => set(&server, &["REPLICAOF", "127.0.0.1", "1"]).await,
            Fault::Full => set(&server, &["CONFIG", "SET", "maxmemory", "1"]).await,
        }
        let mut told = Vec::new();
        let clients = [browser.clone(), browser.clone(), Browser::default(), Browser::default()];
        let requests = [get("/read/n"), post("/write/n/2"), get("/read/n"), post("/write/n/2")];
        for ((client, request), expected) in clients.into_iter().zip(requests).zip(fault.statuses()) {
            let started = Instant::now();
            let answer = client.look(&app, request).await;
            let took = started.elapsed();
            assert_eq!(answer.status.as_u16(), expected, "{fault:?}");
            assert_eq!(answer.retry_after, expected == AWAY, "{fault:?}");
            assert!(answer.set_cookies.is_empty() && took < SLOWEST, "{fault:?}: {took:?}");
            told.push(format!("{expected} {:>3} ms", took.as_millis()));
        }
        match fault {
            Fault::DownAtStart | Fault::Dies => server.restart().unwrap(),
            Fault::Hangs => server.thaw().unwrap(),
            Fault::ReadOnly => set(&server, &["REPLICAOF", "NO", "ONE"]).await,
            Fault::Full => set(&server, &["CONFIG", "SET", "maxmemory", "0"]).await,
        }
        let started = Instant::now();
        while browser.clone().look(&app, post("/write/n/2")).await.status != StatusCode::OK {
            assert!(started.elapsed() < Duration::from_secs(5), "{fault:?}: it did not recover");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        told.push(format!("{:>7} ms", started.elapsed().as_millis()));
        let cells: Vec<_> = told.iter().map(|cell| format!("{cell:>10}")).collect();
        println!("{:12} {}", format!("{fault:?}"), cells.join(" "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_failures_nobody_waits_for_a_store_that_hangs() {
    let server = RedisServer::start().unwrap();
    let app = instance(over(&server), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/n/1")).await;
    server.freeze().unwrap();
    let hung = join_all((0..6).map(|_| browser.clone().look(&app, get("/read/n")))).await;
    assert!(hung.iter().all(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE));
    let started = Instant::now();
    let next = browser.clone().look(&app, get("/read/n")).await;
    assert_eq!((next.status, next.retry_after), (StatusCode::SERVICE_UNAVAILABLE, true));
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    server.thaw().unwrap();
    let started = Instant::now();
    while browser.clone().look(&app, get("/read/n")).await.status != StatusCode::OK {
        assert!(started.elapsed() < Duration::from_secs(5), "it did not recover");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
