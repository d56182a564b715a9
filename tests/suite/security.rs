//! What another site's page can do to the app, and what makes an instance refuse work.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;

use regatta_tests::chromium::Chromium;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::wait::SOON;

use crate::chat::{ChatPage, bodies};

/// Serves an empty page on a free port for as long as the test runs.
pub(crate) fn other_site() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4_096]);
            let page = "<!doctype html><title>evil</title><body></body>";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    port
}

/// Method and path of every HTTP route in what the command `routes` says.
pub(crate) fn routes(table: &Output) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.replace("{id}", "1")))
    });
    let http = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    lines.filter(|(method, _)| http.contains(&method.as_str())).collect()
}

#[test]
fn no_page_of_another_site_changes_anything_in_a_real_browser() {
    let app = App::new();
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let browser = Chromium::new();
    let victim = ChatPage::enter(&browser, &base, "Ann");
    victim.say("hello");
    victim.wait_sees("hello", SOON);
    let before = Http::new(&base).get("/message").json();
    assert_eq!(bodies(&before), ["hello"]);
    let routes = routes(&app.run(&["routes"]));
    let changes = routes.iter().filter(|(method, _)| method != "GET").count();
    assert!(changes >= 5, "{routes:?}");

    let port = other_site();
    // The same host on another port is another origin of the same site: there the cookie is sent.
    for origin in [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")] {
        for (method, path) in &routes {
            victim.page.go(&origin);
            victim.page.forget_errors();
            let url = format!("{base}{path}");
            let body = if method == "GET" { "" } else { ", body: 'body=forged&name=forged'" };
            let mode = if matches!(method.as_str(), "GET" | "POST") { "no-cors" } else { "cors" };
            let script = format!(
                "fetch('{url}', {{ method: '{method}', mode: '{mode}', credentials: 'include'{body}, \
                 headers: {{ 'Content-Type': 'application/x-www-form-urlencoded' }} }}).then(r => r.type, () => 'refused')"
            );
            let outcome = victim.page.evaluate(&script);
            match method.as_str() {
                "GET" => assert_eq!(outcome, "opaque", "{origin} {method} {path}"),
                "POST" => {
                    assert_eq!(outcome, "opaque", "{origin} {method} {path}");
                    let errors = victim.page.errors();
                    assert!(
                        errors.iter().any(|error| error.starts_with("403 ")),
                        "{origin} {path}: {errors:?}"
                    );
                }
                _ => assert_eq!(outcome, "refused", "{origin} {method} {path}"),
            }
            if method == "POST" {
                victim.page.evaluate(&format!(
                    "document.body.innerHTML = '<form method=post action=\"{url}\"><input name=body value=forged></form>'; \
                     document.forms[0].submit()"
                ));
                victim.page.wait_for("document.body?.innerText.includes('another site')", SOON);
            }
            assert_eq!(Http::new(&base).get("/message").json(), before, "{origin} {method} {path}");
        }
    }

    victim.page.go(&base);
    victim.say("still here");
    victim.wait_sees("still here", SOON);
}

#[test]
fn every_origin_with_credentials_is_refused_by_name() {
    let app = App::new();
    let settings = [
        ("REGATTA__SECURITY__CORS", "true"),
        ("REGATTA__SECURITY__CORS_CREDENTIALS", "true"),
        ("REGATTA__SECURITY__ALLOWED_ORIGINS", "*"),
    ];
    let process = app.lift(&["--port".to_owned(), ports::free().to_string()], &settings);
    let status = process.wait_for_exit(SOON);
    let log = process.log();
    assert!(!status.success() && log.contains("cors_credentials in config/security.toml"), "{log}");
}

#[test]
fn an_instance_with_another_secret_takes_no_traffic() {
    let app = App::new();
    let redis = Redis::new();
    let url = redis.url();
    let settings = |secret| {
        [("REGATTA__SOCKETS__ADAPTER", "redis"), ("REDIS_URL", url.as_str()), ("SESSION_SECRET", secret)]
    };
    let (_first, _base) = app.lift_one(ports::free(), &settings("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"));
    let port = ports::free();
    let arguments = ["--port".to_owned(), port.to_string()];
    let wrong = app.lift(&arguments, &settings("5566778899aabbccddeeff00112233445566778899"));
    wrong.wait_for_line("not ready: SESSION_SECRET", SOON);
    wrong.wait_for_line("listening", SOON);
    let answer = Http::new(&format!("http://127.0.0.1:{port}")).get("/readyz");
    assert!(answer.status == 503 && answer.body.contains("session secret"), "{answer:?}");
}
