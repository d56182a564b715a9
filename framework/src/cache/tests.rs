//! What is kept, for how long, and how much of it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::memory::Memory;
use super::redis::{RedisCache, Remote};
use super::{Entry, Key, Known, Lifetime};
use crate::config::CacheConfig;
use crate::redis::{Redis, RedisServer};

fn of(parts: &[&[u8]]) -> Key {
    let mut key = Key::of(*b"the kind");
    parts.iter().for_each(|part| key.add(part));
    key
}

fn key(name: &str) -> Key {
    of(&[name.as_bytes()])
}

fn entry(body: &'static str) -> Arc<Entry> {
    let mut headers = HeaderMap::new();
    headers.append(HeaderName::from_static("x-a"), HeaderValue::from_static("1"));
    headers.append(HeaderName::from_static("x-a"), HeaderValue::from_static("2"));
    Arc::new(Entry::new(headers, Bytes::from_static(body.as_bytes())))
}

fn lifetime(fresh: u64, stale: u64) -> Lifetime {
    Lifetime { fresh: Duration::from_millis(fresh), stale: Duration::from_millis(stale) }
}

#[test]
fn parts_of_a_key_never_run_into_each_other() {
    let parts: [&[&[u8]]; 4] = [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""]];
    let keys: std::collections::HashSet<_> = parts.map(of).into();
    assert_eq!(keys.len(), 4);
}

#[test]
fn an_answer_is_fresh_then_stale_then_gone() {
    let memory = Memory::new(10, 10_000);
    memory.keep(&key("fresh"), entry("1"), lifetime(60_000, 0));
    memory.keep(&key("stale"), entry("2"), lifetime(0, 60_000));
    memory.keep(&key("gone"), entry("3"), lifetime(0, 0));
    memory.refuse(&key("refused"), Duration::from_secs(60));

    assert!(matches!(memory.get(&key("fresh")), Some(Known::Fresh(entry)) if entry.body == "1"));
    assert!(matches!(memory.get(&key("stale")), Some(Known::Stale(entry)) if entry.body == "2"));
    assert!(memory.get(&key("gone")).is_none());
    assert!(matches!(memory.get(&key("refused")), Some(Known::Refused)));
    assert_eq!(memory.size().0, 3, "what has ended was forgotten");
}

#[test]
fn what_was_unused_for_longest_makes_room() {
    let memory = Memory::new(3, 1_000_000);
    for name in ["a", "b", "c"] {
        memory.keep(&key(name), entry("x"), lifetime(60_000, 0));
    }
    memory.get(&key("a"));
    memory.keep(&key("d"), entry("x"), lifetime(60_000, 0));

    assert!(memory.get(&key("b")).is_none());
    assert!(["a", "c", "d"].iter().all(|name| memory.get(&key(name)).is_some()));

    let each = entry("x").bytes() + key("a").as_bytes().len();
    let small = Memory::new(1_000, 2 * each);
    for name in 0..100_u8 {
        small.keep(&of(&[&[name]]), entry("x"), lifetime(60_000, 0));
        let (entries, bytes) = small.size();
        assert!(entries <= 2 && bytes <= 2 * each);
    }
    small.keep(&key("large"), entry("x".repeat(10_000).leak()), lifetime(60_000, 0));
    assert_eq!(small.size(), (0, 0), "what is larger than everything is not kept");
}

#[test]
fn what_is_used_again_and_again_stays_among_many() {
    let memory = Memory::new(16, 1_000_000);
    memory.keep(&key("hot"), entry("x"), lifetime(60_000, 0));
    for name in 0..100_u8 {
        assert!(memory.get(&key("hot")).is_some(), "{name}");
        memory.keep(&of(&[&[name]]), entry("x"), lifetime(60_000, 0));
    }
    assert_eq!(memory.size().0, 16);
    assert!(memory.get(&of(&[&[85]])).is_some() && memory.get(&of(&[&[84]])).is_none());
}

