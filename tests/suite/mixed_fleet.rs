//! A stock Socket.IO server on `@socket.io/redis-adapter` in one fleet with three instances of the app.

use std::collections::BTreeSet;

use regatta_tests::cluster::Cluster;
use regatta_tests::harbour::Harbour;
use regatta_tests::node::Node;
use regatta_tests::redis::Redis;
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

#[test]
fn servers_of_both_kinds_talk_to_each_other() {
    let redis = Redis::new();
    let instances = [(); 2].map(|()| Harbour::start(env!("CARGO_BIN_EXE_harbour"), Some(&redis)));
    let mut node = Node::start("node-server.mjs");
    node.run(&json!({"do": "start", "redis": redis.url()}));
    let mut client = Node::start("namespaces.mjs");
    client.run(&json!({"do": "connect", "as": "a", "url": instances[0].base()}));
    let ask = |client: &mut Node, event: &str, args: Value| {
        client.run(&json!({"do": "ask", "as": "a", "event": event, "args": args}))["answer"][0].take()
    };

    let loads = |answers: &Value| -> Vec<Value> {
        answers.as_array().into_iter().flatten().map(|answer| answer["load"].clone()).collect()
    };
    let answers = node.run(&json!({"do": "askServers", "factor": 21}));
    assert_eq!(loads(&answers["answers"]), [42, 42], "{answers}");
    let asked = ask(&mut client, "ask servers", json!([4]));
    assert_eq!(loads(&asked["found"]), [8, 8], "{asked}");
    assert!(asked["found"].as_array().is_some_and(|found| found.iter().any(|one| one["instance"] == "node")));

    node.run(&json!({"do": "tellServers", "note": {"n": 1}}));
    let noted = client.next_where("the note", |report| report["event"] == "noted");
    assert_eq!(noted["args"], json!([{"n": 1}, "from node"]));
    ask(&mut client, "tell servers", json!(["hello"]));
    assert_eq!(node.run(&json!({"do": "heard"}))["heard"], json!([["hello", "from a fellow"]]));
}
