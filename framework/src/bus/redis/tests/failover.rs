//! What is published while Sentinels give the master's place to a replica.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::super::super::conformance::{Instance, event, numbered};
use super::super::super::{self as bus, Message};
use super::{heard, interests};
use crate::config::SocketsConfig;
use crate::redis::{Redis, RedisServer, Watched};

fn instance(watched: &Watched) -> Instance {
    let (deliver, incoming) = mpsc::channel(10_000);
    let redis = Redis::open(&watched.datastore(), &Handle::current()).unwrap();
    Instance { bus: bus::redis(&redis, &SocketsConfig::default(), &interests(), deliver).unwrap(), incoming }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_arrives_once_and_in_order() {
    let (master, replica) = (RedisServer::start().unwrap(), RedisServer::start().unwrap());
    let mut watched = Watched::start(master, replica).await;
    // Whoever publishes before it subscribes itself, and then says something to itself only, waits for the other one too.
    let mut b = instance(&watched);
    b.bus.subscribed().await;
    let a = instance(&watched);
    heard(&a, &mut b).await;
    a.bus.subscribed().await;
    assert!(!a.bus.check().unwrap().run().await.is_error());
    a.bus.flushed().await;
    while let Ok(message) = b.incoming.try_recv() {
        assert_eq!(message, event(r#"["probe"]"#));
    }

    watched.master.kill();
    let killed = Instant::now();
    for n in 0..300 {
        a.bus.publish(numbered(n));
    }
    for n in 0..300 {
        let mut next = b.next().await;
        while matches!(next, Message::Missed { .. }) || next == event(r#"["probe"]"#) {
            next = b.next().await;
        }
        assert_eq!(next, numbered(n));
    }
    assert!(killed.elapsed() < Duration::from_secs(10));
    heard(&a, &mut b).await;
}
