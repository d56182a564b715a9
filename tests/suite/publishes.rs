//! What model events cost on the bus: one publish each, however many instances there are.

use std::time::Duration;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::wait::{self, SOON};
use serde_json::{Value, json};

use crate::chat::named;

#[test]
fn an_event_is_one_publish_on_three_instances() {
    let cluster = Cluster::with_ports();
    let bases = cluster.bases();
    let ann = named(&bases[0], "ann");
    let listeners: Vec<_> = bases.iter().map(|base| crate::chat::joined(base, "listener")).collect();
    let mut sockets: Vec<_> = listeners.into_iter().map(|(socket, _)| socket).collect();
    for socket in &mut sockets {
        assert_eq!(socket.get("/message").status, 200);
    }
    let id = cost(&cluster, 3, "created, the author's addedTo, and everyone into the record's room", || {
        said(&ann, "hello")
    });
    for socket in &mut sockets {
        socket.next_where("message", |data| data["verb"] == "created" && data["id"] == id);
    }
    let path = format!("/message/{id}");
    cost(&cluster, 1, "updated", || {
        assert_eq!(json_request(&ann, "PATCH", &path, &json!({"body": "bye"})), 200)
    });
    for socket in &mut sockets {
        socket.next_where("message", |data| data["verb"] == "updated" && data["id"] == id);
    }
    cost(&cluster, 3, "destroyed, the author's removedFrom, and everyone out of the room", || {
        assert_eq!(json_request(&ann, "DELETE", &path, &json!({})), 200);
    });
    for socket in &mut sockets {
        socket.next_where("message", |data| data["verb"] == "destroyed" && data["id"] == id);
    }
}

fn json_request(http: &Http, method: &str, path: &str, body: &Value) -> u16 {
    let headers = [("content-type", "application/json"), ("origin", http.base())];
    http.send(method, path, &headers, &body.to_string()).status
}

fn said(http: &Http, body: &str) -> i64 {
    let answer = http.post_json("/message", &json!({ "body": body }));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["id"].as_i64().expect("an id")
}

/// Runs `work` and sees that it costs so many publishes, no more a moment later.
fn cost<T>(cluster: &Cluster, publishes: u64, what: &str, work: impl FnOnce() -> T) -> T {
    let before = cluster.redis().calls("publish");
    let done = work();
    let spent = || cluster.redis().calls("publish") - before;
    wait::until_true(what, SOON, || spent() >= publishes);
    // What another publish of the same change would need is long over.
    let more = wait::poll(Duration::from_millis(300), || (spent() > publishes).then(spent));
    assert_eq!(more, None, "{what}");
    done
}
