//! The suite over a real server, and what holds while the server fails.

#[cfg(feature = "redis-sentinel")]
mod failover;
mod gate;
mod missed;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::cmd;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::super::conformance::{self, Instance, event, numbered};
use super::super::{self as bus, Interests, Message};
use crate::config::{DatastoreConfig, SocketsConfig};
use crate::redis::{Redis, RedisServer};

fn open(server: &RedisServer) -> Redis {
    Redis::open(&server.datastore(), &Handle::current()).unwrap()
}

fn redis_at(url: &str) -> Redis {
    Redis::open(&DatastoreConfig::at(url), &Handle::current()).unwrap()
}

fn interests() -> Interests {
    Interests { names: vec!["/".to_owned()], starts: Vec::new() }
}

fn instance_with(server: &RedisServer, config: &SocketsConfig, room: usize) -> Instance {
    let (deliver, incoming) = mpsc::channel(room);
    Instance { bus: bus::redis(&open(server), config, &interests(), deliver).unwrap(), incoming }
}

fn instance(server: &RedisServer) -> Instance {
    instance_with(server, &SocketsConfig::default(), 10_000)
}

async fn publish(redis: &Redis, channel: &str, payload: &[u8]) -> i64 {
    let mut publish = cmd("PUBLISH");
    publish.arg(channel).arg(payload);
    redis.query(&publish, Duration::from_secs(5)).await.unwrap()
}

