//! What an app makes of its blueprints: fewer of them, behind policies, with a hook.

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use serde_json::json;

use super::{ask, config, ids, respond, serve};
use crate::error::{Error, Result};
use crate::models::Model;
use crate::models::tests::{Message, Person, message, person, sqlite};
use crate::routes::{Operation, Routes};

async fn has_key(req: HttpRequest) -> Result<()> {
    match req.headers().get("x-key") {
        Some(_) => Ok(()),
        None => Err(Error::forbidden("bring a key")),
    }
}

/// The statuses of one request for each operation on message 1 and its author.
macro_rules! statuses {
    ($server:expr, $header:expr) => {{
        let mut statuses = Vec::new();
        for (method, path) in [
            (Method::GET, "/message"),
            (Method::GET, "/message/1"),
            (Method::GET, "/message/1/author"),
            (Method::POST, "/message"),
            (Method::PATCH, "/message/1"),
            (Method::DELETE, "/message/1"),
        ] {
            let mut request = TestRequest::with_uri(path).method(method.clone());
            if method != Method::GET {
                request = request.set_json(json!({"body": "x"}));
            }
            let (status, _, _): (StatusCode, _, serde_json::Value) =
                respond!($server, request.insert_header($header));
            statuses.push(status.as_u16());
        }
        statuses
    }};
}

#[tokio::test]
async fn only_and_except_say_which_operations_have_routes() {
    let (db, _, _folder) = sqlite().await;
    let ann = person(&db, "ann").await;
    message(&db, "hi", Some(ann.id)).await;

    let reads = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Message>().only([Operation::Find, Operation::Populate]);
    })
    .await;
    assert_eq!(statuses!(reads, ("x", "y")), [200, 404, 200, 404, 404, 404]);
    let most = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Message>().except([Operation::Find, Operation::Destroy]);
    })
    .await;
    assert_eq!(statuses!(most, ("x", "y")), [404, 200, 200, 200, 200, 404]);
    assert_eq!(ask!(most, GET "/message/destroy/1").0, StatusCode::NOT_FOUND, "nor as a shortcut");
}

#[tokio::test]
async fn policies_guard_all_writes_or_chosen_operations() {
    let (db, _, _folder) = sqlite().await;
    let ann = person(&db, "ann").await;
    for _ in 0..3 {
        message(&db, "hi", Some(ann.id)).await;
    }
    let all = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Message>().guard(has_key);
    })
    .await;
    assert_eq!(statuses!(all, ("x", "y")), [403; 6]);
    let writes = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Message>().guard_writes(has_key);
    })
    .await;
    assert_eq!(statuses!(writes, ("x", "y")), [200, 200, 200, 403, 403, 403]);
    for path in ["/message/create?body=x", "/message/update/1?body=x", "/message/destroy/1"] {
        assert_eq!(ask!(writes, GET path).0, StatusCode::FORBIDDEN, "{path}");
    }
    let chosen = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Message>().guard_on([Operation::FindOne, Operation::Destroy], has_key);
    })
    .await;
    assert_eq!(statuses!(chosen, ("x", "y")), [200, 403, 200, 200, 200, 403]);
    assert_eq!(statuses!(chosen, ("x-key", "y")), [200; 6]);
}

#[tokio::test]
async fn a_hook_narrows_what_a_request_reaches() {
    let (db, _, _folder) = sqlite().await;
    let (ann, bo) = (person(&db, "ann").await, person(&db, "bo").await);
    for author in [ann.id, bo.id, ann.id] {
        message(&db, "hi", Some(author)).await;
    }
    let mut config = config();
    config.blueprints.batch = true;
    let server = serve(&db, &config, move |r: &mut Routes| {
        r.blueprints::<Message>().options(move |_, options| {
            options.restrict(Message::AUTHOR.eq(ann.id));
            Ok(())
        });
    })
    .await;

    assert_eq!(ids(&ask!(server, GET "/message").1), [1, 3]);
    assert_eq!(ids(&ask!(server, GET "/message?where=%7B%22or%22%3A%5B%7B%22id%22%3A2%7D%2C%7B%22id%22%3A3%7D%5D%7D").1), [3]);
    assert_eq!(ask!(server, GET "/message/1").0, StatusCode::OK);
    for (status, _) in [
        ask!(server, GET "/message/2"),
        ask!(server, GET "/message/2/author"),
        ask!(server, PATCH "/message/2", json!({"body": "stolen"})),
        ask!(server, PUT "/message/2", json!({"body": "stolen"})),
        ask!(server, DELETE "/message/2"),
        ask!(server, GET "/message/find/2"),
        ask!(server, GET "/message/update/2?body=stolen"),
        ask!(server, GET "/message/destroy/2"),
    ] {
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let (_, changed) = ask!(server, PATCH "/message?where=%7B%7D", json!({"body": "mine"}));
    assert_eq!(ids(&changed), [1, 3]);
    assert_eq!(Message::find_one(2).get(&db).await.unwrap().unwrap().body, "hi");
    let (_, headers, _) = respond!(server, TestRequest::with_uri("/message?count=true"));
    assert_eq!(headers.get("x-total-count").unwrap(), "2");
}

#[tokio::test]
async fn a_hook_sets_values_and_what_comes_along() {
    let (db, recorder, _folder) = sqlite().await;
    let server = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Person>().options(|_, options| {
            if options.operation == Operation::Create {
                options.values.insert("name".to_owned(), json!("from the hook"));
                options.criteria.populate.clear();
            }
            Ok(())
        });
    })
    .await;
    let (_, made) = ask!(server, POST "/person", json!({"name": "from the client"}));
    assert_eq!(made["name"], "from the hook");
    assert!(made.get("messages").is_none(), "{made}");
    let told = recorder.told();
    assert_eq!((told.len(), &told[0].0["data"]["name"]), (1, &json!("from the hook")));
}

#[tokio::test]
async fn a_hook_refuses() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let server = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Person>().options(|req, options| match req.headers().get("x-key") {
            None if options.operation.writes() => Err(Error::unauthorized("log in first")),
            _ => Ok(()),
        });
    })
    .await;
    assert_eq!(ask!(server, GET "/person/1").0, StatusCode::OK);
    let (status, body) = ask!(server, PATCH "/person/1", json!({"age": 1}));
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("E_UNAUTHORIZED")));
    assert_eq!(ask!(server, GET "/person/destroy/1").0, StatusCode::UNAUTHORIZED);
}
