//! Front ends of years ago: sails.io.js as it was published, on the client of Socket.IO 2 and Engine.IO 3.

use std::fs;
use std::path::Path;

use regatta_tests::chromium::Chromium;
use regatta_tests::http::Http;
use regatta_tests::node::Node;
use regatta_tests::ports;
use regatta_tests::scaffold::App;
use regatta_tests::wait::SOON;
use serde_json::json;

use crate::chat::{bodies, named};

#[test]
fn sails_io_js_requests_and_hears_the_models_events() {
    let app = App::new();
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let mut client = Node::start("sails-io.mjs");
    let connected = client.run(&json!({"do": "connect", "url": base}));
    assert!(connected["id"].as_str().is_some_and(|id| id.len() == 20), "{connected}");

    let mut ask = |verb: &str, data: serde_json::Value| {
        client.run(&json!({"do": "ask", "event": verb, "data": data}))["answer"].take()
    };
    assert_eq!(ask("get", json!({"url": "/message"})), json!({"body": [], "statusCode": 200}));
    let named_over_socket = ask("post", json!({"url": "/name", "data": {"name": "Old"}}));
    assert_eq!(named_over_socket["body"]["name"], "Old", "the cookie-less socket keeps its session");
    assert_eq!(ask("post", json!({"url": "/message", "data": {"body": "from the past"}}))["statusCode"], 200);
    assert_eq!(ask("get", json!({"url": "/no-such-route"}))["statusCode"], 404);

    named(&base, "New").post_json("/message", &json!({"body": "from today"}));
    let event = client.next_where("the event of today's message", |report| {
        report["event"] == "message" && report["args"][0]["data"]["body"] == "from today"
    });
    assert_eq!(event["args"][0]["verb"], "created");
    let listed = client.run(&json!({"do": "ask", "event": "get", "data": {"url": "/message?sort=id"}}));
    assert_eq!(bodies(&listed["answer"]["body"]), ["from the past", "from today"]);
}

#[test]
fn a_page_on_another_origin_is_given_the_session_of_its_socket() {
    let app = App::new();
    let published =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/node_modules/sails.io.js/dist/sails.io.js");
    let script =
        fs::read_to_string(&published).unwrap_or_else(|error| panic!("{}: {error}", published.display()));
    app.write("assets/sails.io.js", &script);
    app.write(
        "assets/old.html",
        "<!doctype html><script src=/assets/sails.io.js autoConnect=false></script>",
    );
    // A page says where its scripts may come from: this one takes the cookie's script from the other origin.
    let anywhere = ("REGATTA__SECURITY__CONTENT_SECURITY_POLICY", "default-src * 'unsafe-inline'");
    let (_pages, page_base) = app.lift_one(ports::free(), &[anywhere]);
    let allowed = ("REGATTA__SOCKETS__ALLOWED_ORIGINS", page_base.as_str());
    let (_process, base) = app.lift_one(ports::free(), &[allowed]);

    let browser = Chromium::new();
    let page = browser.open(&format!("{page_base}/assets/old.html"));
    page.evaluate(&format!("void (window.server = io.sails.connect('{base}'))"));
    page.wait_for("server.isConnected()", SOON);
    page.evaluate("void server.post('/name', {name: 'Ann'}, (body) => { window.named = body })");
    page.wait_for("window.named?.name === 'Ann'", SOON);

    // The cookie belongs to the host, so that a page of the server itself is the same visitor.
    page.go(&format!("{base}/"));
    page.wait_for("document.body.innerText.includes('Ann')", SOON);
}

#[test]
fn the_script_with_the_cookie_is_the_one_old_clients_wait_for() {
    let app = App::new();
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let http = Http::new(&base);
    let ask = |origin: &str| http.send("GET", "/__getcookie?callback=x", &[("origin", origin)], "");

    let first = ask(&base);
    assert_eq!((first.status, first.body.as_str()), (200, "_sailsIoJSConnect();"));
    assert_eq!(first.header("content-type"), Some("application/javascript"));
    assert_eq!(first.header("access-control-allow-origin"), Some(base.as_str()));
    assert!(first.header("set-cookie").is_some_and(|cookie| cookie.starts_with("regatta=")), "{first:?}");

    let known = http.get("/__getcookie");
    assert_eq!(known.header("set-cookie"), None, "a session that lives is kept");
    assert_eq!(ask("https://elsewhere.example").header("access-control-allow-origin"), None);

    let off = [("REGATTA__SOCKETS__GRANT_THIRD_PARTY_COOKIE", "false")];
    let (_without, base) = app.lift_one(ports::free(), &off);
    assert_eq!(Http::new(&base).get("/__getcookie").status, 404);
}
