//! Something panics: one request fails, the worker lives.

use std::future::IntoFuture as _;

use actix_web::HttpRequest;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::models::{Callbacks, Db, Model};
use crate::security::Rate;
use crate::testing::TestApp;
use crate::{Error, Result};

#[derive(Debug, Model)]
#[model(callbacks)]
struct Fuse {
    id: i64,
    #[attr(required)]
    name: String,
}

impl Callbacks for Fuse {
    async fn before_create(_: &Db, values: &mut Map<String, Value>) -> Result<()> {
        assert!(values["name"] != "short", "the fuse blows");
        Ok(())
    }
}

#[expect(clippy::panic, reason = "that is what happens here")]
async fn handler() -> &'static str {
    panic!("in a handler")
}

#[expect(clippy::panic, reason = "that is what happens here")]
async fn policy() -> Result<()> {
    panic!("in a policy")
}

#[expect(clippy::panic, reason = "that is what happens here")]
async fn background() -> &'static str {
    actix_web::rt::spawn(async { panic!("in a task") });
    std::thread::spawn(|| panic!("in a thread"));
    "spawned"
}

#[expect(clippy::panic, reason = "that is what happens here")]
fn key(_: &HttpRequest) -> Option<String> {
    panic!("in a rate's key")
}

async fn good() -> &'static str {
    "good"
}

async fn app() -> TestApp {
    let app = App::new("panics").model::<Fuse>().routes(|r| {
        r.get("/good", good);
        r.get("/handler", handler);
        r.get("/policy", good).guard(policy);
        r.get("/background", background);
        r.get("/rate", good).rate_limit(Rate::per_minute(5).by(key));
        r.blueprints::<Fuse>().options(|req, _| match req.headers().contains_key("x-hook") {
            true => unreachable!("in a hook"),
            false => Ok(()),
        });
        r.on("handler", handler);
        r.on("good", good);
        r.on_server("handler", handler);
    });
    TestApp::start_configured(app, vec![("http.workers", "1".to_owned())]).await
}

#[tokio::test]
async fn each_panic_fails_its_request_and_the_only_worker_goes_on() {
    let app = app().await;
    let mut socket = app.socket().await;
    for _ in 0..3 {
        for path in ["/handler", "/policy", "/rate"] {
            let answer = app.get(path).await;
            assert_eq!((answer.status(), &answer.json()["code"]), (500, &json!("E_INTERNAL")), "{path}");
            assert!(!answer.text().contains("in a "), "what the panic said stays in the log");
            assert_eq!(app.get("/good").await.text(), "good");
        }
        assert_eq!(app.get("/background").await.text(), "spawned");
        assert_eq!(app.get("/good").await.text(), "good");

        let blown = app.post("/fuse").json(&json!({ "name": "short" })).await;
        assert_eq!(blown.status(), 500, "a model's callback");
        let hooked = app.post("/fuse").header("X-Hook", "1").json(&json!({ "name": "fine" })).await;
        assert_eq!(hooked.status(), 500, "a blueprint's option hook");
        app.post("/fuse").json(&json!({ "name": "fine" })).await.ok();

        assert_eq!(socket.ask("handler", &json!(1)).await["code"], "E_INTERNAL");
        assert_eq!(socket.ask("good", &json!(1)).await, "good");
        assert_eq!(socket.request("get", "/handler", &json!(null)).await["statusCode"], 500);
        assert_eq!(socket.get("/good").await, "good");
    }
    assert_eq!(Fuse::find().count(app.db()).await.unwrap(), 3, "nothing of the failed ones is kept");
}

#[tokio::test]
async fn an_action_that_panics_beside_others_leaves_them_alone() {
    async fn slow() -> Result<&'static str, Error> {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(300)).await;
        Ok("slow")
    }
    let app = App::new("beside").routes(|r| {
        r.get("/slow", slow);
        r.get("/handler", handler);
    });
    let app = TestApp::start_configured(app, vec![("http.workers", "1".to_owned())]).await;
    let waiting = futures_util::future::join_all((0..5).map(|_| app.get("/slow").into_future()));
    let panicking = futures_util::future::join_all((0..5).map(|_| app.get("/handler").into_future()));
    let (waited, panicked) = tokio::join!(waiting, panicking);
    assert!(waited.iter().all(|answer| answer.text() == "slow"));
    assert!(panicked.iter().all(|answer| answer.status() == 500));
}
