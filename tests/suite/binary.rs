//! Binary values in events, with the stock clients of Socket.IO and a Node server.

use regatta_tests::harbour::Harbour;
use regatta_tests::node::Node;
use regatta_tests::redis::Redis;
use regatta_tests::socket::Socket;
use regatta_tests::wait::SOON;
use regatta_tests::wire::{Frame, Wire};
use serde_json::{Value, json};

fn harbour(redis: Option<&Redis>) -> Harbour {
    Harbour::start(env!("CARGO_BIN_EXE_harbour"), redis)
}

/// What a client sends.
fn bytes(bytes: &[u8]) -> Value {
    json!({ "bytes": bytes })
}

/// What it reports of what it got.
fn buffer(bytes: &[u8]) -> Value {
    json!({ "type": "Buffer", "data": bytes })
}

fn connect(node: &mut Node, name: &str, base: &str, more: Value) {
    let mut command = json!({"do": "connect", "as": name, "url": base});
    for (key, value) in more.as_object().into_iter().flatten() {
        command[key] = value.clone();
    }
    let connected = node.run(&command);
    assert!(connected["id"].is_string(), "{connected}");
}

fn ask(node: &mut Node, name: &str, event: &str, args: Value) -> Value {
    node.run(&json!({"do": "ask", "as": name, "event": event, "args": args}))["answer"].take()
}

fn hears(node: &Node, name: &str, event: &str) -> Value {
    let heard = |report: &Value| report["to"] == name && report["event"] == event;
    node.next_where(&format!("{event} for {name}"), heard)["args"].take()
}

fn values_come_back(more: &Value) {
    let harbour = harbour(None);
    let mut node = Node::start("namespaces.mjs");
    connect(&mut node, "a", harbour.base(), more.clone());
    let sent = json!([1, bytes(&[0, 4, 255]), {"deep": [bytes(&[]), "text"]}, bytes(&[7; 300])]);
    let expected = json!([1, buffer(&[0, 4, 255]), {"deep": [buffer(&[]), "text"]}, buffer(&[7; 300])]);
    assert_eq!(ask(&mut node, "a", "echo", sent), expected);
    assert_eq!(ask(&mut node, "a", "echo one", json!([{"x": bytes(&[9])}])), json!([{"x": buffer(&[9])}]));
    assert_eq!(ask(&mut node, "a", "echo bytes", json!([bytes(&[4, 5])])), json!([buffer(&[4, 5])]));
    let painted = ask(&mut node, "a", "paint", json!([{"name": "p", "pixels": bytes(&[1, 2, 3])}]));
    assert_eq!(painted, json!([3, buffer(&[3, 2, 1])]));
    let fake = json!([{"_placeholder": true, "num": 0}, 1]);
    assert_eq!(ask(&mut node, "a", "echo", fake.clone()), fake, "data like any other");
}

#[test]
fn binary_values_come_back_as_they_were() {
    values_come_back(&json!({}));
}

#[test]
fn they_do_over_long_polling() {
    values_come_back(&json!({"transports": ["polling"]}));
}

#[test]
fn they_do_to_clients_of_socket_io_2() {
    values_come_back(&json!({"version": 2}));
    values_come_back(&json!({"version": 2, "transports": ["polling"]}));
}

#[test]
fn a_client_acknowledges_with_binary_values() {
    let harbour = harbour(None);
    let mut node = Node::start("namespaces.mjs");
    connect(&mut node, "a", harbour.base(), json!({"answers": [bytes(&[8, 9])]}));
    assert_eq!(ask(&mut node, "a", "ask for bytes", json!([])), json!([[8, 9]]));
}

#[test]
fn binary_values_reach_every_server_of_the_fleet() {
    let redis = Redis::new();
    let instances = [(); 2].map(|()| harbour(Some(&redis)));
    let mut server = Node::start("node-server.mjs");
    let own = server.run(&json!({"do": "start", "redis": redis.url()}))["url"].take();
    let own = own.as_str().expect("the server's address");
    let mut node = Node::start("namespaces.mjs");
    for (name, base) in [("a", instances[0].base()), ("b", instances[1].base()), ("n", own)] {
        connect(&mut node, name, base, json!({}));
    }

    node.send(
        &json!({"do": "emit", "as": "a", "event": "pass on", "args": [bytes(&[1, 2]), {"n": bytes(&[3])}]}),
    );
    let expected = json!([buffer(&[1, 2]), {"n": buffer(&[3])}]);
    let mut heard = [None, None];
    node.next_where("both", |report| {
        for (place, name) in ["b", "n"].into_iter().enumerate() {
            if report["to"] == name && report["event"] == "passed on" {
                heard[place] = Some(report["args"].clone());
            }
        }
        heard.iter().all(Option::is_some)
    });
    assert_eq!(heard, [Some(expected.clone()), Some(expected)]);

    server.run(&json!({"do": "broadcastBytes", "bytes": [6, 7]}));
    assert_eq!(hears(&node, "a", "from node"), json!([{"deep": buffer(&[6, 7])}, "text"]));
}

#[test]
fn who_breaks_the_rules_of_packets_is_let_go() {
    let harbour = harbour(None);
    let enter = || {
        let wire = Socket::open(harbour.base(), &[]).expect("a connection");
        wire.send("40");
        wire
    };
    let ends =
        |wire: &Wire| std::iter::from_fn(|| wire.next(SOON)).any(|frame| matches!(frame, Frame::Closed(_)));
    for packets in [
        &["40"][..],
        &["42/admin,[\"x\"]"],
        &["41/admin,"],
        &["4511-[\"x\",{\"_placeholder\":true,\"num\":0}]"],
        &["451-[\"x\",{\"_placeholder\":true,\"num\":1}]"],
        &["451-[\"x\",{\"_placeholder\":true,\"num\":0}]", "42[\"rooms\"]"],
        // The attachment never comes.
        &["451-[\"x\",{\"_placeholder\":true,\"num\":0}]"],
    ] {
        let wire = enter();
        packets.iter().for_each(|packet| wire.send(*packet));
        assert!(ends(&wire), "{packets:?}");
    }
    let wire = enter();
    wire.send("451-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    wire.send_binary(&vec![0; 999_999]);
    wire.send("421[\"rooms\"]");
    let answered =
        std::iter::from_fn(|| wire.next(SOON)).any(|frame| frame == Frame::Text("431[[]]".to_owned()));
    assert!(answered, "as much as a message may have is accepted");
    let wire = enter();
    wire.send("452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
    wire.send_binary(&vec![0; 600_000]);
    wire.send_binary(&vec![0; 600_000]);
    assert!(ends(&wire), "more than a message may have, together");
}
