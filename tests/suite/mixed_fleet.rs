//! A stock Socket.IO server on `@socket.io/redis-adapter` in one fleet with three instances of the app.

use std::collections::BTreeSet;

use regatta_tests::cluster::Cluster;
use regatta_tests::node::Node;
use serde_json::{Value, json};

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[test]
fn a_node_server_finds_and_asks_the_sockets_of_the_app() {
    let cluster = Cluster::with_ports();
    let mut node = Node::start("node-server.mjs");
    let started = node.run(&json!({"do": "start", "redis": cluster.redis().url()}));
    let own = started["url"].as_str().expect("the server's address").to_owned();
    let bases = [cluster.bases(), vec![own]].concat();
    let mut ids = BTreeSet::new();
    for base in &bases {
        let connected = node.run(&json!({"do": "client", "url": base}));
        ids.insert(connected["id"].as_str().unwrap_or_else(|| panic!("{connected}")).to_owned());
    }

    let fetched = node.run(&json!({"do": "fetch"}));
    let sockets = fetched["sockets"].as_array().unwrap_or_else(|| panic!("{fetched}"));
    let found: BTreeSet<_> =
        sockets.iter().filter_map(|socket| socket["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(found, ids, "every socket of four servers, and no time out");
    assert!(
        sockets.iter().all(|socket| texts(&socket["rooms"]).contains(socket["id"].as_str().unwrap_or("")))
    );

    let one = ids.first().expect("a socket");
    let fetched = node.run(&json!({"do": "fetch", "room": one}));
    assert_eq!(fetched["sockets"].as_array().map(Vec::len), Some(1), "{fetched}");
    assert!(texts(&node.run(&json!({"do": "rooms"}))["rooms"]).is_superset(&ids), "a room for each socket");

    let asked = node.run(&json!({"do": "ask", "number": 21}));
    assert_eq!(asked["answers"], json!([42, 42, 42, 42]), "each client has acknowledged: {asked}");
}
