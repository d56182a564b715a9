//! Every client, over every transport, behind a balancer that sends each request to any instance.

use std::collections::BTreeSet;

use regatta_tests::cluster::Cluster;
use regatta_tests::node::Node;
use serde_json::{Value, json};

use crate::chat::named;

const POLLING: &[&str] = &["polling"];
const WEBSOCKET: &[&str] = &["websocket"];
const UPGRADE: &[&str] = &["polling", "websocket"];

/// Messages that every client hears, in this order.
const MESSAGES: usize = 20;

/// Clients that only poll, of the newest version.
const POLLERS: usize = 10;

struct Client {
    name: String,
    /// The transport it has in the end.
    ends_with: &'static str,
    script: Node,
}

impl Client {
    /// Starts a client and sees it connected.
    fn connect(base: &str, version: u8, transports: &'static [&'static str]) -> Self {
        let script = match version {
            PYTHON => Node::start_python("python.py"),
            SAILS => Node::start("sails-io.mjs"),
            _ => Node::start("socket-io.mjs"),
        };
        let name = format!("{} over {}", title(version), transports.join(", then "));
        let mut client = Self { name, ends_with: transports[transports.len() - 1], script };
        let connected = client.script.run(&json!({
            "do": "connect", "url": base, "version": version, "transports": transports,
        }));
        assert!(connected["id"].as_str().is_some_and(|id| id.len() == 20), "{}: {connected}", client.name);
        // None of them keeps a cookie: the socket itself has the session.
        client.ask("post", "/name", json!({ "name": title(version) }));
        client
    }

    fn ask(&mut self, verb: &str, url: &str, data: Value) -> Value {
        let mut reply =
            self.script.run(&json!({ "do": "ask", "event": verb, "data": { "url": url, "data": data } }));
        assert_eq!(reply["answer"]["statusCode"], 200, "{}: {reply}", self.name);
        reply["answer"]["body"].take()
    }

    /// The bodies of the next messages it hears of.
    fn hear(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                let report = self.script.next_where(&format!("a message for {}", self.name), |report| {
                    report["event"] == "message"
                });
                report["args"][0]["data"]["body"].as_str().unwrap_or_default().to_owned()
            })
            .collect()
    }
}

/// Numbers beside those of `socket.io-client`'s versions.
const PYTHON: u8 = 100;
const SAILS: u8 = 101;

fn title(version: u8) -> &'static str {
    match version {
        PYTHON => "python-socketio",
        SAILS => "sails.io.js",
        2 => "socket.io-client 2",
        3 => "socket.io-client 3",
        _ => "socket.io-client 4",
    }
}

/// Each connects, is answered, and hears what happens on other instances: in order, nothing lost, nothing twice.
pub(crate) fn every_client_over_every_transport(cluster: &Cluster, base: &str) {
    let mut rows: Vec<(u8, &'static [&'static str])> = Vec::new();
    for version in [4, 3, 2, SAILS] {
        rows.extend([POLLING, WEBSOCKET, UPGRADE].map(|transports| (version, transports)));
    }
    rows.extend([POLLING, WEBSOCKET].map(|transports| (PYTHON, transports)));
    rows.extend(std::iter::repeat_n((4, POLLING), POLLERS));

    let mut clients: Vec<_> =
        rows.into_iter().map(|(version, transports)| Client::connect(base, version, transports)).collect();
    let mut homes = BTreeSet::new();
    for client in &mut clients {
        homes.insert(client.ask("post", "/room/join", Value::Null)["instance"].to_string());
        assert_eq!(client.ask("get", "/message", Value::Null), json!([]), "{}", client.name);
        let transport = client.script.run(&json!({ "do": "transport" }));
        assert_eq!(transport["name"], client.ends_with, "{}", client.name);
    }
    assert_eq!(homes.len(), cluster.instances().len(), "they live on every instance");

    let bodies: Vec<_> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    let ann = named(&cluster.bases()[0], "Ann");
    for body in &bodies {
        assert_eq!(ann.post_json("/message", &json!({ "body": body })).status, 200);
    }
    for client in &clients {
        assert_eq!(client.hear(MESSAGES), bodies, "{}", client.name);
    }

    // What they send arrives as well, and all hear of it.
    for (number, client) in clients.iter_mut().enumerate() {
        let data = json!({ "url": "/message", "data": { "body": format!("said by {number}") } });
        client.script.send(&json!({ "do": "ask", "event": "post", "data": data }));
    }
    let said: BTreeSet<_> = (0..clients.len()).map(|number| format!("said by {number}")).collect();
    for (number, client) in clients.iter().enumerate() {
        let own = format!("said by {number}");
        let reports = client.script.reports(said.len() + 1);
        let (answers, events): (Vec<_>, Vec<_>) = reports.iter().partition(|report| report["done"] == "ask");
        assert_eq!(answers.len(), 1, "{}: {reports:?}", client.name);
        assert_eq!(answers[0]["answer"]["body"]["body"], own, "{}: {answers:?}", client.name);
        let body = |event: &&Value| event["args"][0]["data"]["body"].as_str().unwrap_or_default().to_owned();
        let heard: BTreeSet<_> = events.iter().map(body).collect();
        assert_eq!(heard, said, "{}", client.name);
    }
}
