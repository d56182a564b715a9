//! How often a client may ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_session::Session;
use serde_json::json;

use crate::app::App;
use crate::config::DatastoreConfig;
use crate::redis::{Redis, RedisServer};
use crate::routes::Routes;
use crate::security::Rate;
use crate::testing::{TestApp, TestClient};

async fn done() -> &'static str {
    "done"
}

async fn log_in(session: Session, id: actix_web::web::Path<u32>) -> crate::Result<&'static str> {
    session.insert("user", *id)?;
    Ok("welcome")
}

fn draw(r: &mut Routes) {
    r.get("/free", done);
    r.get("/read", done).rate_limit(Rate::per_minute(3).strict());
    r.post("/write", done).rate_limit(Rate::per_minute(3));
    r.post("/login", done).rate_limit(Rate::per_minute(3).strict());
    r.get("/user", done).rate_limit(Rate::per_minute(2).by_user("user"));
    r.get("/session", done).rate_limit(Rate::per_minute(2).by_session());
    r.get("/all", done).rate_limit(Rate::per_minute(2).by_everybody());
    r.get("/key", done).rate_limit(
        Rate::per_minute(2).by(|req| Some(req.headers().get("x-api-key")?.to_str().ok()?.to_owned())),
    );
    r.get("/soon", done).rate_limit(Rate::per_second(20).burst(1));
    r.post("/login/{id}", log_in);
    r.on("typing", done).rate_limit(Rate::per_minute(2).by_socket());
    r.put("/name", done).rate_limit(Rate::per_minute(2).by_socket());
}

fn new_app() -> App {
    App::new("rates").routes(draw)
}

async fn alone() -> TestApp {
    let settings = vec![("security.trusted_proxies", "127.0.0.1".to_owned())];
    TestApp::start_configured(new_app(), settings).await
}

/// An instance whose counts are in Redis.
async fn over(server: &RedisServer) -> TestApp {
    let settings = vec![
        ("security.trusted_proxies", "127.0.0.1".to_owned()),
        ("sockets.adapter", "redis".to_owned()),
        ("datastores.redis.url", server.url()),
    ];
    TestApp::start_configured(new_app(), settings).await
}

async fn get(client: &TestClient, path: &str, address: &str) -> u16 {
    client.get(path).header("X-Forwarded-For", address).await.status()
}

async fn statuses(client: &TestClient, method: &str, path: &str, times: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..times {
        seen.push(client.request(method, path).await.status());
    }
    seen
}

#[tokio::test]
async fn one_request_too_many_is_told_when_to_come_back() {
    let app = alone().await;
    let first = app.get("/read").await.ok();
    assert_eq!(first.header("ratelimit-policy"), Some("\"default\";q=3;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"default\";r=2;t=20"));
    assert_eq!(statuses(&app, "GET", "/read", 3).await, [200, 200, 429]);
    let refused = app.get("/read").await;
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((19..=20).contains(&wait), "{wait} s");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"default\";r=0;t="));
    assert_eq!(refused.json()["code"], "E_RATE_LIMIT");
    assert_eq!(app.get("/free").await.header("ratelimit"), None);
}

#[tokio::test]
async fn who_waited_may_ask_again() {
    let app = alone().await;
    let started = Instant::now();
    let mut good = 0;
    while started.elapsed() < Duration::from_secs(1) {
        good += usize::from(app.get("/soon").await.status() == 200);
    }
    let most = started.elapsed().as_millis() as usize / 50 + 1;
    assert!((5..=most).contains(&good), "{good} of at most {most}");
}

#[tokio::test]
async fn addresses_users_sessions_keys_and_everybody_are_counted_apart() {
    let app = alone().await;
    for _ in 0..3 {
        assert_eq!(get(&app, "/read", "198.51.100.1").await, 200);
    }
    assert_eq!(get(&app, "/read", "198.51.100.1").await, 429);
    assert_eq!(get(&app, "/read", "198.51.100.2").await, 200);
    // Someone with a network of IPv6 addresses is one client.
    for host in ["::1", "::2", "ffff::3"] {
        assert_eq!(get(&app, "/read", &format!("2001:db8:1:2:{}", host.trim_start_matches("::"))).await, 200);
    }

    let (ann, bob) = (app.client(), app.client());
    ann.post("/login/1").await.ok();
    bob.post("/login/2").await.ok();
    let ann_elsewhere = app.client();
    ann_elsewhere.post("/login/1").await.ok();
    assert_eq!(statuses(&ann, "GET", "/user", 2).await, [200, 200]);
    assert_eq!(statuses(&ann_elsewhere, "GET", "/user", 1).await, [429]);
    assert_eq!(statuses(&bob, "GET", "/user", 1).await, [200]);
    assert_eq!(statuses(&ann, "GET", "/session", 3).await, [200, 200, 429]);
    assert_eq!(statuses(&ann_elsewhere, "GET", "/session", 1).await, [200]);

    assert_eq!(statuses(&ann, "GET", "/all", 2).await, [200, 200]);
    assert_eq!(statuses(&bob, "GET", "/all", 1).await, [429]);
    for (key, status) in [("a", 200), ("a", 200), ("a", 429), ("b", 200)] {
        assert_eq!(app.get("/key").header("X-Api-Key", key).await.status(), status, "{key}");
    }
}

