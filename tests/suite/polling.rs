//! Long polling by hand, against one instance with two workers, and against several instances: what is expected here is what Engine.IO's own server
//! answers (<https://socket.io/docs/v4/engine-io-protocol/>).

use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::http::{self, Answer, Http};
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::scaffold::App;
use serde_json::{Value, json};

const PATH: &str = "/socket.io/?transport=polling";

struct Instance {
    base: String,
    _process: Process,
    _app: App,
}

impl Instance {
    fn start(settings: &[(&str, &str)]) -> Self {
        let app = App::new();
        let settings = [&[("REGATTA__HTTP__WORKERS", "2")], settings].concat();
        let (process, base) = app.lift_one(ports::free(), &settings);
        Self { base, _process: process, _app: app }
    }

    fn open(&self, revision: u8) -> Client {
        open(&self.base, revision)
    }
}

/// A new connection of this revision; each request may reach another worker.
fn open(base: &str, revision: u8) -> Client {
    let answer = fresh(base).get(&format!("{PATH}&EIO={revision}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let open = answer.body.trim_start_matches(|c: char| c != '{');
    let end = open.find('}').map_or(open.len(), |end| end + 1);
    let open: Value = serde_json::from_str(&open[..end]).unwrap();
    let id = open["sid"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 20);
    Client { base: base.to_owned(), path: format!("{PATH}&EIO={revision}&sid={id}") }
}

/// A client that opens a connection for each of its requests.
fn fresh(base: &str) -> Http {
    Http::new(base)
}

#[derive(Clone)]
struct Client {
    base: String,
    path: String,
}

impl Client {
    /// The same connection, through another instance.
    fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), path: self.path.clone() }
    }

    fn get(&self) -> Answer {
        fresh(&self.base).get(&self.path)
    }

    fn post(&self, body: &str) -> Answer {
        let kind = [("content-type", "text/plain;charset=UTF-8")];
        fresh(&self.base).send("POST", &self.path, &kind, body)
    }

    fn sends(&self, body: &str) {
        let answer = self.post(body);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"), "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    }

    fn is_gone(&self) {
        let answer = self.get();
        assert_eq!((answer.status, answer.json()), (400, refusal(1, "Session ID unknown")), "{answer:?}");
    }
}

fn refusal(code: u8, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

#[test]
fn the_endpoint_refuses_as_engine_io_does() {
    let app = Instance::start(&[]);
    let http = fresh(&app.base);
    let answer = |method: &str, query: &str| {
        let body = if method == "GET" { "" } else { "x" };
        let answer = http.send(method, &format!("/socket.io/?{query}"), &[], body);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {query}");
        (answer.status, answer.json())
    };
    let unknown = refusal(0, "Transport unknown");
    for query in ["", "EIO=4", "EIO=4&transport=", "EIO=4&transport=webtransport", "EIO=4&transport=polling2"]
    {
        assert_eq!(answer("GET", query), (400, unknown.clone()), "{query}");
    }
    let gone = refusal(1, "Session ID unknown");
    for id in ["", "x", "AAAAAAAAAAAAAAAAAAAA", "////////////////////", &"A".repeat(5_000)] {
        for method in ["GET", "POST"] {
            let asked = Instant::now();
            let query = format!("EIO=4&transport=polling&sid={id}");
            assert_eq!(answer(method, &query), (400, gone.clone()), "{id}");
            assert!(asked.elapsed() < Duration::from_millis(500), "a forged id is refused at once");
        }
    }
    let method = refusal(2, "Bad handshake method");
    for name in ["POST", "PUT", "DELETE"] {
        assert_eq!(answer(name, "EIO=4&transport=polling"), (400, method.clone()));
    }
    assert_eq!(answer("GET", "EIO=4&transport=websocket"), (400, refusal(3, "Bad request")));
    let version = refusal(5, "Unsupported protocol version");
    for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=2&transport=polling"] {
        assert_eq!(answer("GET", query), (400, version.clone()), "{query}");
    }
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket&sid=nobody HTTP/1.1\r\nhost: x\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let told = http::raw(&app.base, upgrade.as_bytes());
    assert!(told.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{told}");
    assert!(told.to_lowercase().contains("connection: close\r\n"), "{told}");
    assert!(told.to_lowercase().contains("content-type: text/html"), "{told}");
    assert!(told.ends_with("\r\n\r\nSession ID unknown"), "{told}");
}

#[test]
fn a_client_speaks_through_any_worker() {
    let app = Instance::start(&[]);
    let client = app.open(4);
    client.sends("40");
    let connected = client.get().body;
    assert!(connected.starts_with("40{\"sid\":\""), "{connected}");

    client.sends("420[\"get\",{\"url\":\"/message\"}]\u{1e}421[\"get\",{\"url\":\"/no-such-route\"}]");
    let mut answers = String::new();
    while answers.matches("statusCode").count() < 2 {
        answers += &client.get().body;
    }
    assert!(answers.contains("430[{\"body\":[],"), "{answers}");
    assert!(answers.contains("431[{\"body\":"), "{answers}");

    // The next one waits until there is something.
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.get().body
    });
    thread::sleep(Duration::from_millis(300));
    assert!(!waiting.is_finished());
    client.sends("422[\"get\",{\"url\":\"/message\"}]");
    assert!(waiting.join().unwrap().starts_with("432[{\"body\":[],"));

    // Two that wait are one too many.
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.get().body
    });
    thread::sleep(Duration::from_millis(300));
    let second = client.get();
    assert_eq!((second.status, second.json()), (400, refusal(3, "Bad request")));
    assert_eq!(waiting.join().unwrap(), "1");
    client.is_gone();
}

