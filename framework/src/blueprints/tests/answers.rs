//! What each route answers.

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service};
use serde_json::{Value as Json, json};

use super::{ask, config, ids, serve};
use crate::config::Config;
use crate::models::Model;
use crate::models::tests::{Message, Person, message, person, sqlite};
use crate::routes::Routes;

/// A server's configuration with narrow bounds.
fn bounded() -> Config {
    let mut config = config();
    (config.blueprints.max_limit, config.blueprints.populate_limit) = (3, 2);
    config
}

fn both(r: &mut Routes) {
    r.blueprints::<Person>();
    r.blueprints::<Message>();
}

#[tokio::test]
async fn a_record_lives_and_dies_as_in_sails() {
    let (db, _, _folder) = sqlite().await;
    let server = serve(&db, &bounded(), both).await;

    let (status, made) = ask!(server, POST "/person", json!({"name": "ann", "age": "12", "unknown": 1}));
    assert_eq!(
        (status, &made["name"], &made["age"], &made["messages"]),
        (StatusCode::OK, &json!("ann"), &json!(12), &json!([]))
    );
    assert_eq!(ask!(server, GET "/person/1"), (StatusCode::OK, made.clone()));
    assert_eq!(ask!(server, GET "/person").1, json!([made]));
    let (status, changed) = ask!(server, PATCH "/person/1", json!({"age": 7}));
    assert_eq!((status, &changed["age"], &changed["name"]), (StatusCode::OK, &json!(7), &json!("ann")));
    assert_eq!(ask!(server, PUT "/person/1", json!({"age": 8})).1["age"], 8);
    let (status, gone) = ask!(server, DELETE "/person/1");
    assert_eq!((status, &gone["age"]), (StatusCode::OK, &json!(8)));
    for (status, body) in [
        ask!(server, GET "/person/1"),
        ask!(server, PATCH "/person/1", json!({"age": 1})),
        ask!(server, DELETE "/person/1"),
    ] {
        assert_eq!((status, body), (StatusCode::NOT_FOUND, json!("Not Found")));
    }
}

