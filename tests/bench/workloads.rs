//! What both sides are asked, and that they answer the same.

use regatta_tests::http::{Answer, Http};
use serde_json::{Value, json};

use crate::app::{MESSAGES_EACH, PEOPLE};
use crate::contest::{Contest, Entry};
use crate::load::{Ask, Load};
use crate::side::Side;

/// More visitors than connections, so that the requests of one session follow each other as those of people do.
const VISITORS: usize = 200;

const ROWS: usize = PEOPLE;

/// Updates of a record at once wait for each other: these many take turns.
const NOTES: u64 = 100;

/// All workloads for so many connections, the app first, after a look at both sides' answers.
///
/// # Panics
/// When the answers differ.
pub(crate) fn all<'a>(raw: &'a Side, app: &'a Side, connections: u32) -> Vec<Contest<'a>> {
    let entry = |side: &'a Side, note: &str, asks| {
        let load = Load { base: side.base(), asks, connections };
        let label = if note.is_empty() { side.name().to_owned() } else { format!("{}, {note}", side.name()) };
        Entry { label, sides: vec![side], load: Box::new(move |time| load.run(time)) }
    };
    let read = |title, path| {
        let entry = |side| entry(side, "", vec![Ask::get(path)]);
        Contest { title, entries: vec![entry(app), entry(raw)] }
    };
    let visits = |side, note, path| entry(side, note, visits(side, path));
    same_answer(raw, app, "/hello");
    same_answer(raw, app, "/headlines");
    is_kept(app, "/headlines");
    for path in ["/message?limit=20&populate=false", "/message?limit=20"] {
        is_a_list_of_messages(&same_answer(raw, app, path));
    }
    is_a_list_of_people(&same_answer(raw, app, "/person?limit=20"));
    for (side, path) in [(raw, "/visits"), (raw, "/visits-pooled"), (app, "/visits")] {
        counts_visits(side, path);
    }
    for _ in 0..NOTES / 2 {
        same_write(raw, app, &create(""));
    }
    same_answer(raw, app, "/note/7");
    same_write(raw, app, &update("", 7));

    // Both sides tell the other instances what they write; what that costs by hand, the silent handlers show.
    let writes = |title, asks: fn(&str) -> Vec<Ask>| {
        let silent = entry(raw, "silent", asks("/silent"));
        Contest { title, entries: vec![entry(app, "", asks("")), entry(raw, "", asks("")), silent] }
    };
    vec![
        read("hello", "/hello"),
        read("cache hit: 20 headlines", "/headlines"),
        Contest {
            title: "session counter in Redis",
            entries: vec![
                visits(app, "", "/visits"),
                visits(raw, "one multiplexed connection", "/visits"),
                visits(raw, "deadpool's default pool", "/visits-pooled"),
            ],
        },
        read("list: 20 messages", "/message?limit=20&populate=false"),
        read("list: 20 messages with their authors", "/message?limit=20"),
        read("list: 20 people with 10 messages each", "/person?limit=20"),
        read("get one note", "/note/7"),
        writes("create a note", |base| vec![create(base)]),
        writes("update a note", |base| (1..=NOTES).map(|id| update(base, id)).collect()),
    ]
}

fn create(base: &str) -> Ask {
    let note = json!({ "title": "Tea", "text": "Two cups, then the sails.", "done": false });
    Ask::with("POST", format!("{base}/note"), &note)
}

fn update(base: &str, id: u64) -> Ask {
    Ask::with("PATCH", format!("{base}/note/{id}"), &json!({ "title": "Coffee", "done": true }))
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

/// The second answer was not made anew.
fn is_kept(app: &Side, path: &str) {
    let answer = Http::new(app.base()).get(path);
    assert!(answer.header("cache-status").is_some_and(|status| status.contains("hit")), "{path}: {answer:?}");
}

/// Has both sides write the same; the answers differ in what the database and the clock set, and in nothing else.
fn same_write(raw: &Side, app: &Side, ask: &Ask) {
    let [ours, theirs] = [app, raw].map(|side| {
        let headers = [("accept", "application/json"), ("content-type", "application/json")];
        let body = ask.body.as_deref().unwrap_or_default();
        let answer = Http::new(side.base()).send(ask.method, &ask.path, &headers, body);
        assert!(answer.status == 200 && is_json(&answer), "{ask:?}: {answer:?}");
        let mut record = answer.json();
        for name in ["id", "createdAt", "updatedAt"] {
            let set = record[name].take();
            assert!(set.as_u64().is_some_and(|number| number > 0), "{name} of {answer:?}");
        }
        record.to_string()
    });
    assert_eq!(ours, theirs, "{ask:?} is answered differently by the app (left) and by hand (right)");
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

/// A full page, every person with a full list of messages.
fn is_a_list_of_people(list: &Value) {
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), ROWS, "the app was seeded");
    for person in list {
        assert_eq!(person["messages"].as_array().map(Vec::len), Some(MESSAGES_EACH), "{person}");
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

/// The requests of visitors who have been there once.
fn visits(side: &Side, path: &str) -> Vec<Ask> {
    let visit = |_| {
        let http = Http::new(side.base());
        assert_eq!(http.get(path).status, 200);
        Ask { cookie: Some(http.cookie()), ..Ask::get(path) }
    };
    (0..VISITORS).map(visit).collect()
}
