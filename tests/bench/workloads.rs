//! What both sides are asked, and that they answer the same.

use regatta_tests::http::{Answer, Http};
use serde_json::Value;

use crate::contest::{Contest, Entry};
use crate::side::Side;

/// More visitors than connections, so that the requests of one session follow each other as those of people do.
const VISITORS: usize = 200;

const ROWS: usize = 20;

/// All workloads, the hand-written side first, after a look at both sides' answers.
///
/// # Panics
/// When the answers differ.
pub(crate) fn all<'a>(raw: &'a Side, app: &'a Side) -> Vec<Contest<'a>> {
    let plain = |title, path| {
        let entry = |side| Entry { side, note: "", path, cookies: Vec::new() };
        Contest { title, entries: vec![entry(raw), entry(app)] }
    };
    let visits = |side, note, path| Entry { side, note, path, cookies: visitors(side, path) };

    same_answer(raw, app, "/hello");
    for path in ["/message?limit=20&populate=false", "/message?limit=20"] {
        is_a_list_of_messages(&same_answer(raw, app, path));
    }
    for (side, path) in [(raw, "/visits"), (raw, "/visits-pooled"), (app, "/visits")] {
        counts_visits(side, path);
    }
    vec![
        plain("hello", "/hello"),
        Contest {
            title: "session counter in Redis",
            entries: vec![
                visits(raw, "one multiplexed connection", "/visits"),
                visits(app, "", "/visits"),
                visits(raw, "deadpool's default pool", "/visits-pooled"),
            ],
        },
        plain("20 messages from PostgreSQL", "/message?limit=20&populate=false"),
        plain("20 messages with their authors", "/message?limit=20"),
    ]
}

/// The answer that both sides give, to the byte.
fn same_answer(raw: &Side, app: &Side, path: &str) -> Value {
    let [ours, theirs] = [app, raw].map(|side| Http::new(side.base()).get(path));
    assert_eq!((ours.status, theirs.status), (200, 200), "{path}: {ours:?} {theirs:?}");
    assert!(is_json(&ours) && is_json(&theirs), "{path}: {ours:?} {theirs:?}");
    assert_eq!(
        ours.body, theirs.body,
        "{path} is answered differently by the app (left) and by hand (right)"
    );
    ours.json()
}

fn is_json(answer: &Answer) -> bool {
    answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
}

/// A full page, every message with its author and none with the address it came from.
fn is_a_list_of_messages(list: &Value) {
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), ROWS, "the app was seeded");
    for message in list {
        assert!(!message["author"].is_null(), "a message without author: {message}");
        assert!(message.get("ip").is_none(), "a private attribute: {message}");
    }
}

/// Each visitor is counted alone from 1 on, and a cookie that was changed belongs to nobody.
fn counts_visits(side: &Side, path: &str) {
    let visit = |http: &Http| {
        let answer = http.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let body = answer.json();
        let names: Vec<_> = body.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(names, ["visits", "instance"], "{body}");
        assert!(body["instance"].is_string(), "{body}");
        body["visits"].as_u64().expect("a number")
    };
    let (one, other) = (Http::new(side.base()), Http::new(side.base()));
    assert_eq!([visit(&one), visit(&one), visit(&one), visit(&other), visit(&one)], [1, 2, 3, 1, 4]);

    // The first character of the value, whatever its encoding, is part of what is signed.
    let (name, value) =
        one.cookie().split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).expect("a cookie");
    let changed = if value.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{name}={changed}{}", &value[1..]);
    let headers = [("accept", "application/json"), ("cookie", forged.as_str())];
    let answer = Http::new(side.base()).send("GET", path, &headers, "");
    assert_eq!(answer.json()["visits"], 1, "a forged cookie was believed: {answer:?}");
}

/// The `Cookie` headers of visitors who have been there once.
fn visitors(side: &Side, path: &str) -> Vec<String> {
    let visitor = |_| {
        let http = Http::new(side.base());
        assert_eq!(http.get(path).status, 200);
        http.cookie()
    };
    (0..VISITORS).map(visitor).collect()
}
