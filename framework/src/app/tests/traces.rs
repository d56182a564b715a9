//! Traces that come with requests, over HTTP and from sockets.

use serde_json::{Value, json};

use crate::app::App;
use crate::http::TraceContext;
use crate::prelude::Json;
use crate::testing::TestApp;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

async fn trace(trace: TraceContext, again: TraceContext) -> Json<Value> {
    Json(json!({
        "trace": trace.trace_id(),
        "parent": trace.parent_id(),
        "state": trace.tracestate(),
        "same": trace == again,
    }))
}

async fn app() -> TestApp {
    let app = App::new("traces").routes(|r| {
        r.get("/trace", trace);
        r.on("trace", trace);
    });
    TestApp::start(app).await
}

fn parent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

#[tokio::test]
async fn a_handler_reads_the_trace_of_its_request() {
    let app = app().await;
    let told = app.get("/trace").header("traceparent", &parent()).header("tracestate", "vendor=1").await;
    let expected = json!({ "trace": TRACE, "parent": CALLER, "state": "vendor=1", "same": true });
    assert_eq!(told.json(), expected);
}

#[tokio::test]
async fn a_trace_that_is_not_valid_is_replaced_by_a_new_one() {
    let app = app().await;
    for header in ["00-nonsense", &format!("00-{}-{CALLER}-01", "0".repeat(32))] {
        let told = app.get("/trace").header("traceparent", header).header("tracestate", "vendor=1").await;
        let told = told.json();
        assert_eq!(told["trace"].as_str().unwrap().len(), 32);
        assert!(told["trace"] != TRACE && told["parent"].is_null() && told["state"].is_null(), "{told}");
        assert_eq!(told["same"], true);
    }
}

#[tokio::test]
async fn what_a_socket_asks_has_a_trace_too() {
    let app = app().await;
    let mut socket = app.socket().await;
    let asked = json!({ "method": "get", "url": "/trace", "headers": { "traceparent": parent() } });
    let told = socket.ask("get", &asked).await["body"].take();
    assert_eq!((&told["trace"], &told["parent"]), (&json!(TRACE), &json!(CALLER)));

    let (first, second) = (socket.ask("trace", &json!(null)).await, socket.ask("trace", &json!(null)).await);
    assert_eq!(first["trace"].as_str().unwrap().len(), 32);
    assert_ne!(first["trace"], second["trace"], "each event has its own");
}