#[test]
fn an_answer_comes_back_from_redis_as_it_was() {
    let kept = entry("line\nline\0");
    let text = kept.encode(lifetime(30_000, 5_000)).unwrap();

    let (same, left) = Entry::decode(&text, 12_000).unwrap();

    assert_eq!((&same.body, &same.tag), (&kept.body, &kept.tag));
    let values: Vec<_> =
        same.headers.iter().filter(|(name, _)| name == "x-a").map(|(_, value)| value).collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(left, lifetime(7_000, 5_000));
    assert_eq!(Entry::decode(&text, 3_000).unwrap().1, lifetime(0, 3_000));
    for broken in [&b""[..], b"-", b"{}\nx", b"{\"headers\":[[\"a b\",\"\"]],\"stale\":1}\nx"] {
        assert!(Entry::decode(broken, 1).is_none());
    }
}

fn shared(server: &RedisServer, change: fn(&mut CacheConfig)) -> (RedisCache, Redis) {
    let redis = Redis::open(&server.datastore(), &Handle::current()).unwrap();
    let mut config = CacheConfig::default();
    change(&mut config);
    (RedisCache::new(redis.clone(), &config), redis)
}

async fn found(cache: &RedisCache, names: &[&str]) -> Vec<bool> {
    let mut found = Vec::new();
    for name in names {
        found.push(matches!(cache.find(&key(name)).await, Some(Remote::Found(..))));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_so_many_answers_and_bytes_and_no_more() {
    bounds_hold_on(&RedisServer::start().unwrap()).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let server = || RedisServer::start_encrypted(&certificates).unwrap();
    bounds_hold_on(&server()).await;
    locks_hold_on(&server()).await;
}

async fn bounds_hold_on(server: &RedisServer) {
    let (few, redis) = shared(server, |config| config.max_entries = 2);
    for (name, fresh) in [("a", 50_000), ("b", 40_000), ("c", 60_000), ("c", 60_000)] {
        few.keep(&key(name), &entry("x"), lifetime(fresh, 0), None).await;
    }
    assert_eq!(found(&few, &["a", "b", "c"]).await, [true, false, true], "what ends first makes room");

    let (small, _) = shared(server, |config| {
        config.prefix = "small:".to_owned();
        config.max_bytes = 240;
    });
    for (name, fresh) in [("a", 50_000), ("b", 40_000), ("c", 60_000), ("d", 70_000)] {
        small.keep(&key(name), &entry("x"), lifetime(fresh, 0), None).await;
    }
    let left = found(&small, &["a", "b", "c", "d"]).await;
    assert_eq!(left, [false, false, true, true]);
    small.keep(&key("large"), &entry("y".repeat(300).leak()), lifetime(90_000, 0), None).await;
    assert_eq!(found(&small, &["a", "b", "c", "d", "large"]).await, [false; 5]);

    // What ended by itself is counted no more.
    few.keep(&key("short"), &entry("x"), lifetime(1, 0), None).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    few.keep(&key("e"), &entry("x"), lifetime(80_000, 0), None).await;
    let count: usize =
        redis.query(::redis::cmd("ZCARD").arg("{regatta:cache}:ends"), Duration::from_secs(1)).await.unwrap();
    let total: usize = redis
        .query(::redis::cmd("HGET").arg("{regatta:cache}:sizes").arg("total"), Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(count, 2);
    assert_eq!(total, 2 * entry("x").encode(lifetime(1, 0)).unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_at_a_time_has_the_lock() {
    locks_hold_on(&RedisServer::start().unwrap()).await;
}

async fn locks_hold_on(server: &RedisServer) {
    let (one, _) = shared(server, |_| {});
    let (other, _) = shared(server, |_| {});

    let Some(Remote::Locked(lock)) = one.find_or_lock(&key("a")).await else { panic!("the lock is free") };
    assert!(matches!(other.find_or_lock(&key("a")).await, Some(Remote::Busy)));
    let mut place = None;
    assert!(!other.lock(&key("a"), &mut place).await);
    drop(lock);

    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while !matches!(other.find_or_lock(&key("a")).await, Some(Remote::Locked(_))) {
        assert!(std::time::Instant::now() < deadline, "it was never given back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    one.refuse(&key("b"), Duration::from_secs(60), None).await;
    assert!(matches!(other.find_or_lock(&key("b")).await, Some(Remote::Refused)));
}
