//! Every bound of a request, one below and one above it.

use serde_json::{Value, json};

use crate::app::App;
use crate::http::Input;
use crate::testing::{TestApp, TestResponse};

async fn take(input: Input<Value>) -> String {
    input.0.to_string().len().to_string()
}

async fn app() -> TestApp {
    let settings = [
        ("http.body_limit", "1000"),
        ("http.url_limit", "600"),
        ("http.query_limit", "400"),
        ("http.parameter_limit", "10"),
        ("http.header_limit", "20"),
        ("http.json_depth", "4"),
    ];
    let settings = settings.map(|(key, value)| (key, value.to_owned())).to_vec();
    let app = App::new("bounds").routes(|r| {
        r.get("/take", take);
        r.post("/take", take);
        r.get("/path/{rest:.*}", async || "");
    });
    TestApp::start_configured(app, settings).await
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn verdict(answer: &TestResponse) -> (u16, String) {
    let code = match answer.status() {
        200 => String::new(),
        _ => answer.json()["code"].as_str().unwrap_or_default().to_owned(),
    };
    (answer.status(), code)
}

#[tokio::test]
async fn each_bound_of_http_is_answered_as_documented() {
    let app = app().await;
    let post = |kind: &str, body: String| app.post("/take").body(body).header("Content-Type", kind);
    let form = |n: usize| (0..n).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    let form_type = "application/x-www-form-urlencoded";
    let json_type = "application/json";
    let with_headers = |n: usize| (0..n).fold(app.get("/take"), |req, n| req.header(&format!("x-{n}"), "1"));
    let good = (200, String::new());
    let refused = |status: u16, code: &str| (status, code.to_owned());
    for (what, request, expected) in [
        ("query", app.get(&format!("/take?a={}", "x".repeat(398))), good.clone()),
        ("query", app.get(&format!("/take?a={}", "x".repeat(399))), refused(414, "E_URL_TOO_LONG")),
        ("url", app.get(&format!("/path/{}", "x".repeat(594))), good.clone()),
        ("url", app.get(&format!("/path/{}", "x".repeat(595))), refused(414, "E_URL_TOO_LONG")),
        ("query parameters", app.get(&format!("/take?{}", form(10))), good.clone()),
        ("query parameters", app.get(&format!("/take?{}", form(11))), refused(400, "E_TOO_MANY_PARAMETERS")),
        ("form fields", post(form_type, form(10)), good.clone()),
        ("form fields", post(form_type, form(11)), refused(400, "E_TOO_MANY_PARAMETERS")),
        ("depth", post(json_type, nested(4)), good.clone()),
        ("depth", post(json_type, nested(5)), refused(400, "E_TOO_DEEP")),
        ("body", post(json_type, format!("\"{}\"", "x".repeat(998))), good.clone()),
        ("body", post(json_type, format!("\"{}\"", "x".repeat(999))), refused(413, "E_BODY_TOO_LARGE")),
        ("headers", with_headers(10), good.clone()),
        ("headers", with_headers(21), refused(431, "E_TOO_MANY_HEADERS")),
    ] {
        assert_eq!(verdict(&request.await), expected, "{what}");
    }
    assert_eq!(app.get("/take").await.status(), 200, "the connection's worker goes on");
}

#[tokio::test]
async fn virtual_requests_have_the_bounds_of_inputs() {
    let app = app().await;
    let mut socket = app.socket().await;
    let deep: Value = serde_json::from_str(&nested(5)).unwrap();
    let flat: Value = serde_json::from_str(&nested(4)).unwrap();
    assert_eq!(socket.request("post", "/take", &flat).await["statusCode"], 200);
    let refused = socket.request("post", "/take", &deep).await;
    assert_eq!((&refused["statusCode"], &refused["body"]["code"]), (&json!(400), &json!("E_TOO_DEEP")));
    let many = (0..11).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(socket.request("get", &format!("/take?{many}"), &json!(null)).await["statusCode"], 400);
}

#[tokio::test]
async fn a_text_of_a_million_brackets_is_refused_and_nothing_falls() {
    let app = TestApp::start(App::new("deep").routes(|r| {
        r.post("/take", take);
    }))
    .await;
    let answer =
        app.post("/take").body("[".repeat(1_000_000)).header("Content-Type", "application/json").await;
    assert_eq!(verdict(&answer), (400, "E_TOO_DEEP".to_owned()));
}
