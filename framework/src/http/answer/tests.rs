//! The same answer for programs and for browsers.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::App;
use crate::http::Answer;
use crate::testing::TestApp;

/// An app with two views of its own.
async fn app() -> (TestApp, TempDir) {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("views/people")).unwrap();
    fs::write(folder.path().join("views/people/show.html"), "<p>{{ name }}, {{ data.name }}</p>").unwrap();
    fs::write(folder.path().join("views/403.html"), "<p>{{ status }} {{ reason }}</p>").unwrap();
    fs::write(folder.path().join("views/404.html"), "<p>nothing at {{ path }}</p>").unwrap();
    let app = App::new("answers").routes(|r| {
        r.get("/ok", async |answer: Answer| answer.view("people/show").ok(&json!({ "name": "<Ada>" })));
        r.get("/bare", async |answer: Answer| answer.ok(&json!({ "name": "Ada" })));
        r.post("/made", async |answer: Answer| answer.created(&json!({ "id": 1 })));
        r.get("/bad", async |answer: Answer| answer.bad_request(&json!({ "message": "no such day" })));
        r.get("/login", async |answer: Answer| answer.unauthorized(&json!({ "reason": "who are you?" })));
        r.get("/forbidden", async |answer: Answer| answer.forbidden(&json!({ "reason": "asleep" })));
        r.get("/gone", async |answer: Answer| answer.not_found());
        r.get("/broken", async |answer: Answer| answer.server_error(&json!({ "message": "out of paper" })));
    });
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let views = folder.path().join("views").display().to_string();
    (TestApp::start_with(app, vec![("datastores.default.url", url), ("views.folder", views)]).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_json_with_the_status() {
    let (app, _folder) = app().await;
    for (path, status, body) in [
        ("/ok", 200, json!({ "name": "<Ada>" })),
        ("/bad", 400, json!({ "message": "no such day" })),
        ("/login", 401, json!({ "reason": "who are you?" })),
        ("/forbidden", 403, json!({ "reason": "asleep" })),
        ("/broken", 500, json!({ "message": "out of paper" })),
    ] {
        let answer = app.get(path).await;
        assert_eq!((answer.status(), answer.json()), (status, body), "{path}");
        assert!(answer.header("vary").unwrap().contains("accept"), "{path}");
    }
    let made = app.post("/made").json(&json!({})).await;
    assert_eq!((made.status(), made.json()), (201, json!({ "id": 1 })));
    let gone = app.get("/gone").await;
    assert_eq!((gone.status(), gone.text()), (404, "Not Found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_get_the_apps_own_page_or_ours() {
    let (app, _folder) = app().await;
    let page = async |path: &str| {
        let answer = app.get(path).header("Accept", "text/html").await;
        (answer.status(), answer.text())
    };

    assert_eq!(page("/ok").await, (200, "<p>&lt;Ada&gt;, &lt;Ada&gt;</p>".to_owned()));
    assert_eq!(page("/bare").await, (200, "{\"name\":\"Ada\"}".to_owned()));
    assert_eq!(page("/forbidden").await, (403, "<p>403 asleep</p>".to_owned()));
    assert_eq!(page("/gone").await, (404, "<p>nothing at /gone</p>".to_owned()));
    assert_eq!(page("/nowhere").await, (404, "<p>nothing at /nowhere</p>".to_owned()));
    for (path, status, word) in
        [("/bad", 400, "no such day"), ("/login", 401, "who are you?"), ("/broken", 500, "out of paper")]
    {
        let (got, html) = page(path).await;
        assert!(got == status && html.contains("<html") && html.contains(word), "{path}: {html}");
    }
}
