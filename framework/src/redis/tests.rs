//! What holds while Redis comes and goes.

#[cfg(feature = "tls")]
mod encrypted;
#[cfg(feature = "redis-sentinel")]
mod sentinel;
#[cfg(not(feature = "redis-sentinel"))]
mod sentinelless;
#[cfg(not(feature = "tls"))]
mod unencrypted;

use std::time::{Duration, Instant};

use redis::{Script, cmd};
use tokio::runtime::Handle;

use super::{Redis, RedisError, RedisServer};
use crate::config::DatastoreConfig;
use crate::health::Finding;

const DEADLINE: Duration = Duration::from_millis(500);

fn open(url: &str) -> Redis {
    Redis::open(&DatastoreConfig::at(url), &Handle::current()).unwrap()
}

async fn eventually<F: AsyncFnMut() -> bool>(mut holds: F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "it did not come true within 10 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn ping(redis: &Redis) -> Result<String, RedisError> {
    redis.query(&cmd("PING"), DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_pipelines_and_scripts_are_answered() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    assert_eq!(ping(&redis).await.unwrap(), "PONG");
    let mut both = redis::pipe();
    both.cmd("SET").arg("a").arg(1).ignore().cmd("INCR").arg("a");
    assert_eq!(redis.query::<(i64,)>(&both, DEADLINE).await.unwrap(), (2,));
    let script = Script::new("return redis.call('INCR', KEYS[1])");
    assert_eq!(redis.query::<i64>(&script.key("a"), DEADLINE).await.unwrap(), 3);
    assert_eq!(redis.query::<i64>(&script.key("a"), DEADLINE).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_refused() {
    let refused = Redis::open(&DatastoreConfig::at("mysql://u:secret@host/x"), &Handle::current());
    let message = refused.unwrap_err().to_string();
    assert!(message.starts_with("`mysql://host/x` is no Redis address"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_fails_at_once() {
    let redis = open("redis://:secret@127.0.0.1:1/");
    let started = Instant::now();
    let error = crate::Error::from(ping(&redis).await.unwrap_err());
    assert!(started.elapsed() < DEADLINE);
    assert_eq!(error.status(), 503);
    assert!(!error.message().contains("secret"), "{error}");
    assert!(redis.check().run().await.is_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_fails_at_once_and_is_found_again() {
    let mut server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    ping(&redis).await.unwrap();
    server.kill();
    eventually(async || matches!(ping(&redis).await, Err(RedisError::Away { .. }))).await;
    let started = Instant::now();
    ping(&redis).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(50));
    assert!(redis.check().run().await.is_error());
    server.restart().unwrap();
    eventually(async || ping(&redis).await.is_ok()).await;
    assert!(matches!(redis.check().run().await, Finding::Good(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_server_costs_one_deadline_and_then_nothing() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    ping(&redis).await.unwrap();
    server.freeze().unwrap();
    let started = Instant::now();
    assert!(matches!(ping(&redis).await, Err(RedisError::Late { .. })));
    assert!(started.elapsed() < DEADLINE + Duration::from_millis(300));
    eventually(async || matches!(ping(&redis).await, Err(RedisError::Away { .. }))).await;
    let started = Instant::now();
    ping(&redis).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(50));
    server.thaw().unwrap();
    eventually(async || ping(&redis).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_a_replica_is_asked_on_a_new_connection() {
    let (primary, server) = (RedisServer::start().unwrap(), RedisServer::start().unwrap());
    let redis = open(&server.url());
    let mut client_id = cmd("CLIENT");
    client_id.arg("ID");
    let before: i64 = redis.query(&client_id, DEADLINE).await.unwrap();
    let mut follow = cmd("REPLICAOF");
    follow.arg("127.0.0.1").arg(primary.port());
    let _: () = redis.query(&follow, DEADLINE).await.unwrap();
    let mut set = cmd("SET");
    set.arg("a").arg(1);
    let error = redis.query::<()>(&set, DEADLINE).await.unwrap_err();
    assert!(matches!(error, RedisError::Refused { .. }), "{error}");
    assert_eq!(crate::Error::from(error).status(), 503);
    // Not for the first write of a connection that is a moment old: each write would be a new one.
    eventually(async || {
        redis.query::<()>(&set, DEADLINE).await.is_err()
            && redis.query::<i64>(&client_id, DEADLINE).await.is_ok_and(|id| id != before)
    })
    .await;
    assert!(redis.check().run().await.is_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_lends_connections_and_never_waits_for_ever() {
    let server = RedisServer::start().unwrap();
    let mut config = DatastoreConfig::at(&server.url());
    config.pool_size = 1;
    config.acquire_timeout = crate::config::Span::millis(100);
    let redis = Redis::open(&config, &Handle::current()).unwrap();
    let mut lent = redis.dedicated().await.unwrap();
    let answer: String = cmd("PING").query_async(&mut *lent).await.unwrap();
    assert_eq!(answer, "PONG");
    assert!(matches!(redis.dedicated().await, Err(RedisError::Pool { .. })));
    drop(lent);
    assert!(redis.dedicated().await.is_ok());
}
