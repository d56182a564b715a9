//! Who is signed in on three instances, and what becomes of their sockets.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::cmd;
use serde_json::json;
use tokio::runtime::Handle;

use crate::app::App;
use crate::config::DatastoreConfig;
use crate::prelude::*;
use crate::redis::Redis;
use crate::sockets::Disconnect;
use crate::testing::{TestApp, TestClient, TestCluster, TestSocket};

fn app() -> App {
    App::new("sessions").routes(|r| {
        r.post("/in/{user}", log_in);
        r.post("/out", log_out);
        r.get("/me", me);
        r.get("/sessions", list);
        r.post("/sessions/{id}/end", end);
        r.post("/others/end", end_others);
        r.post("/all/end", end_all);
        r.post("/quiet-out", quiet_out);
        r.after_disconnect(left);
    })
}

async fn log_in(session: SharedSession, user: Path<String>) -> Result<&'static str> {
    session.sign_in(&*user)?;
    Ok("in")
}

async fn log_out(session: SharedSession) -> &'static str {
    session.sign_out();
    "out"
}

async fn me(session: SharedSession) -> Result<String> {
    session.user().ok_or_else(|| Error::unauthorized("log in first"))
}

/// Tells everybody who is left why somebody left.
async fn left(sockets: Sockets, how: Disconnect) -> Result<()> {
    sockets.all().emit("left", &how.reason).await
}

async fn list(session: SharedSession) -> Result<Json<JsonValue>> {
    Ok(Json(json!(session.list().await?)))
}

async fn end(session: SharedSession, id: Path<String>) -> Result<Json<bool>> {
    Ok(Json(session.end(&id).await?))
}

async fn end_others(session: SharedSession) -> Result<Json<usize>> {
    Ok(Json(session.end_others().await?))
}

async fn end_all(session: SharedSession) -> Result<Json<usize>> {
    Ok(Json(session.end_all().await?))
}

/// Writes with a session that ends meanwhile.
async fn quiet_out(session: Session, shared: SharedSession) -> Result<Json<usize>> {
    let ended = shared.end_all().await?;
    session.insert("n", 1)?;
    Ok(Json(ended))
}

async fn browsers(cluster: &TestCluster, count: usize, user: &str) -> Vec<TestClient> {
    let mut browsers = Vec::new();
    for n in 0..count {
        let browser = cluster[n % 3].client();
        let agent = format!("browser {n}");
        browser.post(&format!("/in/{user}")).header("User-Agent", &agent).await.ok();
        browsers.push(browser);
    }
    browsers
}

/// A socket on each instance.
async fn sockets(cluster: &TestCluster, browser: &TestClient) -> Vec<TestSocket> {
    let mut sockets = Vec::new();
    for n in 0..3 {
        let mut socket = browser.at(&cluster[n]).socket().await;
        assert_eq!(socket.request("get", "/me", &()).await["statusCode"], 200);
        sockets.push(socket);
    }
    sockets
}

