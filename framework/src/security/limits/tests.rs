//! The counting itself, on both stores.

use std::time::Duration;

use tokio::runtime::Handle;

use super::memory::Table;
use super::{Limits, Standing};
use crate::config::SecurityConfig;
use crate::redis::{Redis, RedisServer};

const SECOND: u64 = 1_000_000;

#[test]
fn a_burst_then_one_for_each_interval() {
    let table = Table::new(10);
    let ask = |now| table.count_at(now, "a", SECOND, 3 * SECOND);
    let remaining: Vec<u64> = (0..3).map(|_| ask(0).remaining).collect();
    assert_eq!(remaining, [2, 1, 0]);
    assert_eq!(ask(0).wait, Some(Duration::from_secs(1)));
    assert_eq!(ask(SECOND / 2).wait, Some(Duration::from_millis(500)), "a refused request costs nothing");
    assert_eq!(ask(SECOND), Standing { wait: None, remaining: 0, full_after: Duration::from_secs(3) });
    assert_eq!(ask(100 * SECOND).remaining, 2);
}

#[test]
fn the_table_has_a_bound_and_keeps_who_asked_most() {
    let table = Table::new(100);
    for _ in 0..50 {
        table.count_at(0, "loud", SECOND, 60 * SECOND);
    }
    for n in 0..10_000 {
        table.count_at(0, &n.to_string(), SECOND, 60 * SECOND);
        assert!(table.len() <= 100);
    }
    assert_eq!(table.count_at(0, "loud", SECOND, 60 * SECOND).remaining, 9);
    table.count_at(1_000 * SECOND, "later", SECOND, SECOND);
    assert!(table.len() <= 100);
}

#[tokio::test]
async fn both_stores_count_alike() {
    counts_like_the_table(&RedisServer::start().unwrap()).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn both_stores_count_alike_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    counts_like_the_table(&RedisServer::start_encrypted(&certificates).unwrap()).await;
}

async fn counts_like_the_table(server: &RedisServer) {
    let redis = Redis::open(&server.datastore(), &Handle::current()).unwrap();
    let config = SecurityConfig::default();
    for limits in [Limits::new(None, &config), Limits::new(Some(&redis), &config)] {
        let mut seen = Vec::new();
        for _ in 0..5 {
            let standing = limits.count("a", 10 * SECOND, 30 * SECOND).await.unwrap();
            seen.push((standing.wait.is_none(), standing.remaining));
        }
        assert_eq!(seen, [(true, 2), (true, 1), (true, 0), (false, 0), (false, 0)], "{limits:?}");
        let waits = limits.count("a", 10 * SECOND, 30 * SECOND).await.unwrap().wait.unwrap();
        assert!(waits > Duration::from_secs(8) && waits <= Duration::from_secs(10), "{waits:?}");
        assert_eq!(limits.count("b", 10 * SECOND, 30 * SECOND).await.unwrap().remaining, 2);
    }
    let ttl: i64 =
        redis.query(redis::cmd("PTTL").arg("regatta:rate:a"), Duration::from_secs(1)).await.unwrap();
    assert!((20_000..=30_000).contains(&ttl), "a count ends by itself: {ttl} ms");
}

#[tokio::test]
async fn requests_at_the_same_time_are_never_let_through_twice() {
    let server = RedisServer::start().unwrap();
    let open = || Redis::open(&server.datastore(), &Handle::current()).unwrap();
    let config = SecurityConfig::default();
    let instances = [open(), open(), open()].map(|redis| Limits::new(Some(&redis), &config));
    let asked = (0..300).map(|n| instances[n % 3].count("a", 60 * SECOND, 600 * SECOND));
    let passed = futures_util::future::join_all(asked).await;
    assert_eq!(passed.iter().filter(|standing| standing.as_ref().unwrap().wait.is_none()).count(), 10);
}