#[test]
fn a_client_that_leaves_or_makes_no_sense_is_gone() {
    let app = Instance::start(&[("REGATTA__SOCKETS__MAX_PAYLOAD", "1000")]);
    let leaving = app.open(4);
    let waiting = thread::spawn({
        let client = leaving.clone();
        move || client.get().body
    });
    thread::sleep(Duration::from_millis(300));
    leaving.sends("1");
    assert_eq!(waiting.join().unwrap(), "6");
    leaving.is_gone();

    for nonsense in ["abc", "", "4{", "2", "42[\"connect\"]", "bAQI=", "7"] {
        let client = app.open(4);
        let status = client.post(nonsense).status;
        assert!([200, 400].contains(&status), "{nonsense}: {status}");
        // What was under way may still be answered.
        let last = client.get();
        assert!(last.status == 400 || last.body.ends_with('1'), "{nonsense}: {last:?}");
        client.is_gone();
    }

    let client = app.open(4);
    let answer = client.post(&format!("4{}", "x".repeat(1_000)));
    assert_eq!((answer.status, answer.body.as_str()), (413, ""));
    let last = client.get();
    assert!(last.status == 400 || last.body == "1", "{last:?}");
    client.is_gone();
}

#[test]
fn an_instance_that_dies_takes_only_its_own_connections_with_it() {
    let cluster = Cluster::with_ports();
    let [owner, doomed, third] = <[String; 3]>::try_from(cluster.bases()).unwrap();
    let client = open(&owner, 4);
    client.sends("40");
    assert!(client.at(&third).get().body.starts_with("40{"));

    // Its poll waits at another instance, which is killed.
    let waiting = thread::spawn({
        let client = client.at(&doomed);
        move || fresh(&client.base).try_send("GET", &client.path, &[], "").is_err()
    });
    thread::sleep(Duration::from_millis(300));
    cluster.kill(&cluster.instance(&fresh(&doomed).get("/livez").instance()));
    assert!(waiting.join().unwrap(), "the poll is lost");
    client.at(&third).sends("420[\"get\",{\"url\":\"/message\"}]");
    let answer = client.at(&third).get();
    assert!(answer.body.starts_with("430[{\"body\":[],"), "what the lost poll waited for: {answer:?}");

    cluster.kill(&cluster.instance(&fresh(&owner).get("/livez").instance()));
    let asked = Instant::now();
    client.at(&third).is_gone();
    assert!(asked.elapsed() < Duration::from_secs(1), "nobody waits for an instance that is dead");
}

#[test]
fn old_clients_have_lengths_and_pages_without_means_call_functions() {
    let app = Instance::start(&[]);
    let client = app.open(3);
    // Lengths count UTF-16 units, as JavaScript does.
    client.sends("2:2é34:420[\"get\",{\"url\":\"/message?x=é€\"}]");
    let mut answers = String::new();
    while !answers.contains("430[") {
        answers += &client.get().body;
    }
    assert!(answers.contains("2:3é"), "{answers}");
    let (before, answer) = answers.split_at(answers.find("430[").unwrap());
    let length = format!("{}:", answer.encode_utf16().count());
    assert!(before.ends_with(&length), "{answers}");

    let opened = fresh(&app.base).get(&format!("{PATH}&EIO=4&j=7"));
    assert_eq!(opened.header("content-type"), Some("text/javascript; charset=UTF-8"));
    assert!(opened.body.starts_with("___eio[7](\"0{\\\"sid\\\":\\\""), "{}", opened.body);
    assert!(opened.body.ends_with("\");"), "{}", opened.body);
}

#[test]
fn pages_elsewhere_are_told_whether_they_may_read() {
    let app = Instance::start(&[
        ("REGATTA__SOCKETS__ALLOWED_ORIGINS", "https://friend.example"),
        ("REGATTA__SOCKETS__COOKIE", "io"),
    ]);
    let http = fresh(&app.base);
    let url = format!("{PATH}&EIO=4");
    let friend = http.send("GET", &url, &[("origin", "https://friend.example")], "");
    assert_eq!(friend.status, 200);
    assert_eq!(friend.header("access-control-allow-origin"), Some("https://friend.example"));
    assert_eq!(friend.header("access-control-allow-credentials"), Some("true"));
    let cookie = friend.header("set-cookie").unwrap();
    assert!(cookie.starts_with("io=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");

    let stranger = http.send("GET", &url, &[("origin", "https://evil.example")], "");
    assert_eq!((stranger.status, stranger.json()), (400, refusal(3, "Bad request")));
    assert_eq!(stranger.header("access-control-allow-origin"), None);

    let asked = [
        ("origin", "https://friend.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-mine"),
    ];
    let preflight = http.send("OPTIONS", &url, &asked, "");
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://friend.example"));
    assert_eq!(preflight.header("access-control-allow-methods"), Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("x-mine"));
}

#[test]
fn what_is_switched_off_is_unknown() {
    let app = Instance::start(&[
        ("REGATTA__SOCKETS__TRANSPORTS", "websocket"),
        ("REGATTA__SOCKETS__ALLOW_EIO3", "false"),
    ]);
    let answer = fresh(&app.base).get(&format!("{PATH}&EIO=4"));
    assert_eq!((answer.status, answer.json()), (400, refusal(0, "Transport unknown")));

    let app = Instance::start(&[
        ("REGATTA__SOCKETS__TRANSPORTS", "polling"),
        ("REGATTA__SOCKETS__ALLOW_EIO3", "false"),
    ]);
    let opened = fresh(&app.base).get(&format!("{PATH}&EIO=4"));
    assert!(opened.body.contains("\"upgrades\":[]"), "{}", opened.body);
    let old = fresh(&app.base).get(&format!("{PATH}&EIO=3"));
    assert_eq!((old.status, old.json()), (400, refusal(5, "Unsupported protocol version")));
}
