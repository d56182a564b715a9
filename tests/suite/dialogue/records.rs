//! One record at a time: `find`, `findOne`, `create`, `update` and `destroy`, as REST routes and as shortcuts.

use serde_json::json;

use super::doors::Asks;
use super::server::{Server, zoo};

const BERT: &str = r#"{"pets":[],"patients":[],"createdAt":…,"updatedAt":…,"id":1,"name":"bert","email":null,"age":0,"active":false,"meta":null,"profile":null}"#;

const OLDER: &str = r#"{"pets":[],"patients":[],"createdAt":…,"updatedAt":…,"id":1,"name":"bert","email":null,"age":7,"active":false,"meta":null,"profile":null}"#;

const REX: &str = r#"{"vets":[],"createdAt":…,"updatedAt":…,"id":1,"name":"rex","owner":{"createdAt":…,"updatedAt":…,"id":1,"name":"bert","email":null,"age":0,"active":false,"meta":null,"profile":null}}"#;

/// The routes under one spelling.
struct Routes {
    list: &'static str,
    create: (&'static str, &'static str, &'static str),
    find_one: fn(&str) -> String,
    update: (&'static str, fn(&str) -> String, &'static str),
    destroy: (&'static str, fn(&str) -> String),
}

const REST: Routes = Routes {
    list: "/user",
    create: ("POST", "/user", r#"{"name":"bert"}"#),
    find_one: |id| format!("/user/{id}"),
    update: ("PATCH", |id| format!("/user/{id}"), r#"{"age":7}"#),
    destroy: ("DELETE", |id| format!("/user/{id}")),
};

const PUT: Routes = Routes { update: ("PUT", REST.update.1, REST.update.2), ..REST };

const SHORTCUTS: Routes = Routes {
    list: "/user/find",
    create: ("GET", "/user/create?name=bert", ""),
    find_one: |id| format!("/user/find/{id}"),
    update: ("GET", |id| format!("/user/update/{id}?age=7"), ""),
    destroy: ("GET", |id| format!("/user/destroy/{id}")),
};

fn a_life(routes: &Routes) {
    Server::through_every_door(&json!({ "models": zoo() }), |_, door| {
        assert_eq!(door.get(routes.list), "[]");

        let (verb, path, body) = routes.create;
        assert_eq!(door.expect(200, verb, path, body), BERT, "200, not 201");
        assert_eq!(door.get(routes.list), format!("[{BERT}]"));
        assert_eq!(door.get(&(routes.find_one)("1")), BERT);

        let (verb, path, body) = routes.update;
        assert_eq!(door.expect(200, verb, &path("1"), body), OLDER);
        assert_eq!(door.expect(404, verb, &path("2"), body), "Not Found");

        let (verb, path) = routes.destroy;
        assert_eq!(door.expect(200, verb, &path("1"), ""), OLDER, "the record as it was");
        assert_eq!(door.expect(404, verb, &path("1"), ""), "Not Found");
        assert_eq!(door.expect(404, "GET", &(routes.find_one)("1"), ""), "Not Found");
        assert_eq!(door.get(routes.list), "[]");
    });
}

#[test]
fn a_record_lives_and_dies_over_rest() {
    a_life(&REST);
}

#[test]
fn put_updates_as_patch_does() {
    a_life(&PUT);
}

#[test]
fn a_record_lives_and_dies_over_shortcuts() {
    a_life(&SHORTCUTS);
}

#[test]
fn a_record_may_be_named_by_a_parameter_to_destroy_it() {
    Server::through_every_door(&json!({ "models": zoo() }), |_, door| {
        door.expect(200, "POST", "/user", r#"{"name":"bert"}"#);

        assert_eq!(door.expect(200, "DELETE", "/user?id=1", ""), BERT);
        assert_eq!(door.expect(404, "DELETE", "/user?id=1", ""), "Not Found");
        assert_eq!(door.ask("DELETE", "/user", "").0, 400, "without an id");
    });
}

#[test]
fn what_a_record_refers_to_comes_with_it() {
    Server::through_every_door(&json!({ "models": zoo() }), |_, door| {
        door.expect(200, "POST", "/user", r#"{"name":"bert"}"#);

        assert_eq!(door.expect(200, "POST", "/pet", r#"{"name":"rex","owner":1}"#), REX);
        assert_eq!(door.get("/pet/1"), REX);
        let owner = door.get("/user/1");
        let pets = r#"{"pets":[{"createdAt":…,"updatedAt":…,"id":1,"name":"rex","owner":1}],"patients":[],"#;
        assert!(owner.starts_with(pets), "{owner}");
    });
}

#[test]
fn values_are_taken_as_they_are_plainly_meant() {
    Server::through_every_door(&json!({ "models": zoo() }), |_, door| {
        let body = r#"{"name":"bert","age":"12","active":"true","meta":{"a":[1]},"nope":1}"#;
        let made = door.expect(200, "POST", "/user", body);
        assert!(made.ends_with(r#""age":12,"active":true,"meta":{"a":[1]},"profile":null}"#), "{made}");

        let changed = door.expect(200, "PATCH", "/user/1", r#"{"id":77,"age":0.5}"#);
        assert!(changed.contains(r#""id":1,"name":"bert","email":null,"age":0.5,"#), "{changed}");
        assert_eq!(door.expect(404, "GET", "/user/77", ""), "Not Found");
    });
}

#[test]
fn a_model_without_a_word_has_what_sails_adds() {
    let models = json!({
        "empty": {},
        "coin": {"primaryKey": "code", "attributes": {
            "createdAt": false, "updatedAt": false, "code": {"type": "string", "required": true},
            "worth": {"type": "number", "defaultsTo": 2.5},
        }},
    });
    Server::through_every_door(&json!({ "models": models }), |_, door| {
        assert_eq!(door.expect(200, "POST", "/empty", "{}"), r#"{"createdAt":…,"updatedAt":…,"id":1}"#);
        assert_eq!(door.expect(200, "POST", "/coin", r#"{"code":"GBP"}"#), r#"{"code":"GBP","worth":2.5}"#);
        assert_eq!(door.get("/coin/GBP"), r#"{"code":"GBP","worth":2.5}"#);
    });
}

#[test]
fn who_names_the_version_it_has_seen_is_refused_when_there_is_a_newer_one() {
    let models = json!({
        "list": {"attributes": {
            "title": {"type": "string"},
            "revision": {"type": "number", "version": true},
            "items": {"collection": "item", "via": "list"},
        }},
        "item": {"attributes": {"list": {"model": "list"}}},
    });
    Server::through_every_door(&json!({ "models": models }), |_, door| {
        door.expect(200, "POST", "/item", "{}");
        door.expect(200, "POST", "/list", "{}");
        let shown = |answer: &str| answer.contains("\"items\":[{");
        for (body, revision) in [(r#"{"title":"a","revision":1}"#, 2), (r#"{"items":[1],"revision":2}"#, 3)] {
            let changed = door.expect(200, "PATCH", "/list/1", body);
            assert!(changed.contains(&format!("\"revision\":{revision}")), "{changed}");
            let (status, answer) = door.ask("PATCH", "/list/1", body);
            assert_eq!((status, answer.contains("E_CONFLICT")), (409, true), "{answer}");
        }
        let (status, _) = door.ask("PATCH", "/list/1", r#"{"items":[],"revision":2}"#);
        assert_eq!((status, shown(&door.get("/list/1"))), (409, true), "its members stay");
    });
}