#[tokio::test]
async fn mistakes_get_sails_answers() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let server = serve(&db, &bounded(), both).await;

    let (status, body) = ask!(server, POST "/person", json!({"email": "x"}));
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("E_INVALID_NEW_RECORD")));
    let message = "The server could not fulfill this request (`POST /person`) due to a problem with the parameters \
                   that were sent.  See the `details` for more info.";
    assert_eq!(body["message"], message);
    assert_eq!(
        (&body["errors"]["email"][0]["rule"], &body["errors"]["name"][0]["rule"]),
        (&json!("isEmail"), &json!("required"))
    );
    let unique = json!({
        "code": "E_UNIQUE",
        "message": "Would violate uniqueness constraint-- a record already exists with conflicting value(s).",
        "modelIdentity": "person",
        "attrNames": ["name"],
    });
    assert_eq!(ask!(server, POST "/person", json!({"name": "ann"})), (StatusCode::BAD_REQUEST, unique));
    assert_eq!(ask!(server, PATCH "/person/1", json!({"name": null})).1["code"], "E_INVALID_VALUES_TO_SET");
    assert_eq!(ask!(server, POST "/person", json!([{"name": "bo"}])).0, StatusCode::BAD_REQUEST);
    assert_eq!(ask!(server, GET "/person/ann").0, StatusCode::BAD_REQUEST);
    for query in
        ["where={", "nope=1", "limit=-1", "limit=x", "skip=x", "sort=nope", "select=nope", "where=[1]"]
    {
        let (status, body) = ask!(server, GET format!("/person?{query}"));
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("E_INVALID_CRITERIA")),
            "{query}: {body}"
        );
    }
    assert_eq!(ask!(server, GET "/person?populate=nope").0, StatusCode::BAD_REQUEST);
    let malformed = TestRequest::post().uri("/person").insert_header(("content-type", "application/json"));
    let response = call_service(&server, malformed.set_payload("{\"name\":").to_request()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn lists_are_chosen_sorted_and_bounded() {
    let (db, _, _folder) = sqlite().await;
    let ann = person(&db, "ann").await.id;
    for n in 1..=5 {
        message(&db, &format!("m{n}"), (n < 5).then_some(ann)).await;
    }
    let server = serve(&db, &bounded(), both).await;

    assert_eq!(ids(&ask!(server, GET "/message").1), [1, 2, 3], "never more than max_limit");
    assert_eq!(ids(&ask!(server, GET "/message?limit=2&skip=1&sort=id%20DESC").1), [4, 3]);
    assert_eq!(ask!(server, GET "/message?limit=0").1, json!([]));
    assert_eq!(ids(&ask!(server, GET "/message?id=1&id=3").1), [1, 3]);
    assert_eq!(ids(&ask!(server, GET "/message?body=m2").1), [2]);
    assert_eq!(ids(&ask!(server, GET "/message?where=%7B%22id%22%3A%7B%22%3E%22%3A3%7D%7D").1), [4, 5]);
    assert_eq!(
        ids(&ask!(server, GET "/message", json!({"where": {"author": null}})).1),
        [5],
        "as sockets ask"
    );

    let author = |query: &str| format!("/message?id=1&{query}");
    assert_eq!(ask!(server, GET author("")).1[0]["author"]["name"], "ann");
    assert_eq!(ask!(server, GET author("populate=false")).1[0]["author"], ann);
    assert_eq!(ask!(server, GET author("select=body")).1, json!([{"id": 1, "body": "m1"}]));
    assert_eq!(ask!(server, GET author("select=body,author")).1[0]["author"]["name"], "ann");
    assert_eq!(ask!(server, GET author("select=body&populate=author")).1[0]["author"]["name"], "ann");
    assert_eq!(ask!(server, GET author("omit=author,extra,weight,seen")).1, json!([{"id": 1, "body": "m1"}]));
    let (_, people) = ask!(server, GET "/person?select=messages");
    assert_eq!(ids(&people[0]["messages"]), [1, 2], "populate_limit of each");
    assert!(people[0].get("name").is_none());
    assert!(ask!(server, GET "/person?populate=false").1[0].get("messages").is_none());
}

#[tokio::test]
async fn clients_reach_only_what_is_theirs() {
    let (db, recorder, _folder) = sqlite().await;
    let ann = person(&db, "ann").await;
    let server = serve(&db, &bounded(), both).await;
    let hostile =
        json!({"name": "bo", "id": 77, "secret": "planted", "createdAt": 1, "author": 1, "messages": [1]});
    let (_, made) = ask!(server, POST "/person", hostile);
    assert_eq!(made["id"], ann.id + 1);
    assert_ne!(made["createdAt"], 1);
    ask!(server, PATCH "/person/1", json!({"id": 99, "secret": "planted", "createdAt": 1}));
    let stored = Person::find_one(ann.id).get(&db).await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&stored).unwrap()["createdAt"],
        serde_json::to_value(&ann).unwrap()["createdAt"]
    );
    let (_, said) = ask!(server, POST "/message", json!({"body": "hi", "author": ann.id}));
    assert_eq!(said["author"], Json::Null, "read-only");
    message(&db, "by ann", Some(ann.id)).await;

    let mut seen = Vec::new();
    for path in [
        "/person",
        "/person/1",
        "/message",
        "/person?select=secret",
        "/person?omit=secret",
        "/person?sort=secret",
        "/person?secret=hidden",
        "/person?where=%7B%22secret%22%3A%7B%22startsWith%22%3A%22h%22%7D%7D",
        "/person?populate=secret",
        "/person?select=name",
    ] {
        seen.push(ask!(server, GET path).1.to_string());
    }
    seen.push(ask!(server, DELETE "/person/1").1.to_string());
    seen.push(format!("{:?}", recorder.told()));
    for text in seen {
        assert!(!text.contains("hidden") && !text.contains("planted"), "{text}");
    }
}
