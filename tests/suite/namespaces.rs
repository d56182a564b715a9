//! Namespaces, and the app's say in who enters, with the stock clients of Socket.IO on two instances.

use std::cell::RefCell;

use regatta_tests::harbour::Harbour;
use regatta_tests::node::Node;
use regatta_tests::process::{self, Signal};
use regatta_tests::redis::Redis;
use serde_json::{Value, json};

/// Two instances, and stock clients.
struct Port {
    // Ended in this order.
    node: Node,
    instances: [Harbour; 2],
    /// What was reported while something else was awaited.
    reports: RefCell<Vec<Value>>,
    _redis: Redis,
}

impl Port {
    fn new() -> Self {
        let redis = Redis::new();
        let instances = [(); 2].map(|()| Harbour::start(env!("CARGO_BIN_EXE_harbour"), Some(&redis)));
        Self { node: Node::start("namespaces.mjs"), instances, reports: RefCell::default(), _redis: redis }
    }

    /// Connects a socket `name` to an instance; its id, or why it was refused.
    fn connect(&mut self, name: &str, instance: usize, namespace: &str, auth: Value) -> Value {
        let url = self.instances[instance].base();
        let command = json!({"do": "connect", "as": name, "url": url, "namespace": namespace, "auth": auth});
        self.run(&command)
    }

    fn enter(&mut self, name: &str, instance: usize, namespace: &str) -> String {
        let auth = json!({"token": "sesame"});
        let connected = self.connect(name, instance, namespace, auth);
        connected["id"].as_str().unwrap_or_else(|| panic!("{connected}")).to_owned()
    }

    /// Another socket on the connection of `with`.
    fn share(&mut self, name: &str, with: &str, namespace: &str) -> Value {
        let auth = json!({"token": "sesame"});
        self.node
            .run(&json!({"do": "connect", "as": name, "with": with, "namespace": namespace, "auth": auth}))
    }

    fn run(&mut self, command: &Value) -> Value {
        self.node.send(command);
        self.next(&format!("answer to {command}"), |report| report["done"] == command["do"])
    }

    /// The next report that satisfies `wanted`.
    fn next(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut reports = self.reports.borrow_mut();
        if let Some(found) = reports.iter().position(&wanted) {
            return reports.remove(found);
        }
        let reports = RefCell::new(reports);
        self.node.next_where(what, |report| {
            let is_wanted = wanted(report);
            if !is_wanted {
                reports.borrow_mut().push(report.clone());
            }
            is_wanted
        })
    }

    fn ask(&mut self, name: &str, event: &str, args: Value) -> Value {
        self.run(&json!({"do": "ask", "as": name, "event": event, "args": args}))["answer"].take()
    }

    fn hears(&self, name: &str, event: &str) -> Value {
        let heard = |report: &Value| report["to"] == name && report["event"] == event;
        self.next(&format!("{event} for {name}"), heard)["args"].take()
    }

    fn left(&self, name: &str) -> Value {
        let gone = |report: &Value| report["to"] == name && report["lifecycle"] == "disconnect";
        self.next(&format!("end of {name}"), gone)["reason"].take()
    }
}

#[test]
fn what_is_said_in_a_namespace_stays_there_on_every_instance() {
    let mut port = Port::new();
    for (name, instance, namespace) in [
        ("a", 0, "/"),
        ("b", 1, "/"),
        ("admin a", 0, "/admin"),
        ("admin b", 1, "/admin"),
        ("berth", 1, "/berth/7"),
    ] {
        let id = port.enter(name, instance, namespace);
        assert_eq!(id.len(), 20, "{id}");
        port.ask(name, "join", json!(["room"]));
    }
    assert_eq!(port.hears("admin b", "greeting"), json!(["/admin"]));
    port.enter("other berth", 0, "/berth/8");

    for from in ["a", "admin a"] {
        assert_eq!(
            port.ask(from, "tell", json!([{"room": "room", "event": "word", "data": from}])),
            json!(["told"])
        );
        let other = if from == "a" { "b" } else { "admin b" };
        assert_eq!(port.hears(other, "word"), json!([from]));
    }
    // Whatever else they got would have come before this.
    for (namespace, name) in
        [("/", "b"), ("/admin", "admin b"), ("/berth/7", "berth"), ("/berth/8", "other berth")]
    {
        port.ask("a", "tell", json!([{"namespace": namespace, "event": "end", "data": namespace}]));
        let next = port.next("the next event", |report| report["to"] == name);
        assert_eq!((&next["event"], &next["args"]), (&json!("end"), &json!([namespace])), "{name}");
    }
    let answer = port.ask("berth", "number", json!([]));
    assert_eq!(answer, json!([{"number": 7, "namespace": "/berth/7"}]));
}