#[expect(clippy::print_stdout, reason = "the figure")]
#[tokio::test(flavor = "multi_thread")]
async fn logging_out_everywhere_closes_nine_sockets_on_three_instances_within_a_second() {
    let cluster = TestCluster::start(app(), 3).await;
    let browsers = browsers(&cluster, 3, "ann").await;
    let stranger = cluster[1].client();
    stranger.post("/in/ben").await.ok();
    let mut strangers = sockets(&cluster, &stranger).await;
    let mut all = Vec::new();
    for browser in &browsers {
        all.extend(sockets(&cluster, browser).await);
    }

    let started = Instant::now();
    assert_eq!(browsers[0].post("/all/end").await.ok().json(), 3);
    let reasons = join_all(all.into_iter().map(TestSocket::closed)).await;
    let took = started.elapsed();

    println!("the last of nine sockets was closed after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(reasons.iter().all(|reason| reason == "session ended"), "{reasons:?}");
    for browser in &browsers {
        for n in 0..3 {
            assert_eq!(browser.at(&cluster[n]).get("/me").await.status(), 401);
        }
    }
    for socket in &mut strangers {
        assert_eq!(socket.get("/me").await, "ben");
    }
    for _ in 0..9 {
        assert_eq!(strangers[0].next("left").await, "session ended", "as the app is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_their_sessions_and_ends_one_or_the_others() {
    let cluster = TestCluster::start(app(), 3).await;
    let browsers = browsers(&cluster, 4, "ann").await;
    let list = browsers[1].at(&cluster[2]).get("/sessions").await.ok().json();
    let list = list.as_array().unwrap();
    let told: Vec<_> = list.iter().map(|session| (&session["label"], &session["current"])).collect();
    let expected: Vec<_> = (0..4).map(|n| (json!(format!("browser {n}")), json!(n == 1))).collect();
    assert_eq!(told, expected.iter().map(|(label, current)| (label, current)).collect::<Vec<_>>());
    let now = Timestamp::now().as_millis();
    for session in list {
        assert!(now - session["startedAt"].as_i64().unwrap() < 60_000, "{session}");
        assert!(now - session["seenAt"].as_i64().unwrap() < 60_000, "{session}");
    }

    let mut sockets_of_last = sockets(&cluster, &browsers[3]).await;
    let mut own = sockets(&cluster, &browsers[1]).await;
    let first = format!("/sessions/{}/end", list[0]["id"].as_str().unwrap());
    assert_eq!(browsers[1].post(&first).await.ok().json(), true);
    assert_eq!(browsers[1].post(&first).await.ok().json(), false);
    assert_eq!(browsers[0].get("/me").await.status(), 401);
    assert_eq!(browsers[3].get("/me").await.status(), 200);
    assert_eq!(sockets_of_last[0].get("/me").await, "ann");

    assert_eq!(browsers[1].post("/others/end").await.ok().json(), 2);
    join_all(sockets_of_last.into_iter().map(TestSocket::closed)).await;
    assert_eq!(browsers[2].get("/me").await.status(), 401);
    for socket in &mut own {
        assert_eq!(socket.get("/me").await, "ann");
    }
    assert_eq!(cluster[0].client().get("/sessions").await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_writes_after_it_ended_everything_is_gone() {
    let app = TestApp::start(app()).await;
    let before = app.client();
    before.post("/in/ann").await.ok();
    let answer = before.post("/quiet-out").await.ok();
    assert_eq!(answer.json(), 1);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(before.get("/me").await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_logs_out_is_answered_and_the_others_of_its_session_are_closed() {
    let cluster = TestCluster::start(app(), 3).await;
    let browser = &browsers(&cluster, 1, "ann").await[0];
    let mut all = sockets(&cluster, browser).await;
    let mut own = all.remove(0);
    assert_eq!(own.post("/out", &()).await, "out");
    join_all(all.into_iter().map(TestSocket::closed)).await;
    assert_eq!(own.request("get", "/me", &()).await["statusCode"], 401, "it is nobody's, and still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_whose_session_vanished_acts_for_nobody_and_is_closed_when_that_is_seen() {
    let recheck = ("session.recheck", "1s".to_owned());
    let cluster = TestCluster::start_with(app(), 3, &[recheck]).await;
    let browser = &browsers(&cluster, 1, "ann").await[0];
    let mut all = sockets(&cluster, browser).await;
    let redis = Redis::open(&DatastoreConfig::at(&cluster.redis().url()), &Handle::current()).unwrap();
    // As if the news of its end had been lost.
    redis.query::<()>(&cmd("FLUSHALL"), Duration::from_secs(5)).await.unwrap();
    let started = Instant::now();
    let status = all[0].request("get", "/me", &()).await["statusCode"].clone();
    assert_eq!(status, 401);
    let reasons = join_all(all.into_iter().map(TestSocket::closed)).await;
    assert!(reasons.iter().all(|reason| reason == "session ended"), "{reasons:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}
