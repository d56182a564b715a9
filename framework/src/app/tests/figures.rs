//! What the parts of an instance count.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::private::{Watched, figure, told, watched};
use crate::Result;
use crate::app::App;
use crate::models::tests::{Message, Person};
use crate::models::{Db, Model};
use crate::redis::RedisServer;
use crate::security::Rate;
use crate::sessions::SharedSession;
use crate::sockets::{Requester, Sockets};
use crate::testing::TestApp;

async fn join(who: Requester) -> Result<&'static str> {
    who.socket()?.join("lobby").await?;
    Ok("in")
}

async fn hail(sockets: Sockets) -> Result<&'static str> {
    sockets.to("lobby").emit("hailed", &json!(1)).await?;
    Ok("hailed")
}

async fn news() -> &'static str {
    "news"
}

async fn visit(session: SharedSession) -> Result<String> {
    Ok(session.incr("visits", 1).await?.to_string())
}

async fn note(session: actix_session::Session) -> Result<&'static str> {
    session.insert("noted", rand()).map_err(crate::Error::internal)?;
    Ok("noted")
}

async fn leave(session: actix_session::Session) -> &'static str {
    session.purge();
    "left"
}

/// Another number each time.
fn rand() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Waits until the figure is that number.
async fn until(private: &Path, name: &str, number: f64) {
    for _ in 0..500 {
        if figure(private, name) == number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(figure(private, name), number, "{name}");
}

#[tokio::test]
async fn sockets_count_by_namespace_and_pattern() {
    let Watched { app, private, _folder } = watched(App::new("watched").routes(|r| {
        r.on("join", join);
        r.on("hail", hail);
        r.namespace("/project/{id}").on("join", join);
    }))
    .await;
    let (mut one, mut two) = (app.socket().await, app.socket().await);
    let connected = |namespace: &str| format!("regatta_sockets_connected{{namespace=\"{namespace}\"}}");
    assert_eq!(figure(&private, &connected("/")), 2.0);
    assert_eq!(figure(&private, "regatta_socket_connections"), 2.0);
    assert_eq!(figure(&private, "regatta_socket_rooms"), 0.0);

    one.ask("join", &json!(null)).await;
    two.ask("join", &json!(null)).await;
    one.ask("hail", &json!(null)).await;
    one.next("hailed").await;
    two.next("hailed").await;
    one.send("40/project/1,".to_owned()).await;
    two.send("40/project/2,".to_owned()).await;

    until(&private, &connected("/project/{id}"), 2.0).await;
    assert!((1.0..=2.0).contains(&figure(&private, "regatta_socket_rooms")), "one, on one worker or two");
    assert_eq!(figure(&private, "regatta_socket_events_received_total"), 3.0);
    assert_eq!(figure(&private, "regatta_socket_events_sent_total"), 2.0);
    drop((one, two));
    for namespace in ["/", "/project/{id}"] {
        until(&private, &connected(namespace), 0.0).await;
    }
    until(&private, "regatta_socket_connections", 0.0).await;
    assert_eq!(figure(&private, "regatta_socket_rooms"), 0.0);
    let gone = ["transport close", "transport error"]
        .map(|reason| figure(&private, &format!("regatta_socket_endings_total{{reason=\"{reason}\"}}")));
    assert_eq!(gone.iter().sum::<f64>(), 2.0);
    assert_eq!(figure(&private, "regatta_socket_endings_total{reason=\"slow consumer\"}"), 0.0);
}

#[tokio::test]
async fn sessions_count_by_what_became_of_them() {
    let Watched { app, private, _folder } = watched(App::new("watched").routes(|r| {
        r.get("/note", note);
        r.get("/leave", leave);
        r.get("/visit", visit);
    }))
    .await;
    for path in ["/note", "/note", "/note", "/leave", "/note"] {
        assert_eq!(app.get(path).await.status(), 200);
    }
    let count = |outcome: &str| figure(&private, &format!("regatta_sessions_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((count("started"), count("committed"), count("ended")), (2.0, 2.0, 1.0));
    assert_eq!((count("loaded"), count("refused")), (3.0, 0.0));
    assert_eq!(figure(&private, "regatta_session_failures_total"), 0.0);
}

#[tokio::test]
async fn kept_answers_and_refused_requests_count() {
    let Watched { app, private, _folder } = watched(App::new("watched").routes(|r| {
        r.get("/news", news).cache("30s");
        r.get("/slow", news).rate_limit(Rate::per_minute(2));
    }))
    .await;
    for _ in 0..4 {
        app.get("/news").await;
        app.get("/slow").await;
    }
    let cache =
        |outcome: &str| figure(&private, &format!("regatta_cache_requests_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((cache("miss"), cache("hit"), cache("passed")), (1.0, 3.0, 0.0));
    assert_eq!(figure(&private, "regatta_cache_fills_total"), 1.0);
    assert_eq!(figure(&private, "regatta_cache_entries"), 1.0);
    assert_eq!(figure(&private, "regatta_rate_limited_total"), 2.0);
}

async fn hold(db: Db) -> Result<&'static str> {
    db.transaction(async |tx| {
        Person::create(json!({ "name": "held" })).exec(tx).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok::<_, crate::Error>(())
    })
    .await?;
    Ok("held")
}

#[tokio::test]
async fn a_pool_tells_how_full_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let private = folder.path().join("private.sock");
    let settings = vec![
        ("metrics.listen", private.display().to_string()),
        ("datastores.default.pool_size", "1".to_owned()),
        ("datastores.default.acquire_timeout", "100ms".to_owned()),
    ];
    let app = App::new("watched").model::<Person>().model::<Message>().routes(|r| {
        r.get("/hold", hold);
    });
    let app = TestApp::start_configured(app, settings).await;
    let pool = |what: &str| figure(&private, &format!("regatta_db_pool_{what}{{datastore=\"default\"}}"));
    let (waits, timeouts) = (pool("waits_total"), pool("timeouts_total"));

    let statuses =
        futures_util::future::join_all((0..3).map(|_| async { app.get("/hold").await.status() })).await;

    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    assert_eq!((pool("max"), pool("open")), (1.0, 1.0));
    assert!(pool("waits_total") > waits && pool("timeouts_total") > timeouts);
}

#[tokio::test]
async fn what_instances_tell_each_other_counts() {
    let server = RedisServer::start().unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let start = async |name: &str| {
        let private = folder.path().join(name);
        let settings = vec![
            ("sockets.adapter", "redis".to_owned()),
            ("datastores.redis.url", server.url()),
            ("metrics.listen", private.display().to_string()),
        ];
        let app = App::new("watched").routes(|r| {
            r.on("hail", hail);
        });
        (TestApp::start_configured(app, settings).await, private)
    };
    let (one, first) = start("one").await;
    let (_two, second) = start("two").await;
    let before = figure(&second, "regatta_bus_received_total");

    one.socket().await.ask("hail", &json!(null)).await;

    until(&second, "regatta_bus_received_total", before + 1.0).await;
    assert!(figure(&first, "regatta_bus_published_total") >= 1.0);
    let round_trip = figure(&first, "regatta_bus_round_trip_seconds");
    assert!(round_trip > 0.0 && round_trip < 1.0, "{round_trip}");
    assert_eq!(figure(&first, "regatta_check_well{check=\"bus\"}"), 1.0);
    until(&first, "regatta_bus_waiting", 0.0).await;
    assert_eq!(figure(&second, "regatta_bus_missed_total"), 0.0);
    let (_, health) = told(&second, "/readyz");
    assert!(health.starts_with("ready\n") && health.contains("bus: subscribed"), "{health}");
}
