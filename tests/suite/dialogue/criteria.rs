//! The `where` language, word by word.

use serde_json::{Value, json};

use super::doors::{Asks, Door};
use super::server::Server;

/// The names of the users a `where` means, by parameter and, over a socket, as an object.
fn names(door: &mut Door, condition: &Value) -> Vec<String> {
    let text: String =
        condition.to_string().bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let found = door.column("name", &format!("/user?sort=name&where={text}"));
    if let Door::Socket(_) = door {
        let (_, body) = door.ask("GET", "/user", &json!({"where": condition, "sort": "name"}).to_string());
        let list: Vec<Value> = serde_json::from_str(&body).expect("a list");
        assert_eq!(found, list.iter().map(|user| user["name"].clone()).collect::<Vec<_>>(), "{condition}");
    }
    found.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn every_operator_finds_what_it_means() {
    let server = Server::zoo();
    server.have(
        "user",
        &json!([
            {"name": "ann", "age": 20, "email": "ann@example.com"},
            {"name": "bert", "age": 30, "active": true},
            {"name": "Cleo", "age": 40},
            {"name": "50% off_", "age": 50, "active": true},
        ]),
    );
    for mut door in server.doors() {
        for (condition, expected) in [
            (json!({}), &["50% off_", "Cleo", "ann", "bert"][..]),
            (json!({"name": "ann"}), &["ann"]),
            (json!({"name": ["ann", "bert"]}), &["ann", "bert"]),
            (json!({"name": {"in": ["ann", "bert"]}}), &["ann", "bert"]),
            (json!({"name": {"nin": ["ann", "bert"]}}), &["50% off_", "Cleo"]),
            (json!({"name": {"!=": "ann"}}), &["50% off_", "Cleo", "bert"]),
            (json!({"name": {"!=": ["ann", "bert"]}}), &["50% off_", "Cleo"]),
            (json!({"age": {"<": 30}}), &["ann"]),
            (json!({"age": {"<=": 30}}), &["ann", "bert"]),
            (json!({"age": {">": 30}}), &["50% off_", "Cleo"]),
            (json!({"age": {">=": "30"}}), &["50% off_", "Cleo", "bert"]),
            (json!({"age": {">": 20, "<": 50}}), &["Cleo", "bert"]),
            (json!({"name": {"contains": "e"}}), &["Cleo", "bert"]),
            (json!({"name": {"contains": "%"}}), &["50% off_"]),
            (json!({"name": {"startsWith": "b"}}), &["bert"]),
            (json!({"name": {"endsWith": "n"}}), &["ann"]),
            (json!({"name": {"like": "%er%"}}), &["bert"]),
            (json!({"name": {"like": "_nn"}}), &["ann"]),
            (json!({"email": null}), &["50% off_", "Cleo", "bert"]),
            (json!({"email": {"!=": null}}), &["ann"]),
            (json!({"active": true}), &["50% off_", "bert"]),
            (json!({"or": [{"name": "ann"}, {"age": {">": 45}}]}), &["50% off_", "ann"]),
            (json!({"and": [{"active": true}, {"age": {"<": 45}}]}), &["bert"]),
            (json!({"active": true, "or": [{"name": "ann"}, {"age": 50}]}), &["50% off_"]),
            (json!({"or": []}), &[]),
            (json!({"name": []}), &[]),
        ] {
            assert_eq!(names(&mut door, &condition), expected, "{condition}");
        }
    }
}

#[test]
fn an_operator_that_means_nothing_is_refused() {
    let server = Server::zoo();
    for mut door in server.doors() {
        for condition in [
            json!({"name": {"nearly": "ann"}}),
            json!({"age": {"contains": "1"}}),
            json!({"age": {"<": null}}),
            json!({"name": {}}),
            json!({"or": {"name": "ann"}}),
            json!({"pets": 1}),
            json!({"name": {"in": "ann"}}),
            json!([]),
        ] {
            let text = condition
                .to_string()
                .bytes()
                .fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
            let (status, body) = door.ask("GET", &format!("/user?where={text}"), "");
            assert_eq!(status, 400, "{condition}: {body}");
            let start =
                r#"{"code":"E_INVALID_CRITERIA","details":"Could not use the provided `where` clause.  "#;
            assert!(body.starts_with(start), "{condition}: {body}");
        }
    }
}
