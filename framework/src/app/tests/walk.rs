//! The whole route table, as another site's page would use it.

use actix_session::Session;
use actix_web::http::Method;
use serde_json::json;

use crate::app::{App, layer};
use crate::config::{Config, Environment};
use crate::models::tests::{Message, Person};
use crate::models::{Db, Model};
use crate::security::grant_csrf_token;
use crate::testing::{TestApp, TestRequest};

async fn log_in(session: Session) -> crate::Result<&'static str> {
    session.insert("user", 1)?;
    Ok("welcome")
}

fn app() -> App {
    App::new("walk").model::<Person>().model::<Message>().routes(|r| {
        r.post("/login", log_in);
        r.get("/csrfToken", grant_csrf_token);
        r.blueprints::<Person>();
        r.blueprints::<Message>();
    })
}

fn forged(request: TestRequest) -> TestRequest {
    let request = request.header("Origin", "https://evil.example");
    request.header("Sec-Fetch-Site", "cross-site")
}

/// Everything there is in the database.
async fn state(db: &Db) -> String {
    let people = Person::find().populate("messages").all(db).await.unwrap();
    let messages = Message::find().all(db).await.unwrap();
    serde_json::to_string(&json!([people, messages])).unwrap()
}

#[tokio::test]
async fn no_get_of_another_site_changes_anything_and_every_other_method_is_refused() {
    let running = TestApp::start_configured(app(), vec![("blueprints.shortcuts", "true".to_owned())]).await;
    let db = running.db();
    for (n, name) in ["ann", "bob"].into_iter().enumerate() {
        let person = Person::create(json!({ "name": name })).exec(db).await.unwrap();
        Message::create(json!({ "body": format!("message {n}"), "author": person.id }))
            .exec(db)
            .await
            .unwrap();
    }
    running.post("/login").await.ok();
    let before = state(db).await;

    let mut config = Config::load_with(std::path::Path::new("/nonexistent"), Environment::Test, &[]).unwrap();
    config.blueprints.shortcuts = Some(true);
    let routes = layer::drawn(&app(), &config);
    let (mut reads, mut changes) = (0, 0);
    for entry in &routes.entries {
        let path = entry.path.replace("{id}", "1").replace("{member}", "2");
        let path = format!("{path}?name=mallory&body=mallory");
        let status = forged(running.request(entry.method.as_str(), &path)).await.status();
        if entry.method == Method::GET {
            reads += 1;
            let writes = entry.blueprint.as_ref().is_some_and(|route| route.operation.writes());
            assert_eq!(status == 403, writes, "GET {path}: {status}");
        } else {
            changes += 1;
            assert_eq!(status, 403, "{} {path}", entry.method);
        }
        assert_eq!(state(db).await, before, "{} {path}", entry.method);
    }
    assert!(reads > 15 && changes > 10, "{reads} GET and {changes} other routes");

    // The same routes do their work for the app's own pages.
    running.get("/person/destroy/2").header("Sec-Fetch-Site", "same-origin").await.ok();
    assert_ne!(state(db).await, before);
}
