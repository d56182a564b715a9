use regatta_tests::node::Node;
use regatta_tests::socket::{Reply, Socket};
use regatta_tests::wait::SOON;
use serde_json::json;

use crate::stand_ins::socket_server;

#[test]
fn a_socket_asks_listens_and_notices_the_end() {
    let (port, frames) = socket_server();
    let mut socket = Socket::connect(&format!("http://127.0.0.1:{port}"), &[("cookie", "a=b")]);
    assert_eq!(socket.id(), "BBBBBBBBBBBBBBBBBBBB");

    let reply = socket.get("/message");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, json!(["get", {"method": "get", "headers": {}, "data": {}, "url": "/message"}]));
    assert!(socket.has("hello"), "an event that came before the answer is kept");
    assert_eq!(socket.next("hello"), json!({"n": 1}));
    assert!(matches!(socket.post("/name", &json!({"name": "Ann"})), Reply { status: 200, .. }));
    assert!(socket.is_open());

    socket.emit("bye", &json!({}));
    socket.closed();
    assert!(!socket.is_open());
    assert!(frames.try_iter().any(|frame| frame == "3"), "the ping was answered by itself");
}

#[test]
fn a_refused_socket_says_why() {
    let port = crate::stand_ins::site("one", "no sockets here");

    let refusal = Socket::try_connect(&format!("http://127.0.0.1:{port}"), &[]).unwrap_err();

    assert!(refusal.starts_with("200 OK"), "{refusal}");
}

#[test]
fn the_stock_client_is_driven_from_a_test() {
    let (port, frames) = socket_server();
    let mut client = Node::start("socket-io.mjs");

    let connected = client.run(&json!({"do": "connect", "url": format!("http://127.0.0.1:{port}")}));
    assert_eq!(connected["id"], "BBBBBBBBBBBBBBBBBBBB");
    let asked = client.run(&json!({"do": "ask", "event": "get", "data": {"url": "/message"}}));
    assert_eq!(asked["answer"]["statusCode"], 200);

    client.send(&json!({"do": "emit", "event": "bye", "data": {}}));
    client.next_where("disconnect", |report| report["lifecycle"] == "disconnect");
    let first = frames.recv_timeout(SOON).expect("a frame");
    assert!(first == "3" || first == "40", "{first}");
}
