//! What clients should not send: a clear error each, and the process lives.

use regatta_tests::http::{self, Http};
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use serde_json::{Value, json};

use crate::chat::named;

/// One instance, and the proof that it still answers when the test is over.
struct Lifted {
    base: String,
    process: Process,
    _app: App,
}

impl Lifted {
    fn new() -> Self {
        let app = App::new();
        let (process, base) = app.lift_one(ports::free(), &[]);
        Self { base, process, _app: app }
    }

    #[track_caller]
    fn assert_lives(&self) {
        assert!(self.process.exit().is_none());
        assert_eq!(Http::new(&self.base).page("/").status, 200);
        assert_eq!(Socket::connect(&self.base, &[]).get("/message").status, 200);
        assert!(!self.process.log().contains("panicked at"), "{}", self.process.log());
    }
}

#[test]
fn malformed_json_is_a_bad_request() {
    let lifted = Lifted::new();
    let http = named(&lifted.base, "Ann");
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];

    for body in ["{", "{\"body\":}", "[1,", "nonsense", "\u{0}"] {
        let answer = http.send("POST", "/message", &headers, body);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.json().is_object(), "{answer:?}");
        assert!(!answer.body.contains(".rs:"), "{answer:?}");
    }
    lifted.assert_lives();
}

#[test]
fn values_that_break_a_rule_are_named() {
    let lifted = Lifted::new();
    let http = named(&lifted.base, "Ann");

    for body in
        [json!({}), json!({"body": ""}), json!({"body": "x".repeat(281)}), json!({"body": 7}), json!([])]
    {
        let answer = http.post_json("/message", &body);
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
        assert!(answer.json().is_object(), "{answer:?}");
    }
    assert_eq!(http.get("/message").json(), json!([]));
    lifted.assert_lives();
}

#[test]
fn an_unknown_route_is_not_found_in_the_callers_language() {
    let lifted = Lifted::new();
    let http = Http::new(&lifted.base);

    let (page, json) = (http.page("/no/such/page"), http.get("/no/such/page"));
    let reply = Socket::connect(&lifted.base, &[]).get("/no/such/page");

    assert_eq!((page.status, json.status, reply.status), (404, 404, 404));
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert_eq!(json.body, "Not Found");
    lifted.assert_lives();
}

#[test]
fn a_record_that_is_not_there_is_not_found() {
    let lifted = Lifted::new();

    for path in ["/message/999999", "/message/abc", "/message/-1", "/message/99999999999999999999"] {
        let answer = Http::new(&lifted.base).get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
    }
    lifted.assert_lives();
}

#[test]
fn an_oversize_body_is_refused_before_it_is_read() {
    let lifted = Lifted::new();
    let request = "POST /message HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   accept: application/json\r\ncontent-length: 500000000\r\n\r\n{\"body\":\"";
    let named = named(&lifted.base, "Ann");
    let request = request.replacen(
        "accept",
        &format!("cookie: {}\r\nsec-fetch-site: same-origin\r\naccept", named.cookie()),
        1,
    );

    let answer = http::raw(&lifted.base, request.as_bytes());

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    lifted.assert_lives();
}

#[test]
fn what_is_no_http_is_a_bad_request() {
    let lifted = Lifted::new();

    for bytes in [
        &b"NONSENSE\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let answer = http::raw(&lifted.base, bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    lifted.assert_lives();
}

#[test]
fn a_malformed_packet_ends_its_own_connection_at_most() {
    let lifted = Lifted::new();
    let mut bystander = Socket::connect(&lifted.base, &[]);

    let frames = [
        "",
        "4",
        "42",
        "42{",
        "42[",
        "42[]",
        "42[\"x\"",
        "42[null]",
        "42{\"0\":\"get\"}",
        "420",
        "420[",
        "43",
        "43[]",
        "4399[1]",
        "40{",
        "40",
        "44",
        "49",
        "4x",
        "9",
        "x",
        "2",
        "5",
        "6",
        "b",
        "\u{0}",
        "42/nowhere,[\"get\"]",
        "40/nowhere,",
        "42[\"connect\"]",
        "4299999999999999999999[\"get\",{}]",
        "45",
        "45-[",
        "451-[\"x\"]",
        "45999999999-[\"x\"]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":7}]",
        "46",
        "461-[]",
    ];
    for frame in frames {
        let socket = Socket::connect(&lifted.base, &[]);
        socket.send_raw(frame);
        socket.send_raw_binary(b"\x00\xff not asked for");
    }
    let deep = format!("42[\"get\",{}{}]", "[".repeat(50_000), "]".repeat(50_000));
    Socket::connect(&lifted.base, &[]).send_raw(&deep);

    assert!(bystander.is_open());
    assert_eq!(bystander.get("/message").status, 200);
    lifted.assert_lives();
}

#[test]
fn a_packet_larger_than_the_limit_ends_its_connection() {
    let lifted = Lifted::new();
    let mut socket = Socket::connect(&lifted.base, &[]);

    socket.send_raw(&format!("42[\"get\",\"{}\"]", "x".repeat(2_000_000)));

    socket.closed();
    lifted.assert_lives();
}

#[test]
fn a_virtual_request_without_a_proper_argument_is_a_parse_error() {
    let lifted = Lifted::new();
    let mut socket = Socket::connect(&lifted.base, &[]);

    for event in [
        json!(["get"]),
        json!(["get", null]),
        json!(["get", "/message"]),
        json!(["get", 7]),
        json!(["get", []]),
        json!(["get", {}]),
        json!(["get", {"url": 7}]),
        json!(["get", {"url": ""}]),
        json!(["post", {"data": {"body": "x"}}]),
    ] {
        assert_parse_error(&event, &socket.ask_with(&event));
    }
    assert_eq!(socket.get("/message").status, 200);
    lifted.assert_lives();
}

#[test]
fn a_parse_error_nobody_waits_for_is_told_as_an_event() {
    let lifted = Lifted::new();
    let mut socket = Socket::connect(&lifted.base, &[]);

    socket.send_raw("42[\"get\",7]");

    assert_parse_error(&json!(["get", 7]), &socket.next("sails:parseError"));
    lifted.assert_lives();
}

#[track_caller]
fn assert_parse_error(event: &Value, error: &Value) {
    assert_eq!(error["code"], "SAILS:HOOK:SOCKETS:PARSE_VIRTUAL_REQ", "{event}: {error}");
    assert_eq!(error["status"], 400, "{event}: {error}");
    assert_eq!(error["message"], "Failed to parse incoming socket.io request.", "{event}: {error}");
    assert!(error["details"].as_str().is_some_and(|details| !details.is_empty()), "{event}: {error}");
    assert!(error.get("stack").is_none(), "{event}: {error}");
}
