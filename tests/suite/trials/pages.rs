//! What people write stays text on every page of the app, as a real browser reads it.

use std::fs;

use regatta_tests::cdp::Page;
use regatta_tests::chromium::Chromium;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::scaffold::App;
use regatta_tests::wait::SOON;
use serde_json::{Value, json};

use super::{PRODUCTION, app};
use crate::chat::named;

/// Each would leave its context and run, were it not escaped.
const PAYLOADS: [&str; 15] = [
    "<script>hit=1</script>",
    "\"><script>hit=1</script>",
    "' autofocus onfocus='hit=1",
    "\" autofocus onfocus=\"hit=1",
    "</title><script>hit=1</script>",
    "</textarea><img src=x onerror=hit=1>",
    "</script><script>hit=1</script>",
    "<!--<script>",
    "--><script>hit=1</script>",
    "<svg/onload=hit=1>",
    "<img src=x onerror=hit=1//",
    "<ScRiPt >hit=1</sCrIpT>",
    "]]><script>hit=1</script>",
    "{{ 7 * 7 }}<b>{% include \"shown/text.html\" %}",
    "1\u{2028}</script>&lt;script&gt;hit=1\u{2029}1",
];

/// Views with what a client sent between «…»: each context of HTML, and each way in which views are made of others.
const VIEWS: [(&str, &str); 14] = [
    ("text.html", "<p>«{{ x }}»</p>"),
    ("double.html", "<input title=\"«{{ x }}»\">"),
    ("single.html", "<input title='«{{ x }}»'>"),
    ("title.html", "<title>«{{ x }}»</title>"),
    ("area.html", "<textarea>«{{ x }}»</textarea>"),
    ("comment.html", "<!-- «{{ x }}» -->"),
    ("named.tera", "<p>«{{ x }}»</p>"),
    ("named.txt", "<p>«{{ x }}»</p>"),
    ("partial.html", "<div>{% include \"shown/double.html\" %}</div>"),
    ("layout.html", "<main>{% block content %}{% endblock %}</main>"),
    ("block.html", "{% extends \"shown/layout.html\" %}{% block content %}«{{ x }}»{% endblock %}"),
    ("set.html", "{% set y = x %}<p>«{{ y }}»</p>"),
    ("list.html", "{% for y in [x] %}<p>«{{ y }}»</p>{% endfor %}"),
    ("joined.html", "<p>«{{ x ~ \"\" }}»</p>"),
];

/// What a browser would run when somebody's text became more than text.
const ALIVE: &str =
    "document.querySelectorAll('script, img, svg, b, [onerror], [onload], [onfocus], [autofocus]').length";

fn with_views(views: &[(&str, &str)]) -> App {
    let app = app();
    fs::create_dir_all(app.root().join("views/shown")).expect("a folder for views");
    for (name, text) in views {
        // A view that fills another's blocks begins with saying so.
        let start = if text.starts_with("{% extends") { "" } else { "<!doctype html><meta charset=utf-8>" };
        app.write(&format!("views/shown/{name}"), &format!("{start}{text}"));
    }
    app
}

fn address(base: &str, view: &str, x: &str) -> String {
    let encoded: String = x.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{base}/show/{}?x={encoded}", view.trim_end_matches(".html"))
}

/// Whether something ran, and how many elements of the page could.
fn alive(page: &Page) -> (Value, Value) {
    (page.evaluate("typeof hit !== 'undefined'"), page.evaluate(ALIVE))
}

fn production(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&PRODUCTION[..], more].concat()
}

/// The policy would keep most of it from running: here nothing but the escaping does.
const WITHOUT_POLICY: (&str, &str) =
    ("REGATTA__SECURITY__CONTENT_SECURITY_POLICY", "default-src * 'unsafe-inline'");

#[test]
fn no_payload_becomes_more_than_text_in_any_context_of_any_view() {
    let app = with_views(&VIEWS);
    let (_process, base) = app.lift_one(ports::free(), &production(&[WITHOUT_POLICY]));
    let (http, browser) = (Http::new(&base), Chromium::new());
    let page = browser.open(&format!("{base}/plain"));
    for (view, _) in VIEWS.iter().filter(|(view, _)| *view != "layout.html") {
        for payload in PAYLOADS {
            let url = address(&base, view, payload);
            let html = http.page(url.trim_start_matches(base.as_str())).body;
            let written = html.split(['«', '»']).nth(1).unwrap_or_else(|| panic!("{view}: {html}"));
            assert!(!written.contains(['<', '>', '"', '\'']), "{view}: {written}");
            page.go(&url);
            assert_eq!(alive(&page), (json!(false), json!(0)), "{view} with {payload}: {html}");
            let text = match *view {
                "title.html" => page.evaluate("document.title"),
                "area.html" => page.evaluate("document.querySelector('textarea').value"),
                "comment.html" => page.evaluate(
                    "document.createNodeIterator(document, NodeFilter.SHOW_COMMENT).nextNode().data",
                ),
                "double.html" | "single.html" | "partial.html" => {
                    page.evaluate("document.querySelector('input').title")
                }
                _ => page.evaluate("document.body.textContent"),
            };
            let text = text.as_str().expect("a text").to_owned();
            // A comment's text is read as it is written, a title without the blanks around it.
            assert!(*view == "comment.html" || text.contains(&format!("«{payload}»")), "{view}: {text}");
        }
    }
    println!("P22: {} payloads in {} views, 0 more than text", PAYLOADS.len(), VIEWS.len() - 1);
}

