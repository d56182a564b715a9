//! The app alone, over HTTP and over sockets.

use app_template::app;
use regatta::prelude::*;
use regatta::testing::TestApp;

#[regatta::test]
async fn the_page_works_without_javascript() {
    let app = TestApp::start(app()).await;

    let named = app.post("/name").form(&[("name", "Ada")]).await;
    let said = app.post("/message").form(&[("body", "<b>Ahoy</b>")]).await;
    let page = app.get("/").await.text();

    assert_eq!(named.status(), 303);
    assert_eq!(said.status(), 303);
    assert!(page.contains("Message as <b id=\"me\">Ada</b>"));
    assert!(page.contains("&lt;b&gt;Ahoy&lt;"));
}

#[regatta::test]
async fn a_message_needs_a_name() {
    let app = TestApp::start(app()).await;

    let refused = app.post("/message").json(&json!({ "body": "Who am I?" })).await;

    assert_eq!(refused.status(), 403);
    assert_eq!(app.get("/message").await.json(), json!([]));
}

#[regatta::test]
async fn a_message_is_stored_and_seen_at_once() {
    let app = TestApp::start(app()).await;
    let mut socket = app.socket().await;
    socket.get("/message").await;

    app.post("/name").json(&json!({ "name": "Ada" })).await;
    let said = app.post("/message").json(&json!({ "body": "Ahoy" })).await.json();

    let event = socket.next("message").await;
    assert_eq!(event["verb"], "created");
    assert_eq!(event["data"]["body"], "Ahoy");
    assert_eq!(event["data"]["author"]["name"], "Ada");
    assert_eq!(event["id"], said["id"]);
    assert_eq!(event["data"].get("ip"), None);
}

#[regatta::test]
async fn only_the_author_changes_a_message() {
    let app = TestApp::start(app()).await;
    app.post("/name").json(&json!({ "name": "Ada" })).await;
    let said = app.post("/message").json(&json!({ "body": "Mine" })).await.json();
    let path = format!("/message/{}", said["id"]);

    app.post("/name").json(&json!({ "name": "Grace" })).await;
    let refused = app.patch(&path).json(&json!({ "body": "Hers" })).await;

    assert_eq!(refused.status(), 403);
    assert_eq!(app.get(&path).await.json()["body"], "Mine");
}

#[regatta::test]
async fn visits_are_counted_in_the_session() {
    let app = TestApp::start(app()).await;

    app.get("/visits").await;
    let second = app.get("/visits").await;

    assert_eq!(second.json()["visits"], 2);
}
