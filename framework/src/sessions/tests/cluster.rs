//! Two instances on one Redis, and what they ask of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use redis::cmd;
use tokio::runtime::Handle;

use super::{Browser, Gate, config, get, instance, post};
use crate::redis::{Redis, RedisServer};
use crate::sessions::{self, Sessions};

const DEADLINE: Duration = Duration::from_secs(5);

pub(in crate::sessions) fn open(server: &RedisServer) -> Redis {
    Redis::open(&server.datastore(), &Handle::current()).unwrap()
}

pub(super) fn over(server: &RedisServer) -> Sessions {
    Sessions::new(&config(), sessions::redis(open(server), &config())).unwrap()
}

/// Calls of each command the sessions use.
async fn commands(redis: &Redis) -> BTreeMap<String, u64> {
    let stats: String = redis.query(cmd("INFO").arg("commandstats"), DEADLINE).await.unwrap();
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let counted = ["hgetall", "pttl", "evalsha", "eval", "del", "script|load"].contains(&name);
        counted.then_some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    stats.lines().filter_map(calls).collect()
}

#[tokio::test]
async fn an_anonymous_get_asks_nothing_a_read_one_thing_and_a_change_two() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server);
    let app = instance(over(&server), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, get("/read/n")).await;
    browser.send(&app, get("/plain")).await;
    Browser { cookie: Some("regatta=forged.x".to_owned()) }.send(&app, get("/read/n")).await;
    assert_eq!(commands(&redis).await, BTreeMap::new());
    browser.send(&app, post("/write/n/1")).await;
    browser.send(&app, post("/write/n/2")).await;
    let before = commands(&redis).await;
    browser.send(&app, get("/read/n")).await;
    let after_read = commands(&redis).await;
    browser.send(&app, post("/write/n/3")).await;
    let after_write = commands(&redis).await;
    let grew = |from: &BTreeMap<String, u64>, to: &BTreeMap<String, u64>| -> Vec<String> {
        to.iter()
            .filter(|(name, calls)| from.get(*name) != Some(calls))
            .map(|(name, _)| name.clone())
            .collect()
    };
    assert_eq!(grew(&before, &after_read), ["hgetall", "pttl"], "one pipeline");
    assert_eq!(grew(&after_read, &after_write), ["evalsha", "hgetall", "pttl"]);
    assert_eq!(after_write["evalsha"], before["evalsha"] + 1);
}

#[tokio::test]
async fn changes_made_at_the_same_time_on_two_instances_are_both_kept() {
    let server = RedisServer::start().unwrap();
    let gate = Gate::closed();
    let (a, b) = (instance(over(&server), gate.clone()).await, instance(over(&server), gate.clone()).await);
    for round in 0..200 {
        let mut browser = Browser::default();
        browser.send(&a, post("/write/n/1")).await;
        let left = browser.clone().look(&a, post("/slow/left/1"));
        let right = browser.clone().look(&b, post("/slow/right/1"));
        let released = async {
            gate.reached_by(2).await;
            gate.let_on(2);
        };
        futures_util::future::join3(left, right, released).await;
        let kept = [get("/read/left"), get("/read/right")];
        for request in kept {
            assert_eq!(browser.clone().look(&a, request).await.body, "1", "round {round}");
        }
    }
}

#[tokio::test]
async fn a_logout_stands_though_a_slow_request_writes_afterwards() {
    let server = RedisServer::start().unwrap();
    let gate = Gate::closed();
    let (a, b) = (instance(over(&server), gate.clone()).await, instance(over(&server), gate.clone()).await);
    for _ in 0..20 {
        let mut browser = Browser::default();
        browser.send(&a, post("/write/user/ada")).await;
        let slow = browser.clone().look(&a, post("/slow/n/1"));
        let logout = async {
            gate.reached_by(1).await;
            let answer = browser.clone().look(&b, post("/logout")).await;
            gate.let_on(1);
            answer
        };
        let (slow, logout) = futures_util::future::join(slow, logout).await;
        assert!(logout.set_cookie.is_some());
        assert!(slow.ended && slow.set_cookie.is_none());
        assert_eq!(browser.look(&a, get("/read/user")).await.body, "-");
    }
}

#[tokio::test]
async fn logging_out_everywhere_stands_though_slow_requests_of_other_sessions_write_afterwards() {
    let server = RedisServer::start().unwrap();
    let gate = Gate::closed();
    let (a, b) = (instance(over(&server), gate.clone()).await, instance(over(&server), gate.clone()).await);
    for _ in 0..20 {
        let (mut laptop, mut phone) = (Browser::default(), Browser::default());
        laptop.send(&a, post("/sign-in")).await;
        phone.send(&b, post("/sign-in")).await;
        let slow = phone.clone().look(&a, post("/slow/n/1"));
        let everywhere = async {
            gate.reached_by(1).await;
            let answer = laptop.clone().look(&b, post("/everywhere")).await;
            gate.let_on(1);
            answer
        };
        let (slow, everywhere) = futures_util::future::join(slow, everywhere).await;
        assert_eq!(everywhere.body, "2");
        assert!(slow.ended && slow.set_cookie.is_none());
        assert_eq!(phone.look(&b, get("/user")).await.body, "");
    }
}

#[tokio::test]
async fn a_login_survives_a_slow_request_of_the_session_before() {
    let server = RedisServer::start().unwrap();
    let gate = Gate::closed();
    let (a, b) = (instance(over(&server), gate.clone()).await, instance(over(&server), gate.clone()).await);
    let mut browser = Browser::default();
    browser.send(&a, post("/write/n/1")).await;
    let before = browser.clone();
    let slow = before.clone().look(&a, post("/slow/n/2"));
    let login = async {
        gate.reached_by(1).await;
        browser.send(&b, post("/login")).await;
        gate.let_on(1);
    };
    let (slow, ()) = futures_util::future::join(slow, login).await;
    assert!(slow.ended && slow.set_cookie.is_none());
    assert_eq!(browser.send(&a, get("/read/user")).await.body, "ada");
    assert_eq!(browser.send(&a, get("/read/n")).await.body, "1");
}

#[tokio::test]
async fn while_the_store_is_away_sessions_get_503_and_everybody_else_passes() {
    let mut server = RedisServer::start().unwrap();
    let app = instance(over(&server), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/n/1")).await;
    server.freeze().unwrap();
    let started = Instant::now();
    let hung = browser.clone().look(&app, get("/read/n")).await;
    assert_eq!((hung.status, hung.retry_after), (StatusCode::SERVICE_UNAVAILABLE, true));
    assert!(started.elapsed() < Duration::from_millis(800));
    server.kill();
    let dead = browser.clone().look(&app, get("/read/n")).await;
    assert_eq!((dead.status, dead.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    let mut anonymous = Browser::default();
    assert_eq!(anonymous.send(&app, get("/read/n")).await.status, StatusCode::OK);
    let write = anonymous.send(&app, post("/write/n/1")).await;
    assert_eq!((write.status, write.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    server.restart().unwrap();
    let started = Instant::now();
    while browser.send(&app, get("/read/n")).await.status != StatusCode::OK {
        assert!(started.elapsed() < DEADLINE, "it did not recover");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
