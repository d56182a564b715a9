//! Lists: how many, from where, in which order, and what of each record.

use serde_json::{Value, json};

use super::doors::{Asks, Door};
use super::server::Server;

/// Thirty-five users; the even ones are active.
fn crowded() -> Server {
    let server = Server::zoo();
    let people: Vec<Value> =
        (1..=35).map(|n| json!({"name": format!("n{n:02}"), "age": n % 5, "active": n % 2 == 0})).collect();
    server.have("user", &Value::Array(people));
    server
}

fn ids(door: &mut Door, query: &str) -> Vec<i64> {
    let rest = door.column("id", &format!("/user?{query}"));
    assert_eq!(rest, door.column("id", &format!("/user/find?{query}")), "the shortcut of {query}");
    rest.iter().map(|id| id.as_i64().expect("an id")).collect()
}

#[test]
fn a_list_has_thirty_records_unless_told_otherwise() {
    let server = crowded();
    for mut door in server.doors() {
        assert_eq!(ids(&mut door, ""), (1..=30).collect::<Vec<_>>());
        assert_eq!(ids(&mut door, "limit=32"), (1..=32).collect::<Vec<_>>());
        assert_eq!(ids(&mut door, "limit=2&skip=3"), [4, 5]);
        assert_eq!(ids(&mut door, "skip=33"), [34, 35]);
        assert_eq!(door.get("/user?limit=0"), "[]");
        assert_eq!(door.get("/user?skip=100"), "[]");
    }
}

#[test]
fn a_list_is_sorted_in_every_way_sails_knows() {
    let server = crowded();
    for mut door in server.doors() {
        for sort in [
            "sort=name%20DESC",
            "sort=name%20desc",
            "sort=%7B%22name%22%3A-1%7D",
            "sort=%7B%22name%22%3A%22DESC%22%7D",
            "sort=%5B%7B%22name%22%3A-1%7D%5D",
            "sort=%5B%7B%22name%22%3A%22DESC%22%7D%5D",
            "sort=%5B%22name%20DESC%22%5D",
        ] {
            assert_eq!(ids(&mut door, &format!("limit=2&{sort}")), [35, 34], "{sort}");
        }
        assert_eq!(ids(&mut door, "limit=2&sort=name"), [1, 2]);
        assert_eq!(
            ids(&mut door, "limit=3&sort=%5B%7B%22age%22%3A-1%7D%2C%7B%22name%22%3A1%7D%5D"),
            [4, 9, 14]
        );
        assert_eq!(ids(&mut door, "limit=3&sort=%5B%22age%20DESC%22%2C%22name%20DESC%22%5D"), [34, 29, 24]);
    }
}

#[test]
fn a_parameter_that_is_none_of_a_list_compares_with_an_attribute() {
    let server = crowded();
    for mut door in server.doors() {
        assert_eq!(ids(&mut door, "name=n07"), [7]);
        assert_eq!(ids(&mut door, "id=1&id=3"), [1, 3]);
        assert_eq!(ids(&mut door, "age=2&active=true&sort=id"), [2, 12, 22, 32]);
    }
}

