//! What is private leaves by no way there is: the same walk over every way in, with two sets of secrets.
//!
//! Neither a secret nor the name of a private attribute may be found in what comes back; and what comes back may not
//! depend on the secrets at all, or yes-and-no answers would tell them.

use regatta_tests::full_size;
use serde_json::{Value, json};

use super::doors::{Asks, Door};
use super::server::Server;
use super::voice::{Revision, Voice, timeless};

/// What nobody may see, as the two servers have it.
struct Secrets {
    words: [&'static str; 2],
    pins: [i64; 2],
    keepers: [i64; 2],
}

const ONE: Secrets = Secrets { words: ["aardvark", "zyzzyva"], pins: [271_828, 314_159], keepers: [1, 2] };
const OTHER: Secrets = Secrets { words: ["zygote", "abacus"], pins: [314_160, 161_803], keepers: [2, 1] };

/// The names of the private attributes.
const HIDDEN: [&str; 4] = ["passphrase", "pin", "keeper", "notes"];

/// A name no attribute has: it has to be answered in the same way.
const NOBODY: &str = "nobodys";

fn models() -> Value {
    json!({
        "user": {"attributes": {
            "name": {"type": "string", "required": true, "unique": true},
            "passphrase": {"type": "string", "private": true, "allowNull": true, "unique": true},
            "pin": {"type": "number", "private": true},
            "notes": {"type": "json", "private": true},
            "keeper": {"model": "vault", "private": true},
            "pets": {"collection": "pet", "via": "owner"},
            "patients": {"collection": "pet", "via": "vets"},
        }},
        "pet": {"attributes": {
            "name": {"type": "string"},
            "owner": {"model": "user"},
            "vets": {"collection": "user", "via": "patients"},
        }},
        "vault": {"attributes": {
            "label": {"type": "string"},
            "guests": {"collection": "user", "via": "keeper", "private": true},
        }},
    })
}

fn server(secrets: &Secrets) -> Server {
    let blueprints = json!({"batch": true, "shortcuts": true});
    let server = Server::new(&json!({"models": models(), "blueprints": blueprints}));
    server.have("vault", &json!([{"label": "north"}, {"label": "south"}]));
    let user = |n: usize, name: &str| {
        json!({
            "name": name,
            "passphrase": secrets.words[n],
            "pin": secrets.pins[n],
            "notes": {"word": secrets.words[n]},
            "keeper": secrets.keepers[n],
        })
    };
    server.have("user", &json!([user(0, "ann"), user(1, "bert"), {"name": "cleo"}]));
    server.have("pet", &json!([{"name": "rex", "owner": 1}, {"name": "tom", "owner": 2}, {"name": "pip"}]));
    server.call("user/addToCollection", &json!({"args": [[1, 2], "patients", [1, 2]]}));
    server
}

/// Requests that name an attribute which may not be there for anybody.
fn naming(name: &str, door: &mut Door, said: &mut Vec<String>) {
    let guesses = [
        json!("aardvark"),
        json!("zygote"),
        json!(271_828),
        json!(1),
        json!(null),
        json!({"word": "aardvark"}),
    ];
    let mut conditions = Vec::new();
    for guess in &guesses {
        conditions.push(json!({name: guess}));
        for operator in ["!=", "<", "<=", ">", ">=", "contains", "startsWith", "endsWith", "like"] {
            conditions.push(json!({name: {operator: guess}}));
        }
        for operator in ["in", "nin", "!="] {
            conditions.push(json!({name: {operator: [guess]}}));
        }
        conditions.push(json!({name: [guess]}));
        conditions.push(json!({"or": [{"name": "ann"}, {name: guess}]}));
        conditions.push(json!({"and": [{"name": "ann"}, {"or": [{name: guess}]}]}));
        conditions.push(json!({format!("owner.{name}"): guess}));
    }
    for condition in &conditions {
        let text = escaped(condition);
        for path in [
            "/user?where=",
            "/user/find?where=",
            "/user?count=true&where=",
            "/pet/1/vets?where=",
            "/pet/1/owner?where=",
        ] {
            ask(door, "GET", &format!("{path}{text}"), "", said);
        }
        for populate in [json!({"owner": {"where": condition}}), json!({"vets": {"where": condition}})] {
            ask(door, "GET", &format!("/pet?populate={}", escaped(&populate)), "", said);
        }
        let nested = json!({"pets": {"populate": {"vets": {"where": condition}}}});
        ask(door, "GET", &format!("/user/1?populate={}", escaped(&nested)), "", said);
        ask(door, "PATCH", &format!("/user?where={text}"), r#"{"name":"changed"}"#, said);
        ask(door, "DELETE", &format!("/user?where={text}"), "", said);
        if let Door::Socket(_) = door {
            ask(door, "GET", "/user", &json!({"where": condition}).to_string(), said);
        }
    }
    for query in [
        format!("{name}=aardvark"),
        format!("{name}=aardvark&{name}=zygote"),
        format!("sort={name}"),
        format!("sort={name}%20DESC"),
        format!("sort={}", escaped(&json!({name: -1}))),
        format!("sort={}", escaped(&json!([{name: -1}, {"id": 1}]))),
        format!("sort={name}&after="),
        format!("select={name}"),
        format!("select=name,{name}"),
        format!("omit={name}"),
        format!("populate={name}"),
        format!("populate=pets,{name}"),
        format!("populate=pets.owner.{name}"),
        format!("populate={}", escaped(&json!({name: {}}))),
        format!("populate={}", escaped(&json!({"pets": {"populate": {"owner": {"select": [name]}}}}))),
        format!("populate={}", escaped(&json!({"patients": {"populate": {"vets": {"sort": name}}}}))),
        format!("populate={}", escaped(&json!({"patients": {"populate": {"vets": {"omit": [name]}}}}))),
    ] {
        for path in ["/user?", "/user/find?", "/user/1?", "/user/find/1?", "/pet/1/vets?", "/pet/1/owner?"] {
            ask(door, "GET", &format!("{path}{query}"), "", said);
        }
    }
    for (verb, path) in [
        ("GET", format!("/user/1/{name}")),
        ("PUT", format!("/user/1/{name}")),
        ("PUT", format!("/user/1/{name}/1")),
        ("DELETE", format!("/user/1/{name}/1")),
        ("GET", format!("/user/1/{name}/add/1")),
        ("GET", format!("/user/1/{name}/remove/1")),
        ("GET", format!("/user/1/{name}/replace?{name}=[1]")),
    ] {
        ask(door, verb, &path, "", said);
    }
    for value in [json!("aardvark"), json!("zygote"), json!(1), json!(null), json!([1])] {
        ask(door, "PATCH", "/user/3", &json!({name: value}).to_string(), said);
        ask(door, "PATCH", "/user/3", &json!({name: value, "name": "cleo"}).to_string(), said);
        ask(door, "GET", &format!("/user/update/3?{name}={}", escaped(&value)), "", said);
        ask(door, "POST", "/user", &json!({name: value, "name": "ann"}).to_string(), said);
    }
}

/// Every blueprint route there is, without a word about what is private.
fn walking(door: &mut Door, said: &mut Vec<String>) {
    for path in [
        "/user",
        "/user/find",
        "/user?sort=name%20DESC",
        "/user?count=true&limit=1",
        "/user?after=&limit=1&sort=name%20DESC",
        "/user?after=WyJhbm4iLDFd&sort=name",
        "/user?select=name",
        "/user?omit=name",
        "/user?populate=false",
        "/user?populate=pets.vets,patients.owner",
        "/user/1",
        "/user/find/1",
        "/user/1/pets",
        "/user/1/patients?populate=vets",
        "/pet",
        "/pet?populate=owner.pets",
        "/pet/1/owner",
        "/pet/1/vets",
        "/vault",
        "/vault/1",
        "/vault/1/guests",
        "/user/nobody",
        "/user/9",
        "/user?limit=x",
        "/user?populate=nobody",
    ] {
        ask(door, "GET", path, "", said);
    }
    for (verb, path, body) in [
        ("PUT", "/user/1/pets/3", ""),
        ("DELETE", "/user/1/pets/3", ""),
        ("PUT", "/user/2/patients", "[1,3]"),
        ("PUT", "/user/2/patients", "[1,2]"),
        ("GET", "/user/1/patients/add/3", ""),
        ("GET", "/user/1/patients/remove/3", ""),
        ("GET", "/user/2/pets/replace?pets=[2,3]", ""),
        ("GET", "/user/2/pets/replace?pets=[2]", ""),
        ("PUT", "/vault/1/guests/1", ""),
        ("PUT", "/vault/1/guests", "[1,2,3]"),
        ("PATCH", "/user/1", r#"{"name":"anna"}"#),
        ("PUT", "/user/1", r#"{"name":"ann"}"#),
        ("GET", "/user/update/2?name=ben", ""),
        ("PATCH", "/user?where=%7B%22name%22%3A%22ben%22%7D", r#"{"name":"bert"}"#),
        ("PATCH", "/user/1", r#"{"name":"bert"}"#),
        ("PATCH", "/user/1", r#"{"name":null}"#),
        ("POST", "/user", "{}"),
        ("POST", "/user", r#"[{"name":"dan"},{"name":"eve"}]"#),
        ("POST", "/user", r#"[{"name":"fay"},{"name":"ann"}]"#),
        ("GET", "/user/create?name=gus", ""),
        ("POST", "/pet", r#"{"name":"new","owner":1}"#),
        ("PATCH", "/pet/3", r#"{"owner":2}"#),
        ("PATCH", "/pet/3", r#"{"owner":null}"#),
        ("DELETE", "/user?where=%7B%22name%22%3A%5B%22dan%22%2C%22eve%22%2C%22gus%22%5D%7D", ""),
    ] {
        ask(door, verb, path, body, said);
    }
}

/// The end of those who have something to hide.
fn ending(door: &mut Door, said: &mut Vec<String>) {
    for (verb, path) in [("DELETE", "/user/1"), ("GET", "/user/destroy/2"), ("GET", "/user"), ("GET", "/pet")]
    {
        ask(door, verb, path, "", said);
    }
}

fn escaped(value: &Value) -> String {
    value.to_string().bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

/// Asks, and keeps the whole answer.
fn ask(door: &mut Door, verb: &str, path: &str, body: &str, said: &mut Vec<String>) {
    let answer = match door {
        Door::Http(http) => {
            let kind = [("accept", "application/json"), ("content-type", "application/json")];
            let kind = if body.is_empty() { &kind[..1] } else { &kind[..] };
            let answer = http.send(verb, path, kind, body);
            let [total, link] = ["x-total-count", "link"].map(|name| answer.header(name));
            format!("{} {} {total:?} {link:?}", answer.status, answer.body)
        }
        Door::Socket(voice) => {
            let data = if body.is_empty() { json!({}) } else { serde_json::from_str(body).expect("JSON") };
            voice.request(&verb.to_lowercase(), path, &data)
        }
    };
    said.push(timeless(&answer));
}

/// Everything one server says in a walk through the doors but the first few, answers and events.
fn transcript(secrets: &Secrets, skipped: usize, walk: impl Fn(&mut Door, &mut Vec<String>)) -> Vec<String> {
    let server = server(secrets);
    let mut listeners: Vec<Voice> =
        [Revision::V3, Revision::V4].map(|revision| server.voice(revision)).into();
    let mut said = Vec::new();
    for listener in &mut listeners {
        for path in ["/user", "/pet", "/vault", "/user/1/pets?populate=vets"] {
            said.push(listener.get(path));
        }
    }
    for mut door in server.doors().into_iter().skip(skipped) {
        walk(&mut door, &mut said);
        for listener in &mut listeners {
            said.extend(listener.heard());
        }
    }
    // What the app itself does with what is private.
    for call in [
        json!({"args": [{"id": 1}, {"passphrase": format!("{} again", secrets.words[0])}]}),
        json!({"args": [{"id": 1}, {"keeper": secrets.keepers[1], "name": "anne"}]}),
    ] {
        server.call("user/update", &call);
    }
    server.call("vault/addToCollection", &json!({"args": [1, "guests", [3]]}));
    server.call("vault/replaceCollection", &json!({"args": [2, "guests", [2]]}));
    for listener in &mut listeners {
        said.extend(listener.heard());
    }
    ending(&mut server.http(), &mut said);
    for listener in &mut listeners {
        said.extend(listener.heard());
    }
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    said
}

#[test]
fn no_answer_and_no_event_has_what_is_private() {
    let one = transcript(&ONE, 0, walking);
    let other = transcript(&OTHER, 0, walking);
    assert!(one.len() > 150, "the walk went somewhere: {}", one.len());
    for text in one.iter().chain(&other) {
        for secret in ONE.words.iter().chain(&OTHER.words) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for pin in ONE.pins.iter().chain(&OTHER.pins) {
            assert!(!text.contains(&pin.to_string()), "{pin} in {text}");
        }
        for name in HIDDEN.iter().chain(&["guests"]) {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other, "the answer depends on a secret");
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn who_names_what_is_private_is_answered_as_if_it_were_not_there() {
    let skipped = if full_size() { 0 } else { 2 };
    let said = |secrets: &Secrets, name: &str| {
        transcript(secrets, skipped, |door: &mut Door, said: &mut Vec<String>| naming(name, door, said))
    };
    let nobody = said(&ONE, NOBODY);
    assert!(nobody.len() > 500, "the walk went somewhere: {}", nobody.len());
    assert_eq!(nobody, said(&OTHER, NOBODY), "the answer depends on a secret");
    for name in HIDDEN {
        let private = said(&ONE, name);
        for (private, nobody) in private.iter().zip(&nobody) {
            assert_eq!(private.replace(name, NOBODY), *nobody, "`{name}` is told from what is not there");
        }
        assert_eq!(private.len(), nobody.len());
    }
}

#[test]
fn over_http_too_what_is_private_is_as_if_it_were_not_there() {
    let [one, nobody] = [HIDDEN[0], NOBODY].map(|name| {
        let server = server(&ONE);
        let mut said = Vec::new();
        naming(name, &mut server.http(), &mut said);
        said
    });
    for (private, nobody) in one.iter().zip(&nobody) {
        assert_eq!(private.replace(HIDDEN[0], NOBODY), *nobody);
    }
}

#[test]
fn a_value_only_the_app_can_give_is_not_asked_of_a_client() {
    let models = json!({"user": {"attributes": {
        "name": {"type": "string", "required": true},
        "passphrase": {"type": "string", "private": true, "required": true},
        "pin": {"type": "number", "private": true, "unique": true},
    }}, "locker": {"attributes": {"serial": {"type": "string", "private": true, "unique": true}}}});
    Server::through_every_door(&json!({ "models": models }), |_, door| {
        for (path, body) in
            [("/user", "{}"), ("/user", r#"{"name":"ann"}"#), ("/locker", "{}"), ("/locker", "{}")]
        {
            let (status, answer) = door.ask("POST", path, body);
            for name in HIDDEN.iter().chain(&["serial"]) {
                assert!(!answer.contains(name), "{path} {body}: {status} {answer}");
            }
        }
    });
}
