//! The private listener: what it tells, and to whom.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::web::Path as Part;
use serde_json::json;
use tempfile::TempDir;

use crate::app::App;
use crate::config::{Config, Environment};
use crate::testing::TestApp;
use crate::{Error, Result};

async fn user(id: Part<u64>) -> Result<String> {
    if *id == 7 { Err(Error::forbidden("not this one")) } else { Ok(id.to_string()) }
}

async fn say() -> &'static str {
    "said"
}

/// An app, and where its private listener is.
pub(super) struct Watched {
    pub(super) app: TestApp,
    pub(super) private: PathBuf,
    pub(super) _folder: TempDir,
}

/// The app with a private listener.
pub(super) async fn watched(app: App) -> Watched {
    let folder = TempDir::new().unwrap();
    let private = folder.path().join("private.sock");
    let settings = vec![("metrics.listen", private.display().to_string())];
    Watched { app: TestApp::start_configured(app, settings).await, private, _folder: folder }
}

/// What the listener answers to these bytes.
fn said(private: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(private).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The head and the body of the answer at `path`.
pub(super) fn told(private: &Path, path: &str) -> (String, String) {
    let answer = said(private, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The number of a figure, by its name and labels as they are written; 0 when there is none.
pub(super) fn figure(private: &Path, name: &str) -> f64 {
    let (_, page) = told(private, "/metrics");
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

fn count(private: &Path, kind: &str, method: &str, route: &str, status: &str) -> f64 {
    let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
    figure(private, &format!("regatta_{kind}_requests_total{{{labels}}}"))
}

#[tokio::test]
async fn requests_count_by_route_pattern_and_never_by_path() {
    let Watched { app, private, _folder } = watched(App::new("watched").routes(|r| {
        r.get("/user/{id}", user);
    }))
    .await;
    for path in ["/user/1", "/user/2", "/user/7", "/user/secret", "/.env", "/wp-login.php", "/livez"] {
        app.get(path).await;
    }
    app.request("HEAD", "/user/1").await;
    app.request("OPTIONS", "/user/1").await;

    let http = |method: &str, route: &str, status: &str| count(&private, "http", method, route, status);
    assert_eq!((http("GET", "/user/{id}", "2xx"), http("GET", "/user/{id}", "4xx")), (3.0, 2.0));
    assert_eq!(http("OPTIONS", "/user/{id}", "2xx"), 1.0);
    assert_eq!(http("*", "unmatched", "4xx"), 2.0);
    assert_eq!(http("*", "/livez", "2xx"), 1.0);
    assert_eq!(figure(&private, "regatta_http_responses_total{status=\"403\"}"), 1.0);
    let seconds = "regatta_http_request_duration_seconds_count{method=\"GET\",route=\"/user/{id}\"}";
    assert_eq!(figure(&private, seconds), 5.0);
    assert_eq!(figure(&private, "regatta_http_requests_in_flight"), 0.0);
    let (_, page) = told(&private, "/metrics");
    assert!(!page.contains("secret") && !page.contains("wp-login"), "{page}");
}

#[tokio::test]
async fn what_sockets_ask_counts_apart() {
    let Watched { app, private, _folder } = watched(App::new("watched").routes(|r| {
        r.get("/user/{id}", user);
        r.on("say", say);
    }))
    .await;
    let mut socket = app.socket().await;
    socket.get("/user/1").await;
    socket.get("/nowhere").await;
    socket.ask("say", &json!(null)).await;

    let virtual_ =
        |method: &str, route: &str, status: &str| count(&private, "virtual", method, route, status);
    assert_eq!(virtual_("GET", "/user/{id}", "2xx"), 1.0);
    assert_eq!(virtual_("EVENT", "/#say", "2xx"), 1.0);
    assert_eq!(virtual_("*", "unmatched", "4xx"), 1.0);
    assert_eq!(count(&private, "http", "*", "/socket.io/", "1xx"), 1.0);
    assert_eq!(count(&private, "http", "GET", "/user/{id}", "2xx"), 0.0);
}

#[tokio::test]
async fn the_listener_tells_figures_and_health_and_nothing_else() {
    let Watched { app, private, _folder } = watched(App::new("watched")).await;
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);

    let (head, page) = told(&private, "/metrics?x=1");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
    assert!(page.contains("regatta_build_info{app=\"watched\",regatta=\"0.1.0\"} 1\n"), "{page}");
    assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
    for path in ["/livez", "/readyz"] {
        assert!(told(&private, path).0.starts_with("HTTP/1.1 200 OK\r\n"), "{path}");
    }
    assert!(told(&private, "/").0.starts_with("HTTP/1.1 404 "));
    assert!(said(&private, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(said(&private, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(said(&private, &"x".repeat(9_000)).starts_with("HTTP/1.1 400 "));
    assert!(said(&private, "HEAD /livez HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
    assert_eq!(app.get("/metrics").await.status(), 404, "visitors see no figures");

    app.stop().await;

    assert!(!private.exists(), "its file goes with it");
}

#[test]
fn buckets_that_are_none_are_refused_with_what_to_write() {
    let folder = TempDir::new().unwrap();
    let bounds = |buckets: &str| {
        let overrides = [("metrics.buckets", buckets.to_owned())];
        let config = Config::load_with(folder.path(), Environment::Test, &overrides).unwrap();
        crate::app::figures::bounds(&config)
    };
    assert_eq!(bounds("1ms,2s").unwrap(), [Duration::from_millis(1), Duration::from_secs(2)]);
    assert!(bounds("").unwrap().is_empty());
    for wrong in ["2ms,1ms", "1ms,1ms", "0s,1ms", &["1ms"; 33].join(",")] {
        assert!(bounds(wrong).unwrap_err().to_string().contains("buckets in config/metrics.toml"), "{wrong}");
    }
}