#[test]
fn select_and_omit_choose_attributes() {
    let server = crowded();
    for mut door in server.doors() {
        assert_eq!(door.get("/user?id=1&select=name&populate=false"), r#"[{"id":1,"name":"n01"}]"#);
        assert_eq!(
            door.get("/user?id=1&select=name,age&populate=false"),
            r#"[{"id":1,"name":"n01","age":1}]"#
        );
        assert_eq!(
            door.get("/user?id=1&omit=createdAt,updatedAt,email,meta&populate=false"),
            r#"[{"id":1,"name":"n01","age":1,"active":false,"profile":null}]"#
        );
        assert_eq!(
            door.get("/user?id=1&select=name&omit=name&populate=false"),
            r#"[{"id":1,"name":"n01"}]"#,
            "select wins"
        );
        assert_eq!(door.get("/user/1?select=name&populate=false"), r#"{"id":1,"name":"n01"}"#);
        assert_eq!(door.get("/user/find/1?select=name&populate=false"), r#"{"id":1,"name":"n01"}"#);
    }
}

#[test]
fn populate_says_which_associations_come_along() {
    let server = Server::zoo();
    server.have("userprofile", &json!([{"zodiac": "leo"}]));
    server.have("user", &json!([{"name": "bert", "profile": 1}]));
    server.have("pet", &json!([{"name": "rex", "owner": 1}]));
    let plain = r#""createdAt":…,"updatedAt":…,"id":1,"name":"bert","email":null,"age":0,"active":false,"meta":null,"#;
    let rex = r#"{"createdAt":…,"updatedAt":…,"id":1,"name":"rex","owner":1}"#;
    let leo = r#"{"createdAt":…,"updatedAt":…,"id":1,"zodiac":"leo"}"#;
    for mut door in server.doors() {
        let all = format!("{{\"pets\":[{rex}],\"patients\":[],{plain}\"profile\":{leo}}}");
        let none = format!("{{{plain}\"profile\":1}}");
        let pets = format!("{{\"pets\":[{rex}],{plain}\"profile\":1}}");
        let both = format!("{{\"pets\":[{rex}],{plain}\"profile\":{leo}}}");
        for (query, expected) in [
            ("", &all),
            ("?populate=false", &none),
            ("?populate=pets", &pets),
            ("?populate=%5Bpets%5D", &pets),
            ("?populate=pets,profile", &both),
            ("?populate=%5Bpets,profile%5D", &both),
        ] {
            assert_eq!(door.get(&format!("/user/1{query}")), *expected, "{query}");
            assert_eq!(door.get(&format!("/user{query}")), format!("[{expected}]"), "{query}");
        }
    }
}

#[test]
fn a_collection_comes_with_thirty_members_unless_told_otherwise() {
    let server = Server::zoo();
    server.have("user", &json!([{"name": "bert"}]));
    let pets: Vec<Value> = (1..=35).map(|n| json!({"name": format!("p{n}"), "owner": 1})).collect();
    server.have("pet", &Value::Array(pets));
    for mut door in server.doors() {
        let members = |answer: &Value| answer["pets"].as_array().map(Vec::len);
        assert_eq!(members(&door.json("/user/1")), Some(30));
        assert_eq!(members(&door.json("/user")[0]), Some(30));
        assert_eq!(door.column("id", "/user/1/pets").len(), 30);
        assert_eq!(door.column("id", "/user/1/pets?limit=2&skip=1&sort=id%20DESC"), [34, 33]);
    }
}

#[test]
fn a_socket_says_the_same_in_its_data() {
    let server = crowded();
    for mut door in server.doors().into_iter().skip(1) {
        let mut ids = |data: Value| {
            let (status, body) = door.ask("GET", "/user", &data.to_string());
            assert_eq!(status, 200, "{data}: {body}");
            let list: Vec<Value> = serde_json::from_str(&body).expect("a list");
            list.iter().filter_map(|record| record["id"].as_i64()).collect::<Vec<_>>()
        };
        assert_eq!(ids(json!({"limit": 2, "skip": 3})), [4, 5]);
        assert_eq!(ids(json!({"sort": "name DESC", "limit": 1})), [35]);
        assert_eq!(ids(json!({"sort": [{"name": -1}], "limit": 1})), [35]);
        assert_eq!(ids(json!({"id": [1, 3]})), [1, 3]);
        assert_eq!(ids(json!({"where": {"name": {"in": ["n02", "n05"]}}})), [2, 5]);
        assert_eq!(ids(json!({"where": "{\"name\":\"n02\"}"})), [2]);
        let (_, body) = door.ask("GET", "/user/1?select=name", r#"{"populate":"false"}"#);
        assert_eq!(body, r#"{"id":1,"name":"n01"}"#);
        let (_, body) =
            door.ask("GET", "/user?name=n01&limit=5&populate=false&select=name", r#"{"name":"n04"}"#);
        assert_eq!(body, r#"[{"id":4,"name":"n04"}]"#, "data wins over the address");
    }
}
