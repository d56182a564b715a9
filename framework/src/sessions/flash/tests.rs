//! Messages live for one request, whichever instance it goes to.

use std::fs;

use tempfile::TempDir;

use super::Flash;
use crate::testing::{TestApp, TestCluster};
use crate::views::Views;
use crate::{App, context};

fn app() -> App {
    App::new("flash").routes(|r| {
        r.post("/save", async |flash: Flash| {
            flash.add("success", "Saved <b>it</b>.").and_then(|()| flash.add("info", "Twice."))
        });
        r.post("/much", async |flash: Flash| (0..20).try_for_each(|n| flash.add("info", n.to_string())));
        r.post("/keep", async |flash: Flash| flash.keep());
        r.get("/list", async |flash: Flash| {
            flash
                .messages()
                .iter()
                .map(|message| format!("{}:{} ", message.kind, message.text))
                .collect::<String>()
        });
        r.get("/page", async |views: Views| views.render("page", &context! {}));
        r.get("/quiet", async || "nothing");
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_seen_once_on_any_instance() {
    let cluster = TestCluster::start(app(), 3).await;
    let browser = cluster[0].client();
    browser.post("/save").await.ok();

    let there = browser.at(&cluster[1]);
    there.get("/quiet").await.ok();
    assert_eq!(there.get("/list").await.text(), "success:Saved <b>it</b>. info:Twice. ");
    for n in 0..3 {
        assert_eq!(browser.at(&cluster[n]).get("/list").await.text(), "");
    }
    browser.post("/save").await.ok();
    assert_eq!(cluster[2].client().get("/list").await.text(), "", "another browser sees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_can_be_kept_for_longer_but_not_without_end() {
    let cluster = TestCluster::start(app(), 1).await;
    let browser = cluster[0].client();
    browser.post("/save").await.ok();
    browser.post("/keep").await.ok();
    assert!(browser.get("/list").await.text().contains("Twice."));

    browser.post("/much").await.ok();
    let list = browser.get("/list").await.text();
    assert!(list.starts_with("info:4 ") && list.ends_with("info:19 "), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_shows_them_escaped() {
    let folder = TempDir::new().unwrap();
    let views = folder.path().join("views");
    fs::create_dir_all(&views).unwrap();
    let page =
        "{% for message in flash %}<p class=\"{{ message.kind }}\">{{ message.text }}</p>{% endfor %}.";
    fs::write(views.join("page.html"), page).unwrap();
    let overrides = vec![
        ("datastores.default.url", format!("sqlite://{}", folder.path().join("test.db").display())),
        ("views.folder", views.display().to_string()),
    ];
    let app = TestApp::start_with(app(), overrides).await;

    assert_eq!(app.get("/page").await.text(), ".");
    app.post("/save").await.ok();
    let html = app.get("/page").await.text();
    assert!(html.starts_with("<p class=\"success\">Saved &lt;b&gt;it&lt;/b&gt;.</p>"), "{html}");
    assert_eq!(app.get("/page").await.text(), ".");
}
