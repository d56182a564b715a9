//! Who hears of what: each blueprint subscribes the socket that asks, as in Sails' table.

use serde_json::{Value, json};

use super::doors::{Asks, Door};
use super::server::{Server, zoo};
use super::voice::{Revision, Voice};

/// Users 1 and 2 are ann and bert; ann owns pet 1, rex; nobody owns pet 2, tom.
fn settled(blueprints: Value) -> Server {
    let server = Server::new(&json!({ "models": zoo(), "blueprints": blueprints }));
    server.have("user", &json!([{"name": "ann"}, {"name": "bert"}]));
    server.have("pet", &json!([{"name": "rex", "owner": 1}, {"name": "tom"}]));
    server
}

/// What a socket hears when each of these things is made or changed, as model, verb and id.
fn interests(server: &Server, voice: &mut Voice) -> Vec<String> {
    let mut http = server.http();
    voice.heard();
    let change = |http: &mut Door, path: &str| {
        let (status, body) = http.ask("PATCH", path, &json!({"name": fresh()}).to_string());
        assert_eq!(status, 200, "{path}: {body}");
    };
    for path in ["/user/1", "/user/2", "/pet/1", "/pet/2"] {
        change(&mut http, path);
    }
    http.expect(200, "POST", "/user", &json!({"name": fresh()}).to_string());
    http.expect(200, "POST", "/pet", "{}");
    http.expect(200, "POST", "/userprofile", "{}");
    voice.heard().iter().map(|frame| short(frame)).collect()
}

