//! Front ends of years ago: sails.io.js as it was published, on the client of Socket.IO 2 and Engine.IO 3.

use regatta_tests::node::Node;
use regatta_tests::ports;
use regatta_tests::scaffold::App;
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
