//! Which answers are kept, and for whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_session::Session;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::App;
use crate::cache::{Cache, Personal};
use crate::routes::Routes;
use crate::testing::{TestApp, TestClient, TestCluster};

/// The name under which all instances of a cluster are known.
const HOST: &str = "kept.example";

/// Counts how often an answer was made.
#[derive(Clone, Default)]
struct Made(Arc<AtomicUsize>);

impl Made {
    fn one_more(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn counted(rule: impl Into<Cache>) -> (App, Made) {
    let (made, rule) = (Made::default(), rule.into());
    let counter = made.clone();
    let app = App::new("kept").routes(move |r| {
        let counter = counter.clone();
        let slow = move || {
            let counter = counter.clone();
            async move {
                let number = counter.one_more();
                sleep(Duration::from_millis(100)).await;
                HttpResponse::Ok().content_type("text/plain").body(format!("answer {number}"))
            }
        };
        r.get("/news", slow).cache(rule.clone());
        r.get("/login", async |session: Session| {
            session.insert("user", 1).map(|()| "welcome").map_err(crate::Error::internal)
        });
    });
    (app, made)
}

async fn status(client: &TestClient, path: &str) -> (String, String) {
    let answer = client.get(path).header("Host", HOST).await.ok();
    (answer.text(), answer.header("cache-status").unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_made_once_for_all_who_ask_at_the_same_time() {
    let (app, made) = counted("1m");
    let app = TestApp::start(app).await;
    let asking = (0..20).map(|_| app.client()).map(|client| async move { client.get("/news").await.text() });

    let texts = futures_util::future::join_all(asking).await;

    assert!(texts.iter().all(|text| text == "answer 1"), "{texts:?}");
    assert_eq!(made.count(), 1);
    let again = app.get("/news").await;
    assert_eq!(again.header("cache-status"), Some("regatta; hit"));
    assert_eq!(again.header("cache-control"), Some("no-cache"));
    let tag = again.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let unchanged = app.get("/news").header("If-None-Match", &known).await;
        assert_eq!((unchanged.status(), unchanged.bytes().len()), (304, 0), "{known}");
        assert_eq!(unchanged.header("etag"), Some(&*tag));
    }
    let head = app.request("HEAD", "/news").await;
    assert_eq!((head.status(), head.header("cache-status")), (200, Some("regatta; hit")));
    assert_eq!(made.count(), 1);
    app.get("/news?page=2").await;
    app.get("/news").header("Accept", "text/html").await;
    assert_eq!(made.count(), 3, "another query and another kind are other answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_a_cluster_makes_it_for_all() {
    let (app, made) = counted("1m");
    let cluster = TestCluster::start(app, 3).await;
    for path in ["/news?1", "/news?2", "/news?3"] {
        let clients = (0..9).map(|n| cluster[n % 3].client());
        let asking = clients.map(|client| async move { client.get(path).header("Host", HOST).await.text() });
        let texts = futures_util::future::join_all(asking).await;
        assert!(texts.iter().all(|text| text == &texts[0]), "{texts:?}");
    }
    assert_eq!(made.count(), 3, "one for each key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_is_sent_at_once_while_one_instance_makes_a_new_one() {
    let (app, made) = counted(Cache::fresh("1s").stale("1m"));
    let cluster = TestCluster::start(app, 3).await;
    for n in 0..3 {
        assert_eq!(status(&cluster[n], "/news").await.0, "answer 1");
    }
    sleep(Duration::from_millis(1_100)).await;

    let (text, told) = status(&cluster[0], "/news").await;
    assert_eq!((&*text, &*told), ("answer 1", "regatta; hit; detail=stale"));
    for n in 0..3 {
        status(&cluster[n], "/news").await;
    }

    let deadline = Instant::now() + Duration::from_secs(5);
    while status(&cluster[0], "/news").await.0 == "answer 1" {
        assert!(Instant::now() < deadline, "no new answer");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(made.count(), 2, "one for the cluster");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_session_or_credentials_passes_by() {
    let (app, made) = counted("1m");
    let app = TestApp::start(app).await;
    assert_eq!(status(&app.client(), "/news").await.0, "answer 1");

    let ann = app.client();
    ann.get("/login").await.ok();
    assert_eq!(status(&ann, "/news").await, ("answer 2".to_owned(), String::new()));
    let with_credentials = app.client().get("/news").header("Authorization", "Bearer 1").await;
    assert_eq!(with_credentials.text(), "answer 3");

    assert_eq!(status(&app.client(), "/news").await.0, "answer 1", "theirs were kept for nobody");
    assert_eq!(made.count(), 3);
}

/// Answers that may not be kept, each with its number in it.
fn personal(r: &mut Routes, made: &Made) {
    let number = web::Data::new(made.clone());
    let with = move |change: fn(&HttpRequest, &mut actix_web::HttpResponseBuilder)| {
        let number = number.clone();
        move |req: HttpRequest| {
            let mut answer = HttpResponse::Ok();
            change(&req, &mut answer);
            let answer = answer.content_type("text/plain").body(number.one_more().to_string());
            async move { answer }
        }
    };
    r.get(
        "/session",
        with(|req, _| {
            use actix_session::SessionExt as _;
            let _ = req.get_session().insert("seen", true);
        }),
    )
    .cache("1m");
    r.get(
        "/cookie",
        with(|_, answer| {
            answer.insert_header(("set-cookie", "a=1"));
        }),
    )
    .cache("1m");
    r.get(
        "/nonce",
        with(|_, answer| {
            answer.insert_header(("content-security-policy", "script-src 'nonce-abc'"));
        }),
    )
    .cache("1m");
    r.get(
        "/token",
        with(|req, _| {
            req.extensions_mut().insert(Personal);
        }),
    )
    .cache("1m");
    let number = made.clone();
    let marked = move || {
        let mut answer = HttpResponse::Ok().body(number.one_more().to_string());
        answer.extensions_mut().insert(Personal);
        async move { answer }
    };
    r.get("/marked", marked).cache("1m");
    r.get(
        "/private",
        with(|_, answer| {
            answer.insert_header(("cache-control", "Private, max-age=9"));
        }),
    )
    .cache("1m");
    r.get(
        "/no-store",
        with(|_, answer| {
            answer.insert_header(("cache-control", "no-store"));
        }),
    )
    .cache("1m");
    r.get(
        "/failed",
        with(|_, answer| {
            answer.status(actix_web::http::StatusCode::ACCEPTED);
        }),
    )
    .cache("1m");
    r.get(
        "/varies",
        with(|_, answer| {
            answer.insert_header(("vary", "Accept, Accept-Language"));
        }),
    )
    .cache("1m");
    r.get(
        "/named",
        with(|_, answer| {
            answer.insert_header(("vary", "Accept, Accept-Language"));
        }),
    )
    .cache(Cache::fresh("1m").vary("Accept-Language"));
    r.get("/error", async || Err::<&'static str, _>(crate::Error::bad_request("no"))).cache("1m");
    r.get("/large", async || "x".repeat(2_000_000)).cache("1m");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_meant_for_one_is_kept_for_nobody() {
    let made = Made::default();
    let counter = made.clone();
    let app = TestApp::start(App::new("private").routes(move |r| personal(r, &counter))).await;

    for path in
        ["/session", "/cookie", "/nonce", "/token", "/marked", "/private", "/no-store", "/failed", "/varies"]
    {
        let first = app.client().get(path).await;
        let second = app.client().get(path).await;
        assert_ne!(first.text(), second.text(), "{path}");
        assert_eq!(second.header("cache-status"), None, "{path}");
    }
    assert_eq!(app.client().get("/error").await.status(), 400);
    assert_eq!(app.client().get("/error").await.json()["code"], json!("E_BAD_REQUEST"));
    assert_eq!(app.client().get("/large").await.bytes().len(), 2_000_000);
    assert_eq!(app.client().get("/large").await.header("cache-status"), None);

    let in_german = || app.client().get("/named").header("Accept-Language", "de");
    assert_eq!(in_german().await.text(), in_german().await.text());
    assert_ne!(app.client().get("/named").await.text(), in_german().await.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_that_is_gone_lets_the_next_one_try() {
    let (app, made) = counted("1m");
    let app = TestApp::start(app).await;
    let mut gone = std::net::TcpStream::connect(app.address()).unwrap();
    std::io::Write::write_all(&mut gone, b"GET /news?gone HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while made.count() == 0 {
        assert!(Instant::now() < deadline, "the request never arrived");
        sleep(Duration::from_millis(5)).await;
    }
    gone.shutdown(std::net::Shutdown::Both).unwrap();
    drop(gone);

    let answer = app.get("/news?gone").header("Host", "x").await;

    assert_eq!(answer.status(), 200);
}
