//! Several records with one request.

use actix_web::http::StatusCode;
use serde_json::json;

use super::{ask, config, ids, serve};
use crate::config::Config;
use crate::models::tests::{Message, Person, message, person, sqlite};
use crate::routes::Routes;

fn draw(r: &mut Routes) {
    r.blueprints::<Person>();
    r.blueprints::<Message>();
}

fn batch() -> Config {
    let mut config = config();
    (config.blueprints.batch, config.blueprints.max_limit) = (true, 4);
    config
}

#[tokio::test]
async fn one_request_writes_one_record_unless_the_app_says_so() {
    let (db, _, _folder) = sqlite().await;
    message(&db, "first", None).await;
    let server = serve(&db, &config(), draw).await;

    for (status, body) in [
        ask!(server, POST "/message", json!([{"body": "a"}])),
        ask!(server, PATCH "/message?where=%7B%7D", json!({"body": "changed"})),
        ask!(server, DELETE "/message?where=%7B%7D"),
        ask!(server, PATCH "/message", json!({"body": "changed"})),
    ] {
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(body["message"].as_str().unwrap().contains("batch = true"), "{body}");
    }
    assert_eq!(ask!(server, GET "/message?select=body").1, json!([{"id": 1, "body": "first"}]));
    let (status, changed) = ask!(server, PATCH "/message", json!({"id": 1, "body": "changed"}));
    assert_eq!((status, &changed[0]["body"]), (StatusCode::OK, &json!("changed")), "one by its id");
}

#[tokio::test]
async fn several_records_are_made_changed_and_removed_together() {
    let (db, recorder, _folder) = sqlite().await;
    let server = serve(&db, &batch(), draw).await;

    let (status, made) = ask!(server, POST "/message", json!([{"body": "a"}, {"body": "b"}, {"body": "c"}]));
    assert_eq!((status, ids(&made)), (StatusCode::OK, vec![1, 2, 3]));
    assert_eq!(recorder.told().len(), 3, "one event each");

    let condition = "where=%7B%22body%22%3A%5B%22a%22%2C%22b%22%5D%7D";
    let (_, changed) = ask!(server, PATCH format!("/message?{condition}"), json!({"seen": true}));
    assert_eq!(ids(&changed), [1, 2]);
    assert!(changed.as_array().unwrap().iter().all(|record| record["seen"] == true));
    assert_eq!(recorder.told().len(), 2);

    let (_, gone) = ask!(server, DELETE format!("/message?{condition}"));
    assert_eq!(ids(&gone), [1, 2]);
    assert_eq!(recorder.told().len(), 2);
    assert_eq!(ids(&ask!(server, GET "/message").1), [3]);
    assert_eq!(ask!(server, POST "/message", json!([])), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn a_batch_lasts_whole_or_not_at_all() {
    let (db, recorder, _folder) = sqlite().await;
    person(&db, "ann").await;
    recorder.told();
    let server = serve(&db, &batch(), draw).await;

    let (status, body) = ask!(server, POST "/person", json!([{"name": "bo"}, {"name": "ann"}]));
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("E_UNIQUE")));
    let (_, body) = ask!(server, POST "/person", json!([{"name": "bo"}, {"age": 1}]));
    assert_eq!((&body["code"], &body["record"]), (&json!("E_INVALID_NEW_RECORD"), &json!(1)), "{body}");
    assert_eq!(ask!(server, POST "/person", json!([{"name": "bo"}, 7])).0, StatusCode::BAD_REQUEST);

    assert_eq!(ids(&ask!(server, GET "/person").1), [1]);
    assert_eq!(recorder.told(), []);
}

#[tokio::test]
async fn a_batch_is_bounded_and_says_which_records_it_means() {
    let (db, _, _folder) = sqlite().await;
    for n in 0..5 {
        message(&db, &format!("m{n}"), None).await;
    }
    let server = serve(&db, &batch(), draw).await;

    let five: Vec<_> = (0..5).map(|n| json!({"body": format!("n{n}")})).collect();
    for (status, body) in [
        ask!(server, POST "/message", json!(five)),
        ask!(server, PATCH "/message?where=%7B%7D", json!({"seen": true})),
        ask!(server, DELETE "/message?where=%7B%7D"),
    ] {
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body["message"].as_str().unwrap().contains("5 records at once: 4 are allowed"), "{body}");
    }
    let (status, body) = ask!(server, PATCH "/message", json!({"seen": true}));
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("E_INVALID_CRITERIA")), "no where");
    let (_, body) = ask!(server, DELETE "/message?where=%7B%22nope%22%3A1%7D");
    assert_eq!(body["code"], "E_INVALID_CRITERIA");
    assert_eq!(ids(&ask!(server, GET "/message?limit=4&skip=1").1), [2, 3, 4, 5], "nothing is gone");
}
