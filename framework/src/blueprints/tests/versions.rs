//! Who changes a record says which version it has seen.

use actix_web::http::StatusCode;
use serde_json::json;

use super::{ask, config, serve};
use crate::models::tests::sqlite;
use crate::models::tests::zoo::Note;
use crate::routes::Routes;

#[tokio::test]
async fn a_change_of_what_has_changed_since_is_a_conflict() {
    let (db, recorder, _folder) = sqlite().await;
    let server = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Note>();
    })
    .await;
    let (_, made) = ask!(server, POST "/note", json!({"title": "draft"}));
    assert_eq!(made["version"], 1);

    let (status, first) = ask!(server, PATCH "/note/1", json!({"title": "mine", "version": 1}));
    assert_eq!((status, &first["version"]), (StatusCode::OK, &json!(2)));
    recorder.told();
    for path in ["/note/1", "/note/update/1?title=late&version=1"] {
        let (status, body) = match path {
            "/note/1" => ask!(server, PATCH path, json!({"title": "late", "version": 1})),
            path => ask!(server, GET path),
        };
        assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("E_CONFLICT")), "{path}");
        assert!(body["message"].as_str().unwrap().contains("since its version 1"), "{body}");
    }
    assert_eq!(recorder.told(), [], "who lost is not heard of");
    assert_eq!(ask!(server, GET "/note/1").1["title"], "mine");

    let (_, unasked) = ask!(server, PATCH "/note/1", json!({"title": "whatever it was"}));
    assert_eq!(unasked["version"], 3, "without a version nobody is asked");
    assert_eq!(ask!(server, PATCH "/note/9", json!({"title": "x", "version": 1})).0, StatusCode::NOT_FOUND);
}
