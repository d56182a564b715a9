//! What the test server has when nobody gives models: its routes, models and actions.

use serde_json::json;

use super::doors::Asks;
use super::server::Server;
use super::voice::{Revision, Voice};

fn server() -> Server {
    Server::new(&json!({}))
}

#[test]
fn every_route_of_the_fixture_answers() {
    let server = server();
    assert_eq!(server.http().get("/__ready"), "ok");
    for mut door in server.doors() {
        let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        for (verb, answer) in verbs.into_iter().zip(["ok!", "posted!", "putted!", "patched!", "deleted!"]) {
            assert_eq!(door.expect(200, verb, "/hello", ""), answer);
        }
        for verb in verbs {
            assert_eq!(door.expect(200, verb, "/someJSON", ""), r#"{"foo":"bar"}"#);
            assert_eq!(door.expect(200, verb, "/someNull", ""), "null");
            assert_eq!(door.expect(200, verb, "/someZero", ""), "0");
            assert_eq!(door.expect(501, verb, "/someError", ""), r#"{"blah":"blah"}"#);
            assert_eq!(door.expect(200, verb, "/foo", ""), "foo");
            assert_eq!(door.expect(200, verb, "/bar", ""), "bar");
        }
        assert_eq!(door.expect(200, "POST", "/ok", r#"{"x":5}"#), "5");
    }
    let http = regatta_tests::http::Http::new(server.base());
    for path in ["/headers", "/headersOverride", "/headersRemove"] {
        assert_eq!(http.send("GET", path, &[("x-test-header-one", "abc")], "").body, "abc");
    }
    let methods = http.send("OPTIONS", "/hello", &[], "");
    assert_eq!((methods.status, methods.header("allow")), (200, Some("DELETE, GET, HEAD, PATCH, POST, PUT")));
    assert_eq!(http.send("OPTIONS", "/nobody", &[], "").status, 404);
    let mut named = Voice::connect(server.base(), Revision::V3, "&token=s3").expect("a socket");
    assert_eq!(named.expect(200, "POST", "/auth", ""), "s3");
}

#[test]
fn its_models_have_sails_shapes() {
    let server = server();
    for (n, mut door) in server.doors().into_iter().enumerate() {
        let id = n + 1;
        let user = door.expect(200, "POST", "/user", r#"{"name":"bert"}"#);
        let expected = format!(
            r#"{{"pets":[],"patients":[],"createdAt":…,"updatedAt":…,"user_id":{id},"name":"bert","profile":null}}"#
        );
        assert_eq!(user, expected);
        let pet = door.expect(200, "POST", "/pet", r#"{"name":"rex"}"#);
        let expected = format!(
            r#"{{"parents":[],"children":[],"vets":[],"createdAt":…,"updatedAt":…,"pet_id":{id},"name":"rex","isPet":true,"owner":null,"bestFriend":null,"bestFurryFriend":null}}"#
        );
        assert_eq!(pet, expected);
        for (model, body, own) in [
            ("userprofile", r#"{"zodiac":"leo"}"#, r#","zodiac":"leo","user":null"#),
            ("quiz", r#"{"bar":"x"}"#, r#","bar":"x""#),
            ("empty", r#"{"foo":"x"}"#, r#","foo":"x""#),
            ("test", "{}", ""),
        ] {
            let made = door.expect(200, "POST", &format!("/{model}"), body);
            assert_eq!(made, format!(r#"{{"createdAt":…,"updatedAt":…,"id":{id}{own}}}"#));
        }
    }
}

#[test]
fn pets_have_parents_and_children() {
    Server::through_every_door(&json!({}), |server, door| {
        server.have("pet", &json!([{"name": "old"}, {"name": "young"}]));
        door.expect(200, "PUT", "/pet/1/children/2", "");
        assert_eq!(door.column("name", "/pet/1/children"), ["young"]);
        assert_eq!(door.column("name", "/pet/2/parents"), ["old"]);
        assert_eq!(door.get("/pet/1/parents"), "[]");
    });
}

#[test]
fn its_actions_watch_greet_and_subscribe() {
    let server = server();
    for revision in [Revision::V3, Revision::V4] {
        let mut sender = server.voice(revision);
        if revision == Revision::V3 {
            assert_eq!(
                sender.expect(404, "GET", "/user/message", ""),
                "Not Found",
                "there is nobody to greet"
            );
            server.have("user", &json!([{"name": "bert"}]));
        }
        let (mut watcher, mut subscriber) = (server.voice(revision), server.voice(revision));
        for verb in ["GET", "POST", "PUT"] {
            assert_eq!(watcher.expect(200, verb, "/user/watch", ""), "OK");
            assert_eq!(subscriber.expect(200, verb, "/user/subscribe?id=1", ""), "OK");
            assert_eq!(sender.expect(200, verb, "/user/subscribe", r#"{"id":1}"#), "OK");
        }
        watcher.heard();
        assert_eq!(sender.expect(200, "GET", "/user/message", ""), "OK");
        assert_eq!(subscriber.heard(), [r#"42["user",{"greeting":"hello"}]"#]);
        assert_eq!((sender.heard(), watcher.heard()), (vec![], vec![]), "not the sender, nor the class room");

        sender.expect(200, "POST", "/user", r#"{"name":"ann"}"#);
        let created = watcher.heard();
        assert!(matches!(&created[..], [one] if one.contains(r#""verb":"created""#)), "{created:?}");
    }
}

#[test]
fn ids_begin_at_one_at_every_start() {
    for _ in 0..2 {
        let made = server().http().expect(200, "POST", "/quiz", "{}");
        assert!(made.contains("\"id\":1,"), "{made}");
    }
}

#[test]
fn blueprints_are_where_the_configuration_has_them() {
    let config = json!({"blueprints": {
        "prefix": "/api", "restPrefix": "/rest", "pluralize": true, "shortcuts": true, "actions": true,
    }});
    let server = Server::new(&config);
    for mut door in server.doors() {
        assert_eq!(door.get("/api/rest/quizes?limit=0"), "[]");
        assert_eq!(door.get("/api/rest/users?limit=0"), "[]");
        assert_eq!(door.get("/api/users/find?limit=0"), "[]", "no restPrefix for shortcuts");
        assert_eq!(door.get("/api/user/watch"), "OK", "an action of a controller");
        for path in ["/user", "/users", "/api/user", "/api/users", "/api/rest/user"] {
            door.expect(404, "GET", path, "");
        }
    }
    let off = Server::new(&json!({"blueprints": {"rest": false, "shortcuts": false}}));
    for path in ["/user", "/user/1", "/user/find", "/user/create?name=x"] {
        off.http().expect(404, "GET", path, "");
    }
    let server = Server::new(&json!({"blueprints": {"rest": true, "shortcuts": false}}));
    assert_eq!(server.http().get("/user"), "[]");
    assert_eq!(server.http().ask("GET", "/user/create?name=x", "").0, 400, "no id of a user");
    assert_eq!(server.http().get("/user"), "[]");
}

#[test]
fn every_method_of_a_model_can_be_called() {
    let server = server();
    let call = |method: &str, args: serde_json::Value| {
        server.call(&format!("user/{method}"), &json!({"args": args}))
    };
    assert_eq!(call("create", json!([{"name": "ann"}])), json!(null), "nothing without fetch");
    let fetched = server.call("user/create", &json!({"args": [{"name": "bert"}], "meta": {"fetch": true}}));
    assert_eq!(fetched["user_id"], 2);
    call("createEach", json!([[{"name": "cleo"}, {"name": "dan"}]]));
    assert_eq!(call("count", json!([])), 4);
    assert_eq!(call("sum", json!(["user_id"])), 10);
    assert_eq!(call("avg", json!(["user_id", {"name": {"in": ["ann", "dan"]}}])), 2.5);
    assert_eq!(call("findOne", json!([2]))["name"], "bert");
    assert_eq!(call("findOne", json!([{"name": "nobody"}])), json!(null));
    assert_eq!(call("stream", json!([{}])).as_array().map(Vec::len), Some(4));
    let sorted = call(
        "find",
        json!([{"where": {"user_id": {">": 1}}, "sort": "name DESC", "limit": 1, "select": ["name"]}]),
    );
    assert_eq!(sorted, json!([{"user_id": 4, "name": "dan"}]));
    assert_eq!(call("update", json!([{"name": "dan"}, {"name": "don"}])), json!(null));
    let set = server.call("user/updateOne", &json!({"args": [{"name": "don"}], "set": {"name": "dan"}}));
    assert_eq!(set["name"], "dan");
    assert_eq!(call("findOrCreate", json!([{"name": "eve"}, {"name": "eve"}]))["user_id"], 5);
    assert_eq!(call("destroyOne", json!([{"name": "eve"}]))["name"], "eve");
    call("destroy", json!([[3, 4]]));
    assert_eq!(call("count", json!([{}])), 2);

    server.have("pet", &json!([{"name": "rex"}, {"name": "tom"}]));
    call("addToCollection", json!([1, "pets", [1]]));
    call("replaceCollection", json!([2, "patients", [1, 2]]));
    call("removeFromCollection", json!([2, "patients", [1]]));
    let found =
        server.call("user/find", &json!({"args": [{"sort": "user_id"}], "populate": ["pets", "patients"]}));
    assert_eq!(
        (&found[0]["pets"][0]["name"], &found[1]["patients"][0]["name"]),
        (&json!("rex"), &json!("tom"))
    );
    assert_eq!(found[1]["patients"].as_array().map(Vec::len), Some(1));

    for (method, call, message) in [
        ("user/findOne", json!({"args": [{"user_id": {">": 0}}]}), "more than one record of `user` fits"),
        ("user/find", json!({"args": [{"nope": 1}]}), "Could not filter by `nope`"),
        ("user/archive", json!({}), "`archive` is none of the methods there are"),
        ("nobody/find", json!({}), "nobody"),
    ] {
        let (status, body) = server.http().ask("POST", &format!("/__t/{method}"), &call.to_string());
        assert_eq!(status, 500, "{method}: {body}");
        assert!(body.contains(message), "{method}: {body}");
    }
}
