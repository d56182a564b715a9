//! What holds while Sentinels give the master's place to a replica.

use std::time::{Duration, Instant};

use redis::cmd;
use tokio::runtime::Handle;

use super::super::{Redis, RedisError, RedisServer, Watched};
use super::{DEADLINE, eventually, ping};

async fn plain() -> Watched {
    Watched::start(RedisServer::start().unwrap(), RedisServer::start().unwrap()).await
}

fn open(watched: &Watched) -> Redis {
    Redis::open(&watched.datastore(), &Handle::current()).unwrap()
}

async fn set(redis: &Redis, key: &str) -> Result<(), RedisError> {
    redis.query(cmd("SET").arg(key).arg(1), DEADLINE).await
}

/// Everything finds the new master, and what the replica had is still there.
async fn comes_back_after_a_failover(mut watched: Watched) {
    let redis = open(&watched);
    set(&redis, "before").await.unwrap();
    assert_eq!(redis.query::<i64>(cmd("WAIT").arg(1).arg(5000), Duration::from_secs(6)).await.unwrap(), 1);
    drop(redis.dedicated().await.unwrap());
    watched.master.kill();
    let killed = Instant::now();
    eventually(async || set(&redis, "after").await.is_ok()).await;
    let mut lent = redis.dedicated().await.unwrap();
    assert_eq!(cmd("GET").arg("before").query_async::<i64>(&mut *lent).await.unwrap(), 1);
    redis.listen(&[], &["news".to_owned()]).await.unwrap();
    assert!(!redis.check().run().await.is_error());

    // The old master comes back, and is told what it is now.
    watched.master.restart().unwrap();
    assert!(killed.elapsed() < Duration::from_secs(10));
    set(&redis, "later").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_followed() {
    comes_back_after_a_failover(plain().await).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_followed_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let server = || RedisServer::start_encrypted(&certificates).unwrap();
    comes_back_after_a_failover(Watched::start(server(), server()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_hangs_is_left() {
    let watched = plain().await;
    let redis = open(&watched);
    ping(&redis).await.unwrap();
    watched.master.freeze().unwrap();
    eventually(async || set(&redis, "after").await.is_ok()).await;
    watched.master.thaw().unwrap();
    set(&redis, "later").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sentinels_of_three_are_enough() {
    let mut watched = plain().await;
    watched.sentinels[0].freeze();
    let started = Instant::now();
    ping(&open(&watched)).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(450), "nobody waits for the one that hangs");
    drop(watched.sentinels.remove(1));
    watched.sentinels.remove(0);
    assert_eq!(watched.sentinels.len(), 1);
    ping(&open(&watched)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said() {
    let watched = plain().await;
    let mut config = watched.datastore();
    config.master = Some("other".to_owned());
    let said = ping(&Redis::open(&config, &Handle::current()).unwrap()).await.unwrap_err().to_string();
    assert!(said.contains("none of 3 Sentinels knows the master (no `other` is watched there"), "{said}");

    let mut config = watched.datastore();
    config.url = "redis://127.0.0.1:1,127.0.0.1:2".to_owned();
    let said = ping(&Redis::open(&config, &Handle::current()).unwrap()).await.unwrap_err().to_string();
    assert!(said.contains("none of 2 Sentinels knows the master (Connection refused"), "{said}");

    config.master = None;
    let said = Redis::open(&config, &Handle::current()).unwrap_err().to_string();
    assert!(said.contains("names several hosts") && said.contains("set `master`"), "{said}");
}
