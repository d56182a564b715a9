//! What goes wrong, in Sails' words.

use serde_json::{Value, json};

use super::doors::Asks;
use super::server::{Server, zoo};

const UNIQUE: &str = r#"{"code":"E_UNIQUE","message":"Would violate uniqueness constraint-- a record already exists with conflicting value(s).","modelIdentity":"user","attrNames":["name"]}"#;

/// The start of an answer to values that can't be stored.
fn refused(code: &str, details: &str, asked: &str) -> String {
    format!(
        "{{\"code\":\"{code}\",\"details\":\"{details}\",\"message\":\"The server could not fulfill this request \
         (`{asked}`) due to a problem with the parameters that were sent.  See the `details` for more info."
    )
}

#[test]
fn a_missing_value_is_named() {
    Server::through_every_door(&json!({ "models": zoo() }), |_, door| {
        let details =
            "Missing value for required attribute `name`.  Expected a string, but instead, got: undefined";
        let expected = refused("E_INVALID_NEW_RECORD", details, "POST /user");

        let (status, body) = door.ask("POST", "/user", "{}");

        assert_eq!(status, 400);
        assert!(body.starts_with(&expected), "{body}");
    });
}

#[test]
fn all_that_is_wrong_is_told_by_attribute() {
    let server = Server::zoo();
    for mut door in server.doors() {
        let (status, body) = door.ask("POST", "/user", r#"{"email":"nobody","age":"many"}"#);

        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((status, &body["code"]), (400, &json!("E_INVALID_NEW_RECORD")));
        let rules = ["name", "email", "age"].map(|name| body["errors"][name][0]["rule"].clone());
        assert_eq!(rules, [json!("required"), json!("isEmail"), json!("type")], "{body}");
    }
    assert_eq!(server.http().get("/user"), "[]");
}

#[test]
fn values_that_cant_be_set_are_refused() {
    let server = Server::zoo();
    server.have("user", &json!([{"name": "bert"}]));
    for mut door in server.doors() {
        for verb in ["PATCH", "PUT"] {
            let (status, body) = door.ask(verb, "/user/1", r#"{"age":"many"}"#);
            assert_eq!(status, 400);
            let start = "{\"code\":\"E_INVALID_VALUES_TO_SET\",\"details\":\"";
            assert!(body.starts_with(start) && body.contains(&format!("(`{verb} /user/1`)")), "{body}");
        }
        let (status, body) = door.ask("GET", "/user/update/1?email=nobody", "");
        assert_eq!((status, body.contains("E_INVALID_VALUES_TO_SET")), (400, true), "{body}");
    }
}

#[test]
fn a_value_that_is_taken_is_refused() {
    let server = Server::zoo();
    server.have("user", &json!([{"name": "bert"}, {"name": "ann"}]));
    for mut door in server.doors() {
        assert_eq!(door.expect(400, "POST", "/user", r#"{"name":"bert"}"#), UNIQUE);
        assert_eq!(door.expect(400, "PATCH", "/user/2", r#"{"name":"bert"}"#), UNIQUE);
        assert_eq!(door.expect(400, "GET", "/user/create?name=bert", ""), UNIQUE);
        assert_eq!(door.expect(400, "GET", "/user/update/2?name=bert", ""), UNIQUE);
    }
}

#[test]
fn a_list_is_no_record() {
    let server = Server::zoo();
    for mut door in server.doors() {
        assert_eq!(door.ask("POST", "/user", r#"[{"name":"bert"}]"#).0, 400);
    }
    assert_eq!(server.http().get("/user"), "[]");
}

#[test]
fn what_the_model_could_never_have_is_a_bad_request() {
    let server = Server::zoo();
    for mut door in server.doors() {
        for (verb, path) in [
            ("GET", "/user/bert"),
            ("PATCH", "/user/bert"),
            ("DELETE", "/user/bert"),
            ("GET", "/user/find/bert"),
            ("GET", "/user/bert/pets"),
        ] {
            assert_eq!(door.ask(verb, path, "").0, 400, "{verb} {path}");
        }
    }
}

#[test]
fn criteria_that_cant_be_used_are_refused() {
    let server = Server::zoo();
    for mut door in server.doors() {
        let (status, body) = door.ask("GET", "/user?nope=1", "");
        assert_eq!(status, 400);
        let expected = "{\"code\":\"E_INVALID_CRITERIA\",\"details\":\"Could not use the provided `where` clause.  Could \
                        not filter by `nope`: ";
        assert!(body.starts_with(expected), "{body}");
        assert!(body.contains("(`GET /user`)"), "{body}");

        for query in [
            "where=%7B%22name%22",
            "where=%5B1%5D",
            "where=nothing",
            "limit=many",
            "limit=-1",
            "skip=x",
            "sort=nope",
            "sort=name%20UP",
            "select=nope",
            "omit=nope",
            "populate=nope",
            "age=many",
        ] {
            let (status, body) = door.ask("GET", &format!("/user?{query}"), "");
            assert_eq!(status, 400, "{query}: {body}");
            assert!(body.starts_with("{\"code\":\"E_INVALID_CRITERIA\","), "{query}: {body}");
        }
    }
}

#[test]
fn an_address_that_leads_nowhere_is_not_found() {
    let server = Server::zoo();
    for mut door in server.doors() {
        for (verb, path) in
            [("GET", "/nobody"), ("POST", "/user/1/nobody"), ("PUT", "/user"), ("GET", "/user/1/name")]
        {
            assert_eq!(door.expect(404, verb, path, ""), "Not Found", "{verb} {path}");
        }
    }
    let answer = regatta_tests::http::Http::new(server.base()).get("/user/1");
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{answer:?}");
}

#[test]
fn every_validation_of_sails_is_kept() {
    let rules = [
        ("max", json!(5), "number", json!(5), json!(6)),
        ("min", json!(5), "number", json!(5), json!(4)),
        ("isInteger", json!(true), "number", json!(5), json!(5.5)),
        ("maxLength", json!(2), "string", json!("ab"), json!("abc")),
        ("minLength", json!(2), "string", json!("ab"), json!("a")),
        ("isIn", json!(["a", "b"]), "string", json!("a"), json!("c")),
        ("isNotIn", json!(["a", "b"]), "string", json!("c"), json!("a")),
        ("isNotEmptyString", json!(true), "string", json!("a"), json!("  ")),
        ("isEmail", json!(true), "string", json!("a@example.com"), json!("a@")),
        ("isURL", json!(true), "string", json!("https://example.com"), json!("example")),
        ("isIP", json!(true), "string", json!("::1"), json!("1.2.3")),
        ("isUUID", json!(true), "string", json!("8d1c6f5e-3a35-4b4e-9d0b-6a3f0d3b7a10"), json!("8d1c6f5e")),
        ("isHexColor", json!(true), "string", json!("#0af"), json!("#0ag")),
        ("isCreditCard", json!(true), "string", json!("4111111111111111"), json!("4111111111111112")),
        ("isAfter", json!("2026-01-01"), "string", json!("2026-06-01"), json!("2025-06-01")),
        ("isBefore", json!("2026-01-01"), "string", json!("2025-06-01"), json!("2026-06-01")),
        ("regex", json!("^[a-z]+$"), "string", json!("abc"), json!("ABC")),
        ("isString", json!(true), "json", json!("a"), json!(1)),
        ("isNumber", json!(true), "json", json!(1), json!("a")),
        ("isBoolean", json!(true), "json", json!(true), json!("a")),
    ];
    let attributes = rules.iter().map(|(rule, with, kind, _, _)| {
        let attribute = json!({"type": kind, "allowNull": true, (*rule): with});
        ((*rule).to_owned(), attribute)
    });
    let attributes: serde_json::Map<_, _> = attributes.collect();
    let server = Server::new(&json!({"models": {"ruled": {"attributes": attributes}}}));
    for (rule, _, _, good, bad) in &rules {
        let mut http = server.http();
        http.expect(200, "POST", "/ruled", &json!({(*rule): good}).to_string());
        let (status, body) = http.ask("POST", "/ruled", &json!({(*rule): bad}).to_string());
        assert_eq!(status, 400, "{rule} {bad}: {body}");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let told = body["errors"][*rule][0]["rule"].as_str().expect("a rule");
        // A number with a fraction does not fit the column in the first place.
        assert!(told == *rule || (told, *rule) == ("type", "isInteger"), "{rule}: {body}");
    }
}