/// How often a command was called.
async fn calls(redis: &Redis, command: &str) -> u64 {
    let mut stats = cmd("INFO");
    stats.arg("commandstats");
    let stats: String = redis.query(&stats, Duration::from_secs(5)).await.unwrap();
    let start = format!("cmdstat_{command}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&start));
    line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
}

/// Waits until `to` hears `from`, whatever it heard before.
async fn heard(from: &Instance, to: &mut Instance) {
    let started = Instant::now();
    let probe = event(r#"["probe"]"#);
    while started.elapsed() < Duration::from_secs(10) {
        from.bus.publish(probe.clone());
        match tokio::time::timeout(Duration::from_millis(50), to.incoming.recv()).await {
            // A probe that came too early.
            Ok(Some(Message::Missed { .. })) | Err(_) => {}
            message => {
                assert_eq!(message.unwrap(), Some(probe));
                return;
            }
        }
    }
    panic!("it was not heard within 10 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let server = RedisServer::start().unwrap();
    conformance::run(instance(&server), instance(&server)).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_over_tls() {
    let server = RedisServer::start_encrypted(&crate::tls::tests::Certificates::local()).unwrap();
    conformance::run(instance(&server), instance(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fleets_with_different_keys_do_not_hear_each_other() {
    let server = RedisServer::start().unwrap();
    let config = SocketsConfig { key: "other".to_owned(), ..SocketsConfig::default() };
    let (mut a, b) = (instance(&server), instance_with(&server, &config, 100));
    let c = instance(&server);
    for instance in [&a, &b, &c] {
        instance.bus.subscribed().await;
    }
    b.bus.publish(event(r#"["other"]"#));
    b.bus.flushed().await;
    c.bus.publish(event(r#"["same"]"#));
    assert_eq!(a.next().await, event(r#"["same"]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn node_servers_and_emitters_are_heard_and_strange_messages_passed_over() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server);
    let mut a = instance(&server);
    a.bus.subscribed().await;
    for strange in [&b""[..], b"{", b"\xff\xff", b"{\"uid\":\"abcdef\",\"requestId\":\"x\",\"type\":77}"] {
        publish(&redis, "socket.io#/#", strange).await;
        assert_eq!(
            publish(&redis, "socket.io-request#/#", strange).await,
            1,
            "one subscription, as Node counts"
        );
    }
    let emitted = b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa2ev\x01\xa3nsp\xa1/\x83\xa5rooms\x90\xa5flags\x80\xa6except\x90";
    publish(&redis, "socket.io#/#", emitted).await;
    assert_eq!(a.next().await, event(r#"["ev",1]"#));
    let admin = b"\x93\xa69uA3Zg\x83\xa4type\x02\xa4data\x92\xa3adm\x01\xa3nsp\xa6/admin\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80";
    publish(&redis, "socket.io#/#", admin).await;
    let join = br#"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["r9"]}"#;
    publish(&redis, "socket.io-request#/#", join).await;
    let (rooms, targets) = (vec!["room1".to_owned()], vec!["r9".to_owned()]);
    assert_eq!(a.next().await, Message::Join { namespace: "/".into(), rooms, except: vec![], targets });
    assert_eq!(a.bus.stats().ignored.load(Ordering::Relaxed), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broadcast_is_one_publish() {
    let server = RedisServer::start().unwrap();
    let (a, mut b) = (instance(&server), instance(&server));
    let redis = open(&server);
    // What each is told at its start is published as well.
    while calls(&redis, "publish").await < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for n in 0..100 {
        a.bus.publish(numbered(n));
    }
    for n in 0..100 {
        assert_eq!(b.next().await, numbered(n));
    }
    assert_eq!(calls(&redis, "publish").await, 102);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_redis_is_away_arrives_in_order_afterwards() {
    let mut server = RedisServer::start().unwrap();
    let (a, mut b) = (instance(&server), instance(&server));
    heard(&a, &mut b).await;
    server.kill();
    let started = Instant::now();
    for n in 0..500 {
        a.bus.publish(numbered(n));
    }
    assert!(started.elapsed() < Duration::from_millis(500), "publishing never waits");
    server.restart().unwrap();
    let mut next = b.next().await;
    while next == event(r#"["probe"]"#) {
        next = b.next().await;
    }
    assert_eq!(next, numbered(0));
    for n in 1..500 {
        assert_eq!(b.next().await, numbered(n));
    }
    assert_eq!(a.bus.stats().dropped.load(Ordering::Relaxed), 0);
    assert_eq!(b.bus.stats().reconnects.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_keeps_the_newest_and_counts_the_rest() {
    let mut server = RedisServer::start().unwrap();
    let config = SocketsConfig { outbox: 10, ..SocketsConfig::default() };
    let a = instance_with(&server, &config, 10);
    server.kill();
    for n in 0..100 {
        a.bus.publish(numbered(n));
    }
    assert_eq!(a.bus.stats().dropped.load(Ordering::Relaxed), 90);
    assert_eq!(a.bus.stats().published.load(Ordering::Relaxed), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hung_loses_and_repeats_nothing() {
    let server = RedisServer::start().unwrap();
    let (a, mut b) = (instance(&server), instance(&server));
    heard(&a, &mut b).await;
    a.bus.flushed().await;
    server.freeze().unwrap();
    for n in 0..300 {
        a.bus.publish(numbered(n));
    }
    // Longer than it takes to notice the silence and to try another connection.
    let noticed = async {
        let check = b.bus.check().unwrap();
        while !check.run().await.text().contains("are not heard") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noticed).await.unwrap();
    server.thaw().unwrap();
    let mut next = b.next().await;
    while next == event(r#"["probe"]"#) {
        next = b.next().await;
    }
    for n in 0..300 {
        assert_eq!(next, numbered(n));
        if n < 299 {
            next = b.next().await;
        }
    }
    heard(&a, &mut b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_was_cut_off_subscribes_again() {
    let server = RedisServer::start().unwrap();
    let (a, mut b) = (instance(&server), instance(&server));
    heard(&a, &mut b).await;
    let mut kill = cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("PUBSUB");
    let _: i64 = open(&server).query(&kill, Duration::from_secs(5)).await.unwrap();
    heard(&a, &mut b).await;
    assert_eq!(b.bus.stats().reconnects.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_too_busy_to_take_messages_drops_and_counts_them() {
    let server = RedisServer::start().unwrap();
    let a = instance(&server);
    let mut b = instance_with(&server, &SocketsConfig::default(), 10);
    b.bus.subscribed().await;
    for n in 0..100 {
        a.bus.publish(numbered(n));
    }
    let dropped = async {
        while b.bus.stats().dropped.load(Ordering::Relaxed) < 90 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dropped).await.unwrap();
    for n in 0..10 {
        assert_eq!(b.next().await, numbered(n));
    }
    assert_eq!(b.next().await, Message::Missed { count: Some(90) }, "it is told what it could not take");
    heard(&a, &mut b).await;
}