#[test]
fn sockets_of_a_namespace_are_found_on_every_instance() {
    let mut port = Port::new();
    for namespace in ["/", "/admin", "/berth/7"] {
        let mut ids = [0, 1].map(|instance| {
            let name = format!("{namespace} {instance}");
            let id = port.enter(&name, instance, namespace);
            port.ask(&name, "join", json!(["room"]));
            id
        });
        let mut found = port.ask(&format!("{namespace} 0"), "fetch", json!(["room"]))[0].take();
        ids.sort_unstable();
        let list = found["ids"].as_array_mut().expect("ids");
        list.sort_unstable_by_key(ToString::to_string);
        assert_eq!(found, json!({"ids": ids, "names": [], "asked": 1, "answered": 1}), "{namespace}");
    }
}

#[test]
fn a_connection_has_a_socket_in_each_namespace_and_leaves_them_one_by_one() {
    let mut port = Port::new();
    port.enter("root", 0, "/");
    port.enter("watcher", 1, "/");
    port.ask("watcher", "join", json!(["watch"]));
    let admin = port.share("admin", "root", "/admin")["id"].clone();
    port.share("plain", "root", "/plain");
    assert!(admin.is_string());
    port.ask("admin", "join", json!(["quay"]));

    port.run(&json!({"do": "leave", "as": "admin"}));
    assert_eq!(port.left("admin"), "io client disconnect");
    let told = port.hears("watcher", "left");
    assert_eq!(told[0]["id"], admin);
    assert_eq!(
        (&told[0]["namespace"], &told[0]["reason"]),
        (&json!("/admin"), &json!("client namespace disconnect"))
    );
    let mut rooms = told[0]["rooms"].as_array().cloned().unwrap_or_default();
    rooms.sort_unstable_by_key(ToString::to_string);
    assert_eq!(rooms, ["greeted", "quay"]);
    assert_eq!(port.ask("root", "rooms", json!([])), json!([[]]), "the connection is still there");

    assert!(port.share("admin again", "root", "/admin")["id"].is_string(), "it may come back");
    port.node.send(&json!({"do": "emit", "as": "admin again", "event": "leave me", "args": [false]}));
    assert_eq!(port.left("admin again"), "io server disconnect");
    assert_eq!(port.hears("watcher", "left")[0]["reason"], "server namespace disconnect");
    assert_eq!(port.ask("root", "rooms", json!([])), json!([[]]));

    assert_eq!(port.ask("root", "visits", json!([])), json!([1]));
    port.node.send(&json!({"do": "emit", "as": "root", "event": "leave me", "args": [true]}));
    assert_eq!(port.left("plain"), "io server disconnect");
    let told = port.hears("watcher", "left");
    assert_eq!(
        (&told[0]["namespace"], &told[0]["reason"]),
        (&json!("/"), &json!("server namespace disconnect"))
    );
    assert_eq!(told[0]["visits"], 1, "the session is there");
}

#[test]
fn the_app_decides_who_enters() {
    let mut port = Port::new();
    let refused = port.connect("barred", 0, "/", json!({"barred": "you owe a fee"}));
    assert_eq!(
        refused["refused"],
        json!({
            "message": "you owe a fee",
            "data": {"code": "E_FORBIDDEN", "details": "at the quay", "status": 403},
        })
    );
    let refused = port.connect("nobody", 0, "/admin", json!({}));
    let data = json!({"code": "E_UNAUTHORIZED", "hint": "sesame", "status": 401});
    assert_eq!(refused["refused"], json!({"message": "no token", "data": data}));
    let refused = port.connect("lost", 0, "/no such", json!({}));
    assert_eq!(refused["refused"], json!({"message": "Invalid namespace"}));
    let refused = port.connect("deep", 0, "/berth/7/deck", json!({}));
    assert_eq!(refused["refused"]["message"], "Invalid namespace");

    port.enter("first", 0, "/");
    for (n, namespace) in ["/admin", "/plain", "/berth/1"].into_iter().enumerate() {
        assert!(port.share(&format!("more {n}"), "first", namespace)["id"].is_string());
    }
    assert_eq!(port.share("too many", "first", "/berth/2")["refused"]["message"], "Too many namespaces");
}

#[test]
fn events_have_their_handlers_and_all_others_one() {
    let mut port = Port::new();
    port.enter("admin", 0, "/admin");
    let answer = port.ask("admin", "what is this?", json!([1, "two"]));
    assert_eq!(answer, json!([{"any": "what is this?", "args": [1, "two"]}]));
    assert_eq!(port.ask("admin", "get", json!([{"url": "/"}])), json!(["no virtual request"]));
}