/// A name nobody has.
fn fresh() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("name {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `user 1 updated`
fn short(frame: &str) -> String {
    let text = frame.strip_prefix("42").expect("an event").replace('…', "0");
    let event: Value = serde_json::from_str(&text).expect("JSON");
    let (model, data) = (event[0].as_str().expect("a name"), &event[1]);
    match data["verb"].as_str() {
        Some("created") => format!("{model} created"),
        verb => format!("{model} {} {}", data["id"], verb.expect("a verb")),
    }
}

/// What a new socket hears of after a request.
fn after(server: &Server, verb: &str, path: &str, body: &str) -> Vec<String> {
    let [mut old, mut new] = [Revision::V3, Revision::V4].map(|revision| {
        let mut voice = server.voice(revision);
        voice.expect(200, verb, path, body);
        voice
    });
    let heard = interests(server, &mut new);
    old.heard();
    assert_eq!(interests(server, &mut old), heard, "revision 3 is told the same");
    heard
}

#[test]
fn find_subscribes_to_its_records_and_to_new_ones() {
    let server = settled(json!({}));
    let all = [
        "user 1 updated",
        "user 2 updated",
        "pet 1 updated",
        "user created",
        "pet created",
        "userprofile created",
    ];
    assert_eq!(after(&server, "GET", "/user?limit=2", ""), all);
    assert_eq!(after(&server, "GET", "/user/find?limit=2", ""), all);
    let some = ["user 2 updated", "user created", "pet created", "userprofile created"];
    assert_eq!(after(&server, "GET", "/user?id=2", ""), some, "only what was returned");
    assert_eq!(after(&server, "GET", "/user?id=99", ""), ["user created"]);
}

#[test]
fn without_auto_watch_nobody_hears_of_new_records() {
    let server = settled(json!({"autoWatch": false}));
    let records = ["user 1 updated", "user 2 updated", "pet 1 updated"];
    assert_eq!(after(&server, "GET", "/user?limit=2", ""), records);
    assert_eq!(after(&server, "GET", "/user/1", ""), ["user 1 updated", "pet 1 updated"]);
    assert_eq!(after(&server, "GET", "/user/1/pets", ""), ["pet 1 updated"]);
}

#[test]
fn find_one_subscribes_to_the_record_and_what_comes_with_it() {
    let server = settled(json!({}));
    let deep = ["user 1 updated", "pet 1 updated", "pet created", "userprofile created"];
    assert_eq!(after(&server, "GET", "/user/1", ""), deep);
    assert_eq!(after(&server, "GET", "/user/find/1", ""), deep);
    let alone = ["user 2 updated", "pet created", "userprofile created"];
    assert_eq!(after(&server, "GET", "/user/2", ""), alone, "the models of its associations");
    assert_eq!(after(&server, "GET", "/user/1?populate=false", ""), ["user 1 updated"]);
}

#[test]
fn populate_subscribes_to_the_children() {
    let server = settled(json!({}));
    assert_eq!(after(&server, "GET", "/user/1/pets", ""), ["pet 1 updated", "pet created"]);
    assert_eq!(after(&server, "GET", "/pet/1/owner", ""), ["user 1 updated", "user created"]);
}

#[test]
fn writes_subscribe_to_what_they_wrote() {
    let server = settled(json!({}));
    let mut voice = server.voice(Revision::V4);
    voice.expect(200, "POST", "/user", r#"{"name":"cleo"}"#);
    voice.heard();
    server.http().expect(200, "PATCH", "/user/3", r#"{"age":7}"#);
    assert_eq!(voice.heard().iter().map(|frame| short(frame)).collect::<Vec<_>>(), ["user 3 updated"]);
    assert_eq!(interests(&server, &mut voice), [""; 0], "and to nothing else");

    assert_eq!(after(&server, "PATCH", "/user/2", r#"{"age":7}"#), ["user 2 updated"]);
    assert_eq!(after(&server, "GET", "/user/update/2?age=8", ""), ["user 2 updated"]);
    assert_eq!(after(&server, "PATCH", "/user/1", r#"{"age":7}"#), ["user 1 updated"], "not to its pet");
    assert_eq!(after(&server, "PUT", "/user/2/patients/2", ""), ["user 2 updated", "pet 2 updated"]);
    assert_eq!(after(&server, "PUT", "/user/2/patients", "[1]"), ["user 2 updated"]);
}

#[test]
fn http_subscribes_nobody() {
    let server = settled(json!({}));
    server.http().get("/user");
    let mut voice = server.voice(Revision::V4);
    assert_eq!(interests(&server, &mut voice), [""; 0]);
}

/// Whether the socket is in a room: only then it hears what is broadcast there.
fn is_in(server: &Server, voice: &mut Voice, room: &str) -> bool {
    voice.heard();
    let body = json!({"room": room, "event": "asked"}).to_string();
    server.http().expect(200, "POST", "/broadcast", &body);
    !voice.heard().is_empty()
}

#[test]
fn rooms_have_sails_names() {
    let server = settled(json!({}));
    let mut voice = server.voice(Revision::V4);
    voice.get("/user/1");
    for (room, is_member) in [
        ("sails_model_user_1:user", true),
        ("sails_model_pet_1:pet", true),
        ("sails_model_create_pet", true),
        ("sails_model_create_userprofile", true),
        ("sails_model_create_user", false),
        ("sails_model_user_2:user", false),
    ] {
        assert_eq!(is_in(&server, &mut voice, room), is_member, "{room}");
    }
    let own = voice.id().to_owned();
    assert!(is_in(&server, &mut voice, &own), "each socket has a room of its own");
}

#[test]
fn a_new_record_is_introduced_and_one_that_is_gone_retires() {
    let server = settled(json!({}));
    let [mut of_class, mut of_record, mut who_ends_it] = [(); 3].map(|()| server.voice(Revision::V4));
    of_class.get("/user?limit=0");
    let room = "sails_model_user_3:user";
    assert!(!is_in(&server, &mut of_class, room));

    server.http().expect(200, "POST", "/user", r#"{"name":"cleo"}"#);
    assert!(is_in(&server, &mut of_class, room), "introduced");
    assert!(!is_in(&server, &mut of_record, room), "who does not watch the class is not");

    of_record.get("/user/3?populate=false");
    who_ends_it.get("/user/3?populate=false");
    who_ends_it.expect(200, "DELETE", "/user/3", "");
    assert!(!is_in(&server, &mut of_class, room), "retired with its class room");
    assert!(!is_in(&server, &mut who_ends_it, room), "who ended it is done with it");
    assert!(is_in(&server, &mut of_record, room), "who watches the record alone stays, as in Sails");
}
