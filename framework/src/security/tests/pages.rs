//! Nothing a user wrote becomes a script.

use std::collections::HashSet;
use std::fs;

use tempfile::TempDir;

use crate::app::App;
use crate::testing::{TestApp, TestResponse};
use crate::views::Views;
use crate::{Result, context};
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

const PAYLOADS: [&str; 15] = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "\" onfocus=\"alert(1)\" autofocus=\"",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "--><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<ScRiPt >alert(1)</sCrIpT>",
    "]]><script>alert(1)</script>",
    "{{ 7 * 7 }}<b>",
    "\u{2028}</script>&lt;script&gt;\u{2029}",
];

/// Templates in which «…» is what a user wrote.
const VIEWS: [(&str, &str); 8] = [
    ("text.html", "<p>«{{ x }}»</p>"),
    ("double.html", "<a title=\"«{{ x }}»\">a</a>"),
    ("single.html", "<a title='«{{ x }}»'>a</a>"),
    ("title.html", "<title>«{{ x }}»</title>"),
    ("area.html", "<textarea>«{{ x }}»</textarea>"),
    ("comment.html", "<!-- «{{ x }}» -->"),
    ("named.tera", "<p>«{{ x }}»</p>"),
    ("partial.html", "{% include \"text.html\" %}"),
];

async fn show(views: Views, name: Path<String>, query: Query<Vec<(String, String)>>) -> Result<HttpResponse> {
    let x = query.0.into_iter().next().map(|(_, value)| value).unwrap_or_default();
    views.render(&name, &context! { x: x })
}

async fn text(views: Views, name: Path<String>) -> Result<String> {
    views.render_text(&name, &context! { x: "" })
}

async fn app(views: &[(&str, &str)]) -> (TempDir, TestApp) {
    let folder = TempDir::new().unwrap();
    for (name, source) in views {
        fs::write(folder.path().join(name), source).unwrap();
    }
    let app = App::new("pages").routes(|r| {
        r.get("/show/{name}", show);
        r.get("/text/{name}", text);
    });
    let settings = vec![("views.folder", folder.path().display().to_string())];
    let app = TestApp::start_configured(app, settings).await;
    (folder, app)
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}

async fn shown(app: &TestApp, name: &str, x: &str) -> TestResponse {
    app.get(&format!("/show/{name}?x={}", encoded(x))).await.ok()
}

fn between(html: &str) -> &str {
    let start = html.find('«').unwrap() + '«'.len_utf8();
    &html[start..html.rfind('»').unwrap()]
}

#[tokio::test]
async fn every_payload_is_harmless_in_every_context_of_every_view() {
    let (_folder, app) = app(&VIEWS).await;
    for (name, _) in VIEWS {
        for payload in PAYLOADS {
            let html = shown(&app, name, payload).await.text();
            let written = between(&html);
            assert!(!written.contains(['<', '>', '"', '\'']), "{name}: {written}");
            assert!(!written.contains("49"), "what a user wrote is no template");
        }
    }
}

#[tokio::test]
async fn unescaped_is_only_what_says_so() {
    let (_folder, app) = app(&[("safe.html", "«{{ x | safe }}»")]).await;
    assert_eq!(between(&shown(&app, "safe", PAYLOADS[0]).await.text()), PAYLOADS[0]);
}

#[tokio::test]
async fn data_for_scripts_can_not_leave_its_element_and_stays_the_same() {
    let (_folder, app) = app(&[("data.html", "{{ x | json_script(id=\"data\") }}")]).await;
    for payload in PAYLOADS {
        let html = shown(&app, "data", payload).await.text();
        let json = html.strip_prefix("<script id=\"data\" type=\"application/json\">").unwrap();
        let json = json.strip_suffix("</script>").unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), payload);
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let (_folder, app) = app(&[("data.html", "{{ x | json_script(id=x) }}")]).await;
    let answer = app.get(&format!("/show/data?x={}", encoded("\"><script>"))).await;
    assert_eq!(answer.status(), 500);
}

fn nonce_of(html: &str) -> String {
    html.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_nonce_is_in_the_page_and_its_policy_and_never_twice() {
    let page = "<script nonce=\"{{ nonce() }}\">1</script><style nonce=\"{{ nonce() }}\">p{}</style>";
    let (_folder, app) = app(&[("inline.html", page), ("plain.html", "<p>")]).await;
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let answer = shown(&app, "inline", "").await;
        let html = answer.text();
        let nonce = nonce_of(&html);
        assert_eq!(html.matches(&nonce).count(), 2, "a page has one nonce");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains(&format!("script-src 'self' 'nonce-{nonce}'")), "{policy}");
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        assert!(nonce.len() >= 22 && seen.insert(nonce), "128 new random bits");
    }
    let plain = shown(&app, "plain", "").await;
    assert!(!plain.header("content-security-policy").unwrap().contains("nonce"));
    assert_eq!(plain.header("cache-control"), None);
}

#[tokio::test]
async fn a_text_that_is_no_answer_has_no_nonce() {
    let (_folder, app) = app(&[("inline.html", "{{ nonce() }}")]).await;
    assert_eq!(app.get("/text/inline").await.status(), 500);
    assert_eq!(shown(&app, "inline", "").await.status(), 200);
    assert_eq!(app.get("/text/inline").await.status(), 500, "one answer's nonce is not another's");
}

#[tokio::test]
async fn every_page_has_its_headers() {
    let (_folder, app) = app(&[("plain.html", "<p>")]).await;
    let page = shown(&app, "plain", "").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-frame-options", "SAMEORIGIN"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
}