#[test]
fn a_broken_connection_is_told_as_such() {
    let mut port = Port::new();
    port.enter("watcher", 1, "/");
    port.ask("watcher", "join", json!(["watch"]));
    let id = port.enter("admin", 0, "/admin");
    port.run(&json!({"do": "cut", "as": "admin"}));
    let told = port.hears("watcher", "left");
    assert_eq!((&told[0]["id"], &told[0]["reason"]), (&json!(id), &json!("transport close")));
    port.enter("second", 0, "/admin");
    process::send(port.instances[0].process().pid(), Signal::TERM);
    assert_eq!(port.hears("watcher", "left")[0]["reason"], "server shutting down");
}

#[test]
fn clients_of_socket_io_2_have_namespaces_too() {
    let mut port = Port::new();
    let mut connect = |name: &str, with: Option<&str>, namespace: &str| {
        let url = port.instances[0].base();
        let mut command =
            json!({"do": "connect", "as": name, "url": url, "namespace": namespace, "version": 2});
        command["auth"] = json!({"token": "sesame"});
        if let Some(with) = with {
            command["with"] = json!(with);
        }
        port.run(&command)
    };
    let root = connect("root", None, "/");
    let root = root["id"].as_str().expect("an id").to_owned();
    let admin = connect("admin", Some("root"), "/admin");
    assert_eq!(admin["id"], json!(format!("/admin#{root}")), "{admin}");
    assert_eq!(connect("no", Some("root"), "/plains")["refused"], "Invalid namespace");
    port.enter("new", 1, "/admin");
    assert_eq!(port.ask("admin", "join", json!(["quay"])), json!([["greeted", "quay"]]));
    port.ask("new", "tell", json!([{"room": "quay", "event": "word", "data": "old and new"}]));
    assert_eq!(port.hears("admin", "word"), json!(["old and new"]));
}

#[test]
fn events_carry_as_many_arguments_as_they_like() {
    let mut port = Port::new();
    port.enter("a", 0, "/");
    port.enter("b", 1, "/");
    assert_eq!(port.ask("a", "place", json!([3, 4, "knight"])), json!([7, "knight"]));
    assert_eq!(port.hears("b", "placed"), json!([3, 4, "knight"]));
    assert_eq!(port.ask("a", "none", json!([])), json!([]));
    assert_eq!(port.ask("a", "place", json!([3]))[0]["code"], "E_BAD_REQUEST");
    assert_eq!(
        port.ask("a", "quiz", json!([])),
        json!([{"one": "a", "wrong": true, "anywhere": "a", "all": ["a"]}])
    );
    assert_eq!(port.hears("a", "question"), json!([1, 2]));
}

#[test]
fn what_the_app_keeps_about_a_socket_is_seen_everywhere() {
    let mut port = Port::new();
    for (name, instance) in [("a", 0), ("b", 1)] {
        port.enter(name, instance, "/");
        port.ask(name, "join", json!(["room"]));
    }
    assert_eq!(port.ask("a", "keep", json!(["Ada"])), json!([{"kept": "Ada", "gone": 1, "wrong": true}]));
    assert_eq!(port.ask("b", "fetch", json!(["room"]))[0]["names"], json!(["Ada"]));
}

#[test]
fn a_socket_elsewhere_has_joined_when_the_server_says_so() {
    let mut port = Port::new();
    port.enter("a", 0, "/");
    let moved = port.enter("b", 1, "/");
    port.enter("c", 1, "/");
    for round in 0..20 {
        let room = format!("room {round}");
        assert_eq!(port.ask("a", "move", json!([moved, room, true])), json!(["moved"]));
        // From the socket's own instance, which the other has not told anything but to join.
        port.ask("c", "tell", json!([{"room": room, "event": "word", "data": round}]));
        assert_eq!(port.hears("b", "word"), json!([round]));
        assert_eq!(
            port.ask("c", "move", json!([moved, room, false])),
            json!(["moved"]),
            "on its own instance"
        );
        assert_eq!(port.ask("b", "rooms", json!([])), json!([[]]));
    }
}

#[test]
fn instances_talk_to_each_other() {
    let mut port = Port::new();
    port.enter("a", 0, "/");
    port.enter("b", 1, "/");
    let asked = port.ask("a", "ask servers", json!([21]))[0].take();
    assert_eq!((&asked["asked"], &asked["answered"]), (&json!(1), &json!(1)));
    assert_eq!(asked["found"][0]["load"], 42);
    assert!(asked["found"][0]["instance"].is_string());
    port.ask("a", "tell servers", json!([{"n": 1}]));
    assert_eq!(port.hears("b", "noted"), json!([{"n": 1}, "from a fellow"]));
}
