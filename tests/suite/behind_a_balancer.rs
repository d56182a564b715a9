//! What holds behind every balancer, whichever instance a connection or a request reaches.

use std::collections::BTreeSet;
use std::thread;

use regatta_tests::chromium::Chromium;
use regatta_tests::cluster::Cluster;
use regatta_tests::full_size;
use regatta_tests::http::Http;
use regatta_tests::node::Node;
use regatta_tests::wait::SOON;
use serde_json::{Value, json};

use crate::chat::{ChatPage, named};

const PAGES: usize = 12;

/// Two pages on different instances see each other's presence and messages.
pub(crate) fn pages_on_different_instances_see_each_other(cluster: &Cluster, base: &str) {
    let instances = cluster.instances();
    let browser = Chromium::new();
    let ann = ChatPage::enter(&browser, base, "Ann");
    let home = ann.instance(&instances);
    let ben = (0..PAGES)
        .map(|visitor| {
            // Pages ask equally often: without other requests between them a round robin may give each the same.
            (0..=visitor % 3).for_each(|_| drop(Http::new(base).get("/livez")));
            ChatPage::enter(&browser, base, &format!("Ben-{visitor}"))
        })
        .find(|page| page.instance(&instances) != home)
        .unwrap_or_else(|| panic!("{PAGES} pages, all on {home:?}"));

    ann.wait_sees("Ben-", SOON);
    ben.wait_sees("Ann", SOON);
    ann.say("from one instance");
    ben.wait_sees("from one instance", SOON);
    ben.say("from the other");
    ann.wait_sees("from the other", SOON);

    drop(browser);
    assert_eq!(ann.page.errors(), Vec::<String>::new());
    assert_eq!(ben.page.errors(), Vec::<String>::new());
}

/// All requests of one client reach the same instance, those of a client that polls among them.
pub(crate) fn a_client_stays_at_one_instance(base: &str) {
    let http = Http::new(base);
    let seen: BTreeSet<_> = (0..12).map(|_| http.get("/visits").instance()).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");

    let mut client = Node::start("socket-io.mjs");
    let connected =
        client.run(&json!({"do": "connect", "url": base, "version": 4, "transports": ["polling"]}));
    assert!(connected["id"].is_string(), "{connected}");
}

/// A session's counter counts every request of a session whose requests go round the instances, and so do those of
/// several sessions at once.
pub(crate) fn no_visit_is_lost(cluster: &Cluster, base: &str) {
    let visits: u64 = if full_size() { 3_000 } else { 300 };
    let known: BTreeSet<_> = cluster.instances().into_iter().map(|instance| instance.id).collect();
    let http = Http::new(base);

    let mut seen = BTreeSet::new();
    for visit in 1..=visits {
        let answer = http.get("/visits");
        assert_eq!(answer.json()["visits"], visit, "{answer:?}");
        seen.insert(answer.instance());
    }
    assert_eq!(seen, known);

    let sessions = 6;
    thread::scope(|scope| {
        for _ in 0..sessions {
            scope.spawn(|| {
                let http = Http::new(base);
                for visit in 1..=visits / sessions {
                    assert_eq!(http.get("/visits").json()["visits"], visit);
                }
            });
        }
    });
}

/// `socket.io-client` from npm gets an answer by ack, and the event of what happens on another instance.
pub(crate) fn the_stock_client_hears_another_instance(cluster: &Cluster, base: &str) {
    let ann = named(base, "Ann");
    let mut client = Node::start("socket-io.mjs");
    let headers = json!({"cookie": ann.cookie(), "origin": base});
    let connected = client.run(&json!({"do": "connect", "url": base, "headers": headers}));
    assert!(connected["id"].is_string(), "{connected}");
    let mut ask = |method: &str, url: &str| -> Value {
        let reply = client.run(&json!({"do": "ask", "event": method, "data": {"url": url}}));
        assert_eq!(reply["answer"]["statusCode"], 200, "{reply}");
        reply["answer"]["body"].clone()
    };
    let home = ask("post", "/room/join")["instance"].clone();
    assert_eq!(ask("get", "/message"), json!([]));

    let elsewhere = cluster.bases().into_iter().find(|base| home != Http::new(base).get("/livez").instance());
    let elsewhere = ann.at(&elsewhere.expect("an instance that is not the client's"));
    let said = elsewhere.post_json("/message", &json!({"body": "from afar"}));
    assert_eq!(said.status, 200, "{said:?}");
    assert_ne!(home, said.instance());

    let event = client.next_where("message event", |report| report["event"] == "message");
    let event = &event["args"][0];
    assert_eq!(event["verb"], "created");
    assert_eq!(event["id"], said.json()["id"]);
    assert_eq!(event["data"]["body"], "from afar");
    assert!(event["data"].get("ip").is_none(), "{event}");
}