#[test]
fn what_is_declared_safe_runs_and_only_that_unless_the_policy_forbids_it() {
    // Contexts in which escaping is not enough, and one in which it is left out: here the policy of every page stands.
    let views = [
        ("safe.html", "<p>{{ x | safe }}</p>", "<img src=x onerror=hit=1>"),
        ("script.html", "<script>var x = {{ x }}</script>", "hit=1"),
        ("bare.html", "<input value={{ x }}>", "x autofocus onfocus=hit=1"),
        ("link.html", "<a href=\"{{ x }}\">go</a>", "javascript:void(hit=1)"),
    ];
    let app = with_views(&views.map(|(name, text, _)| (name, text)));
    let browser = Chromium::new();
    for (settings, runs) in [(&[WITHOUT_POLICY][..], true), (&[], false)] {
        let (_process, base) = app.lift_one(ports::free(), &production(settings));
        let page = browser.open(&format!("{base}/plain"));
        for (view, _, payload) in views {
            page.go(&address(&base, view, payload));
            page.evaluate("document.querySelector('a')?.click()");
            page.evaluate("new Promise(done => setTimeout(done, 100))");
            if runs {
                page.wait_for("typeof hit !== 'undefined'", SOON);
            }
            assert_eq!(page.evaluate("typeof hit !== 'undefined'"), runs, "{view}");
        }
    }
    println!(
        "P22: {} contexts that need more than escaping, 0 run under the policy of a new app",
        views.len()
    );
}

#[test]
fn data_for_scripts_stays_data() {
    let app = with_views(&[("data.html", "{{ x | json_script(id=\"data\") }}")]);
    let (_process, base) = app.lift_one(ports::free(), &production(&[WITHOUT_POLICY]));
    let browser = Chromium::new();
    let page = browser.open(&format!("{base}/plain"));
    for payload in PAYLOADS {
        page.go(&address(&base, "data.html", payload));
        assert_eq!(page.evaluate("JSON.parse(document.getElementById('data').textContent)"), payload);
        assert_eq!(alive(&page), (json!(false), json!(1)), "{payload}");
    }
}

#[test]
fn what_people_say_in_the_chat_is_text_on_its_pages_at_once_and_later() {
    let app = App::new();
    app.write(
        "views/404.html",
        "<!doctype html><title>{{ title }}</title><p id=message>{{ path }} {{ message }}</p>",
    );
    let browser = Chromium::new();
    for development in [false, true] {
        let settings = if development { vec![WITHOUT_POLICY] } else { production(&[WITHOUT_POLICY]) };
        let (_process, base) = app.lift_one(ports::free(), &settings);
        let live = browser.open(&base);
        for (number, payload) in PAYLOADS.iter().enumerate() {
            // A name has at most 40 characters.
            let name: String = payload.chars().take(40).collect();
            let said = named(&base, &name).post_json("/message", &json!({ "body": payload }));
            assert_eq!(said.status, 200, "{said:?}");
            let here = format!("document.querySelectorAll('#messages p').length >= {}", number + 1);
            live.wait_for(&here, SOON);
        }
        let later = browser.open(&base);
        for page in [&live, &later] {
            let bodies =
                page.evaluate("[...document.querySelectorAll('#messages p')].map(p => p.textContent)");
            let bodies = bodies.as_array().expect("a list");
            assert_eq!(bodies[bodies.len() - PAYLOADS.len()..], PAYLOADS.map(|payload| json!(payload)));
            assert_eq!(page.evaluate("typeof hit !== 'undefined'"), false);
        }
        for payload in PAYLOADS {
            let encoded: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
            later.go(&format!("{base}/nowhere/{encoded}"));
            assert_eq!(alive(&later), (json!(false), json!(0)), "the page of a missing {payload}");
        }
    }
}
