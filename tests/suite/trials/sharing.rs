//! Which pages of other sites may read what, on whichever instance they ask and in a real browser; and the rules with
//! which the app does not start.

use regatta_tests::chromium::Chromium;
use regatta_tests::http::{Answer, Http};
use regatta_tests::ports;
use regatta_tests::wait::SOON;
use serde_json::json;

use super::{PRODUCTION, app, cluster};
use crate::security::other_site;

const LISTED: &str = "https://listed.example.com";
const SHOP: &str = "https://shop.example.com";

/// Origins no rule names, most of them to be taken for one that is.
const STRANGERS: [&str; 10] = [
    "https://evil.example",
    "null",
    "file://",
    "http://shop.example.com",
    "https://shop.example.com:8443",
    "https://shop.example.com.evil.example",
    "https://evil-shop.example.com",
    "https://sub.listed.example.com",
    "https://shop.example.com@evil.example",
    "*",
];

/// What an answer says to pages of other sites: who may read it, whether with cookies, and what it depends on.
fn told(answer: &Answer) -> (Option<&str>, bool, bool) {
    let varies = answer.headers.iter().any(|(name, value)| name == "vary" && value.contains("Origin"));
    let with_cookies = answer.header("access-control-allow-credentials") == Some("true");
    (answer.header("access-control-allow-origin"), with_cookies, varies)
}

#[test]
fn an_answer_is_shared_with_the_origins_of_its_route_on_every_instance_and_with_no_others() {
    let cluster = cluster(&[("REGATTA__SECURITY__ALLOWED_ORIGINS", LISTED)]);
    let bases = cluster.bases();
    let user = Http::new(&bases[0]);
    assert_eq!(user.post_json("/log-in/ada", &json!({})).status, 200);
    // The route; what it tells a page of the listed origin, of the shop and of strangers; whether it says that these
    // differ; whether cookies may come.
    let rows = [
        ("/plain", None, None, None, false, false),
        ("/closed", None, None, None, false, false),
        ("/open", Some("*"), Some("*"), Some("*"), false, false),
        ("/listed", Some(LISTED), None, None, true, false),
        ("/listed-kept", Some(LISTED), None, None, true, false),
        ("/account", Some(LISTED), None, None, true, true),
        ("/shop", None, Some(SHOP), None, true, true),
    ];
    let mut asked = 0;
    for base in &bases {
        for visitor in [&Http::new(base), &user.at(base)] {
            for (path, listed, shop, strangers, varies, cookies) in rows {
                let others = STRANGERS.iter().map(|stranger| (*stranger, strangers));
                for (origin, shared) in [(LISTED, listed), (SHOP, shop)].into_iter().chain(others) {
                    let answer = visitor.send("GET", path, &[("origin", origin)], "");
                    let expected = (shared, cookies && shared.is_some(), varies);
                    assert_eq!(
                        (answer.status, told(&answer)),
                        (200, expected),
                        "{path} for {origin} at {base}"
                    );
                    let own = [("origin", origin), ("access-control-request-method", "PUT")];
                    let beforehand = visitor.send("OPTIONS", path, &own, "");
                    let may = shared.filter(|_| matches!(path, "/account" | "/shop"));
                    assert_eq!(told(&beforehand).0, may, "OPTIONS {path} for {origin} at {base}");
                    asked += 2;
                }
            }
        }
    }
    println!("P17: {asked} requests of {} origins to 3 instances", STRANGERS.len() + 2);
}

#[test]
fn a_browser_reads_for_a_page_of_another_site_only_what_a_rule_shares() {
    let (friend, stranger) = (other_site(), other_site());
    let origin = |port| format!("http://127.0.0.1:{port}");
    let cluster = cluster(&[("REGATTA__SECURITY__ALLOWED_ORIGINS", &origin(friend))]);
    let bases = cluster.bases();
    let browser = Chromium::new();
    let page = browser.open(&format!("{}/plain", bases[0]));
    // Who is logged in: cookies of one port are sent to every port of the host.
    assert_eq!(page.evaluate("fetch('/log-in/ada', { method: 'POST' }).then(r => r.text())"), "welcome");

    // Route and method; whether the listed page reads it with the session, without; whether a stranger's does without.
    // With the session no stranger reads anything.
    let rows = [
        ("GET", "/plain", false, false, false),
        ("GET", "/closed", false, false, false),
        ("GET", "/open", false, true, true),
        ("GET", "/listed", false, true, false),
        ("GET", "/account", true, true, false),
        ("PUT", "/account", true, true, false),
        ("GET", "/shop", false, false, false),
    ];
    for (number, base) in bases.iter().enumerate() {
        for (port, is_friend) in [(friend, true), (stranger, false)] {
            page.go(&origin(port));
            for (method, path, with, without, strangers) in rows {
                for (credentials, for_friend, for_stranger) in
                    [("include", with, false), ("omit", without, strangers)]
                {
                    let script = format!(
                        "fetch('{base}{path}', {{ method: '{method}', credentials: '{credentials}' }})\
                         .then(async r => r.status + ' ' + await r.text(), () => 'kept from the page')"
                    );
                    let read = page.evaluate(&script);
                    let read = read.as_str().expect("a text");
                    let may = if is_friend { for_friend } else { for_stranger };
                    let place =
                        format!("{method} {path}, {credentials}, from {port} to instance {number}: {read}");
                    assert_eq!(read.starts_with("200 "), may, "{place}");
                    assert_eq!(
                        read.contains("ada"),
                        may && credentials == "include" && method == "GET",
                        "{place}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_rule_that_shares_with_everybody_what_is_the_users_is_refused_at_the_start() {
    let app = app();
    let all = ("REGATTA__SECURITY__ALLOWED_ORIGINS", "*");
    let rows: [(&[(&str, &str)], &str); 4] = [
        (&[("TRIALS_LEAK", "1")], "GET /leak"),
        // `Cors::listed().credentials()` of a route, when everybody is listed.
        (&[all], "/account"),
        (
            &[all, ("REGATTA__SECURITY__CORS", "true"), ("REGATTA__SECURITY__CORS_CREDENTIALS", "true")],
            "cors_credentials in config/security.toml",
        ),
        (&[("REGATTA__SECURITY__CORS", "true"), ("REGATTA__SECURITY__CORS_EXPOSED_HEADERS", "a b")], "`a b`"),
    ];
    for environment in [&[][..], &PRODUCTION[..]] {
        for (settings, word) in rows {
            let settings = [environment, settings].concat();
            let process = app.lift(&["--port".to_owned(), ports::free().to_string()], &settings);
            let status = process.wait_for_exit(SOON);
            let log = process.log();
            assert!(!status.success() && log.contains(word), "{word}: {log}");
            assert!(!log.contains("listening on") && !log.contains("panicked"), "{word}: {log}");
        }
    }
    println!("P17: {} rules refused, in development and in production", rows.len());
}