#[tokio::test]
async fn made_up_session_cookies_are_no_new_clients() {
    let app = alone().await;
    let mut seen = Vec::new();
    for n in 0..3 {
        seen.push(app.get("/session").header("Cookie", &format!("regatta=made-up-{n}")).await.status());
    }
    assert_eq!(seen, [200, 200, 429]);
}

#[tokio::test]
async fn events_and_virtual_requests_are_counted_for_each_socket() {
    let app = alone().await;
    let (mut one, mut two) = (app.socket().await, app.socket().await);
    assert_eq!(one.ask("typing", &json!(1)).await, json!("done"));
    assert_eq!(one.ask("typing", &json!(2)).await, json!("done"));
    assert_eq!(one.ask("typing", &json!(3)).await["code"], "E_RATE_LIMIT");
    assert_eq!(two.ask("typing", &json!(1)).await, json!("done"));
    for status in [200, 200, 429] {
        assert_eq!(one.request("put", "/name", &json!({})).await["statusCode"], status);
    }
    assert_eq!(two.request("put", "/name", &json!({})).await["statusCode"], 200);
}

#[tokio::test]
async fn instances_count_together_and_other_requests_cost_redis_nothing() {
    let server = RedisServer::start().unwrap();
    let (a, b) = (over(&server).await, over(&server).await);
    let elsewhere = a.at(&b);
    let mut seen = Vec::new();
    for client in [&*a, &elsewhere, &*a, &elsewhere, &*a] {
        seen.push(client.get("/read").await.status());
    }
    assert_eq!(seen, [200, 200, 200, 429, 429]);

    let redis = Redis::open(&DatastoreConfig::at(&server.url()), &tokio::runtime::Handle::current()).unwrap();
    let before = scripts(&redis).await;
    for _ in 0..20 {
        a.get("/free").await.ok();
    }
    assert_eq!(scripts(&redis).await, before, "a GET without a limit and a session asks Redis nothing");
    a.get("/read").await;
    assert_eq!(scripts(&redis).await, before + 1, "a counted one asks once");
}

async fn scripts(redis: &Redis) -> u64 {
    let stats: String =
        redis.query(redis::cmd("INFO").arg("commandstats"), Duration::from_secs(5)).await.unwrap();
    let calls = |name: &str| -> u64 {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
    };
    calls("evalsha") + calls("eval") + calls("hgetall")
}

#[tokio::test]
async fn without_redis_reads_and_plain_changes_pass_and_strict_changes_do_not() {
    let server = RedisServer::start().unwrap();
    let app = over(&server).await;
    assert_eq!(statuses(&app, "POST", "/login", 1).await, [200]);
    drop(server);
    let deadline = Instant::now() + Duration::from_secs(5);
    while app.post("/login").await.status() != 503 {
        assert!(Instant::now() < deadline, "the loss of Redis is noticed");
    }
    let asked = Instant::now();
    assert_eq!(statuses(&app, "GET", "/read", 5).await, [200; 5]);
    assert_eq!(statuses(&app, "POST", "/write", 5).await, [200; 5]);
    let refused = app.post("/login").await;
    assert_eq!((refused.status(), refused.header("retry-after")), (503, Some("1")));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?} for 11 requests", asked.elapsed());
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_disconnected_and_others_are_not() {
    let settings = vec![("sockets.messages_per_second", "20".to_owned())];
    let app = Arc::new(TestApp::start_configured(new_app(), settings).await);
    let mut calm = app.socket().await;
    let mut flood = app.socket().await;
    let flooded = tokio::spawn(async move {
        for n in 0..100 {
            flood.emit("typing", &json!(n)).await;
        }
        flood.next("never").await;
    });
    assert!(flooded.await.is_err(), "its connection is closed");
    assert_eq!(calm.ask("typing", &json!(1)).await, json!("done"));
}

#[tokio::test]
async fn an_address_opens_only_so_many_connections_a_minute() {
    let settings = vec![("sockets.connects_per_minute", "3".to_owned())];
    let app = TestApp::start_configured(new_app(), settings).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(app.get("/socket.io/?EIO=4&transport=polling").await.status());
    }
    assert_eq!(seen, [200, 200, 200, 429]);
}
