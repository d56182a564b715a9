//! Every route of an app as pages of other sites would use it, in a real browser that is logged in: reads change nothing,
//! and everything else is refused.

use regatta_tests::cdp::Page;
use regatta_tests::chromium::Chromium;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::wait::SOON;
use serde_json::{Value, json};

use super::{PRODUCTION, app};
use crate::security::{other_site, routes};

/// All that a route of the app could change: records, the session of who is logged in, and whose it is.
struct State<'a> {
    base: &'a str,
    own: Page,
}

impl State<'_> {
    fn now(&self) -> Value {
        let records = ["/people", "/message"].map(|path| Http::new(self.base).get(path).json());
        let mut session = self.own.evaluate("fetch('/all').then(answer => answer.json())");
        // What counts the reads, and what a form's token is made of.
        if let Some(values) = session["values"].as_object_mut() {
            values.retain(|key, _| !matches!(key.as_str(), "visits" | "_csrf"));
        }
        json!([records, session])
    }
}

/// The address of a route with something in place of its parameters.
fn address(base: &str, path: &str) -> String {
    let part = |part: &str| match part {
        "{id}" | "{member}" => "1".to_owned(),
        "{user}" => "ada".to_owned(),
        other => other.replace(['{', '}'], ""),
    };
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    format!("{base}{path}?name=forged&body=forged")
}

/// What a script of the page gets by asking; the status stands among the page's errors when it is one.
fn asked(page: &Page, method: &str, url: &str) -> (Value, Vec<String>) {
    page.forget_errors();
    let body = if method == "GET" { "" } else { ", body: 'body=forged&name=forged'" };
    let mode = if matches!(method, "GET" | "POST") { "no-cors" } else { "cors" };
    let script = format!(
        "fetch('{url}', {{ method: '{method}', mode: '{mode}', credentials: 'include'{body}, headers: {{ \
         'Content-Type': 'application/x-www-form-urlencoded' }} }}).then(answer => answer.type, () => 'refused')"
    );
    (page.evaluate(&script), page.errors())
}

/// Whether a page gets a socket, by itself or by long polling.
fn connects(page: &Page, base: &str) -> bool {
    let socket = base.replacen("http", "ws", 1);
    let script = format!(
        "new Promise(done => {{ const socket = new WebSocket('{socket}/socket.io/?EIO=4&transport=websocket'); \
         socket.onopen = () => done(true); socket.onerror = () => done(false); }})"
    );
    let polled = format!(
        "fetch('{base}/socket.io/?EIO=4&transport=polling', {{ credentials: 'include' }}).then(() => true, () => false)"
    );
    page.evaluate(&script) == true || page.evaluate(&polled) == true
}

fn walk(settings: &[(&str, &str)], writes_by_get: bool) -> (usize, usize) {
    let app = app();
    let (port, site) = (ports::free(), other_site());
    let base = format!("http://127.0.0.1:{port}");
    let settings = [settings, &[("PUBLIC_URL", base.as_str())]].concat();
    let (_process, _) = app.lift_one(port, &settings);
    let table = app.command(&["routes"]).envs(settings.iter().copied()).output().expect("it runs");
    let routes = routes(&table);
    let shortcuts =
        routes.iter().filter(|(method, path)| method == "GET" && path.contains("/destroy")).count();
    assert_eq!(shortcuts > 0, writes_by_get, "{routes:?}");

    let browser = Chromium::new();
    let [own, page] = browser.open_together(&format!("{base}/plain"));
    assert_eq!(own.evaluate("fetch('/log-in/captain', { method: 'POST' }).then(r => r.text())"), "welcome");
    for name in ["ann", "bob"] {
        assert_eq!(Http::new(&base).post_json(&format!("/add/{name}"), &json!({})).status, 200);
    }
    let state = State { base: &base, own };
    let before = state.now();
    assert_eq!((&before[1]["user"], before[0][0].as_array().map(Vec::len)), (&json!("captain"), Some(2)));

    // The same host on another port is another origin of the same site: there the cookie is sent.
    for origin in [format!("http://127.0.0.1:{site}"), format!("http://localhost:{site}")] {
        page.go(&origin);
        assert!(!connects(&page, &base), "a socket from {origin}");
        for (method, path) in &routes {
            let (url, place) = (address(&base, path), format!("{method} {path} from {origin}"));
            page.go(&origin);
            let (outcome, errors) = asked(&page, method, &url);
            let is_read = method == "GET";
            let is_opaque = matches!(method.as_str(), "GET" | "POST");
            assert_eq!(outcome, if is_opaque { "opaque" } else { "refused" }, "{place}");
            if method == "POST" {
                assert!(errors.iter().any(|error| error.starts_with("403 ")), "{place}: {errors:?}");
                page.evaluate(&format!(
                    "document.body.innerHTML = '<form method=post action=\"{url}\"></form>'; document.forms[0].submit()"
                ));
                page.wait_for("document.body?.innerText.includes('another site')", SOON);
            }
            if is_read {
                // A link sends the cookie from everywhere.
                page.evaluate(&format!("void (location.href = '{url}')"));
                page.wait_for(&format!("location.href.startsWith('{base}')"), SOON);
            }
            assert_eq!(state.now(), before, "{place}");
        }
    }
    let reads = routes.iter().filter(|(method, _)| method == "GET").count();
    (reads, routes.len() - reads)
}

#[test]
fn no_route_changes_anything_for_a_page_of_another_site() {
    // In development blueprints change by GET as well, as Sails' shortcuts do.
    let (reads, changes) = walk(&[], true);
    println!(
        "P16: development: {reads} reads that change nothing, {changes} changes refused, from 2 origins"
    );
    assert!(reads > 40 && changes > 25, "{reads} {changes}");
    let production: Vec<_> = PRODUCTION.into_iter().filter(|(name, _)| *name != "PUBLIC_URL").collect();
    let (reads, changes) = walk(&production, false);
    println!("P16: production: {reads} reads that change nothing, {changes} changes refused, from 2 origins");
    assert!(reads > 25 && changes > 25, "{reads} {changes}");
}

#[test]
fn the_same_page_changes_something_where_the_check_is_switched_off() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &[("REGATTA__SECURITY__CSRF", "false")]);
    let browser = Chromium::new();
    let page = browser.open(&format!("{base}/plain"));
    assert_eq!(page.evaluate("fetch('/log-in/captain', { method: 'POST' }).then(r => r.text())"), "welcome");
    page.go(&format!("http://127.0.0.1:{}", other_site()));
    assert_eq!(asked(&page, "POST", &format!("{base}/add/forged")).0, "opaque");
    assert_eq!(Http::new(&base).get("/people").json()[0]["name"], "forged");
}
