//! Every bound of what a client may send, over long polling and over a WebSocket: what is below it is answered, what is
//! above it is refused as documented, and nobody else notices.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::socket::Socket;
use regatta_tests::wait::SOON;
use regatta_tests::wire::{Frame, Wire};
use serde_json::{Value, json};

use super::app;

const PAYLOAD: usize = 20_000;

const SETTINGS: [(&str, &str); 14] = [
    ("REGATTA__SOCKETS__MAX_PAYLOAD", "20000"),
    ("REGATTA__SOCKETS__MAX_ROOMS", "3"),
    ("REGATTA__SOCKETS__MAX_NAMESPACES", "2"),
    ("REGATTA__SOCKETS__MAX_IN_FLIGHT", "4"),
    ("REGATTA__SOCKETS__MESSAGES_PER_SECOND", "50"),
    ("REGATTA__SOCKETS__CONNECT_TIMEOUT", "2s"),
    ("REGATTA__HTTP__BODY_LIMIT", "10000"),
    ("REGATTA__HTTP__URL_LIMIT", "600"),
    ("REGATTA__HTTP__QUERY_LIMIT", "400"),
    ("REGATTA__HTTP__PARAMETER_LIMIT", "10"),
    ("REGATTA__HTTP__HEADER_LIMIT", "20"),
    ("REGATTA__HTTP__JSON_DEPTH", "4"),
    ("REGATTA__UPLOADS__MAX_FILES", "2"),
    ("REGATTA__HTTP__WORKERS", "2"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Polling,
    WebSocket,
}

/// A connection of a test that writes its packets itself.
enum Client {
    Polling { http: Http, path: String, read: Vec<String> },
    WebSocket(Wire),
}

impl Client {
    /// Connected to the default namespace.
    fn connect(base: &str, transport: Transport) -> Self {
        let mut client = Self::open(base, transport);
        client.send(&["40"]);
        client.hears("40{").expect("the namespace's answer");
        client
    }

    fn open(base: &str, transport: Transport) -> Self {
        if transport == Transport::WebSocket {
            return Self::WebSocket(Socket::open(base, &[]).expect("a connection"));
        }
        let http = Http::new(base);
        let path = "/socket.io/?EIO=4&transport=polling";
        let opened = http.get(path).body;
        let opened: Value = serde_json::from_str(&opened[1..]).expect("an open packet");
        let path = format!("{path}&sid={}", opened["sid"].as_str().expect("an id"));
        Self::Polling { http, path, read: Vec::new() }
    }

    /// Sends packets together: in one body, or as a frame each.
    fn send(&self, packets: &[&str]) {
        match self {
            Self::Polling { http, path, .. } => {
                let kind = [("content-type", "text/plain;charset=UTF-8")];
                // What is refused, and what comes after the end, has a status of its own; what is heard then tells.
                let _ = http.try_send("POST", path, &kind, &packets.join("\u{1e}"));
            }
            Self::WebSocket(wire) => packets.iter().for_each(|packet| wire.send(*packet)),
        }
    }

    /// Sends a packet and its attachments.
    fn send_bytes(&self, packet: &str, attachments: &[usize]) {
        match self {
            Self::Polling { .. } => {
                let bytes = attachments.iter().map(|bytes| format!("b{}", BASE64.encode(vec![0; *bytes])));
                let all: Vec<_> = std::iter::once(packet.to_owned()).chain(bytes).collect();
                // As a client does that keeps to `maxPayload`: a body for each.
                all.iter().for_each(|packet| self.send(&[packet]));
            }
            Self::WebSocket(wire) => {
                wire.send(packet);
                attachments.iter().for_each(|bytes| wire.send_binary(&vec![0; *bytes]));
            }
        }
    }

    /// The next packet that begins like this, or nothing when the connection ends before.
    fn hears(&mut self, start: &str) -> Option<String> {
        loop {
            match self {
                Self::Polling { http, path, read } => {
                    if read.is_empty() {
                        let answer = http.get(path);
                        if answer.status != 200 {
                            return None;
                        }
                        read.extend(answer.body.split('\u{1e}').rev().map(str::to_owned));
                    }
                    match read.pop().expect("an answer has a packet") {
                        packet if packet.starts_with(start) => return Some(packet),
                        packet if packet == "1" => return None,
                        packet if packet == "2" => self.send(&["3"]),
                        _ => {}
                    }
                }
                Self::WebSocket(wire) => match wire.next(SOON).expect("something within the deadline") {
                    Frame::Text(packet) if packet.starts_with(start) => return Some(packet),
                    Frame::Text(packet) if packet == "2" => wire.send("3"),
                    Frame::Text(_) | Frame::Binary(_) => {}
                    Frame::Closed(_) => return None,
                },
            }
        }
    }

    /// The argument of the answer to an event with the number 7.
    fn answer(&mut self) -> Option<Value> {
        let packet = self.hears("437")?;
        Some(serde_json::from_str::<Value>(&packet[3..]).expect("JSON")[0].take())
    }
}

/// What a row of the table expects.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The event is answered with this.
    Answered(Value),
    /// The virtual request is answered with this status and code.
    Status(u16, &'static str),
    /// The connection ends.
    Ends,
}

fn outcome(client: &mut Client, is_request: bool) -> Outcome {
    match client.answer() {
        None => Outcome::Ends,
        Some(answer) if is_request => {
            let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
            let code = answer["body"]["code"].as_str().map_or("", |code| code.to_owned().leak());
            Outcome::Status(status.expect("a status"), code)
        }
        Some(answer) => Outcome::Answered(answer),
    }
}

fn event(name: &str, data: &Value) -> String {
    format!("427{}", json!([name, data]))
}

fn request(method: &str, url: &str, data: &Value, headers: &Value) -> String {
    format!("427{}", json!([method, { "url": url, "data": data, "headers": headers }]))
}

fn nested(depth: usize) -> Value {
    serde_json::from_str(&("[".repeat(depth) + &"]".repeat(depth))).expect("JSON")
}

fn placeholders(count: usize) -> String {
    let places: Vec<_> = (0..count).map(|n| json!({ "_placeholder": true, "num": n })).collect();
    let mut event = vec![json!("bytes")];
    event.extend(places);
    format!("45{count}-7{}", Value::Array(event))
}

#[test]
fn each_bound_of_events_and_virtual_requests_is_the_same_over_both_transports() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &SETTINGS);
    let mut bystander = Socket::connect(&base, &[]);
    let texts = |bytes: usize| event("bytes", &json!("x".repeat(bytes)));
    let parameters = |n: usize| (0..n).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    let get = |url: String| request("get", &url, &json!({}), &json!({}));
    let headers =
        |n: usize| (0..n).map(|n| (format!("x-{n}"), json!("1"))).collect::<serde_json::Map<_, _>>();
    let frame = event("bytes", &json!("")).len();
    let fits = PAYLOAD - frame;
    let ok = || Outcome::Status(200, "");
    let mut checked = 0;
    for transport in [Transport::Polling, Transport::WebSocket] {
        let rows = [
            ("message", texts(fits), Outcome::Answered(json!(1))),
            ("message", texts(fits + 1), Outcome::Ends),
            ("query", get(format!("/take?a={}", "x".repeat(398))), ok()),
            ("query", get(format!("/take?a={}", "x".repeat(399))), Outcome::Status(414, "E_URL_TOO_LONG")),
            ("url", get(format!("/{}", "x".repeat(599))), Outcome::Status(404, "")),
            ("url", get(format!("/{}", "x".repeat(600))), Outcome::Status(414, "E_URL_TOO_LONG")),
            ("parameters", get(format!("/take?{}", parameters(10))), ok()),
            (
                "parameters",
                get(format!("/take?{}", parameters(11))),
                Outcome::Status(400, "E_TOO_MANY_PARAMETERS"),
            ),
            ("headers", request("get", "/take", &json!({}), &headers(8).into()), ok()),
            (
                "headers",
                request("get", "/take", &json!({}), &headers(21).into()),
                Outcome::Status(431, "E_TOO_MANY_HEADERS"),
            ),
            ("depth", request("post", "/take", &nested(4), &json!({})), ok()),
            ("depth", request("post", "/take", &nested(5), &json!({})), Outcome::Status(400, "E_TOO_DEEP")),
            ("body", request("post", "/take", &json!({ "a": "x".repeat(9_000) }), &json!({})), ok()),
            (
                "body",
                request("post", "/take", &json!({ "a": "x".repeat(10_000) }), &json!({})),
                Outcome::Status(413, "E_BODY_TOO_LARGE"),
            ),
        ];
        for (what, packet, expected) in rows {
            let mut client = Client::connect(&base, transport);
            client.send(&[&packet]);
            let is_request = !packet.contains("[\"bytes\"");
            assert_eq!(outcome(&mut client, is_request), expected, "{what} over {transport:?}");
            checked += 1;
        }
        assert_eq!(bystander.get("/plain").status, 200);
    }
    println!("P11: {checked} rows of events and virtual requests");
}

#[test]
fn each_bound_of_a_connection_is_the_same_over_both_transports() {
    let app = app();
    let (process, base) = app.lift_one(ports::free(), &SETTINGS);
    let mut bystander = Socket::connect(&base, &[]);
    for transport in [Transport::Polling, Transport::WebSocket] {
        let connect = || Client::connect(&base, transport);
        let row = |what: &str| println!("P11: {what} over {transport:?}");

        row("ten attachments are a value each, eleven end the connection");
        let mut client = connect();
        client.send_bytes(&placeholders(10), &[1; 10]);
        assert_eq!(client.answer(), Some(json!(10)), "{transport:?}");
        let mut client = connect();
        client.send_bytes(&placeholders(11), &[1; 11]);
        assert_eq!(client.hears("437"), None, "{transport:?}");

        row("attachments together have the bytes of a message");
        let mut client = connect();
        client.send_bytes(&placeholders(2), &[9_000, 9_000]);
        assert_eq!(client.answer(), Some(json!(2)), "{transport:?}");
        let mut client = connect();
        client.send_bytes(&placeholders(2), &[11_000, 11_000]);
        assert_eq!(client.hears("437"), None, "{transport:?}");

        row("attachments that never come end the connection in the time of a handshake");
        let mut client = connect();
        client.send(&[&placeholders(2)]);
        assert_eq!(client.hears("437"), None, "{transport:?}");

        row("a connection that enters no namespace ends too");
        let mut client = Client::open(&base, transport);
        assert_eq!(client.hears("40{"), None, "{transport:?}");

        row("rooms");
        let mut client = connect();
        for room in ["a", "b", "c"] {
            client.send(&[&event("join", &json!(room))]);
            assert_eq!(client.answer(), Some(json!("joined")), "{transport:?}");
        }
        client.send(&[&event("join", &json!("d"))]);
        let refused = client.answer().expect("an answer");
        assert!(refused["message"].as_str().is_some_and(|why| why.contains("max_rooms")), "{refused}");

        row("namespaces");
        let mut client = connect();
        client.send(&["40/berth/1,", "40/berth/2,"]);
        assert!(client.hears("40/berth/1,").is_some(), "{transport:?}");
        let refused = client.hears("44/berth/2,").expect("an answer");
        assert!(refused.contains("Too many namespaces"), "{refused}");

        row("events in work wait for those before them, and none is lost");
        let mut client = connect();
        let events: Vec<_> = (0..12).map(|n| format!("42{n}[\"slow\"]")).collect();
        client.send(&events.iter().map(String::as_str).collect::<Vec<_>>());
        (0..12).for_each(|_| assert!(client.hears("43").is_some(), "{transport:?}"));

        row("a client that sends too fast is let go");
        let mut client = connect();
        let flood: Vec<_> = (0..200).map(|_| "42[\"echo\",1]").collect();
        client.send(&flood);
        assert_eq!(client.hears("437"), None, "{transport:?}");

        assert_eq!(bystander.get("/plain").status, 200);
    }
    assert!(!process.log().contains("panicked at"), "{}", process.log());
}

#[test]
fn each_bound_of_http_and_of_forms_is_answered_as_documented() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &SETTINGS);
    let http = Http::new(&base);
    let json_type = ("content-type", "application/json");
    let own = ("sec-fetch-site", "same-origin");
    let form = |parts: &[String]| parts.concat() + "--b--\r\n";
    let file = |name: &str, bytes: usize| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n\r\n{}\r\n",
            "x".repeat(bytes)
        )
    };
    let field = |n: usize| format!("--b\r\nContent-Disposition: form-data; name=\"f{n}\"\r\n\r\nv\r\n");
    let with_long_header = format!(
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\nX: {}\r\n\r\nv\r\n",
        "x".repeat(90_000)
    );
    let upload = |body: String| {
        http.send("POST", "/upload", &[("content-type", "multipart/form-data; boundary=b"), own], &body)
    };
    let numbers = |n: usize| (0..n).map(|n| (format!("x-{n}"), "1".to_owned())).collect::<Vec<_>>();
    let with_headers = |n: usize| {
        let owned = numbers(n);
        let headers: Vec<_> = owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        http.send("GET", "/take", &headers, "")
    };
    let take = |body: &str| http.send("POST", "/take", &[json_type, own], body);
    for (what, answer, expected) in [
        ("query", http.get(&format!("/take?a={}", "x".repeat(399))), (414, "E_URL_TOO_LONG")),
        ("url", http.get(&format!("/{}", "x".repeat(600))), (414, "E_URL_TOO_LONG")),
        ("headers", with_headers(21), (431, "E_TOO_MANY_HEADERS")),
        ("depth", take("[[[[[]]]]]"), (400, "E_TOO_DEEP")),
        ("body", take(&format!("\"{}\"", "x".repeat(9_999))), (413, "E_BODY_TOO_LARGE")),
        ("files", upload(form(&[file("a", 1), file("b", 1), file("c", 1)])), (413, "E_UPLOAD_TOO_LARGE")),
        ("file", upload(form(&[file("a", 8 << 20), file("b", 1)])), (200, "")),
        ("file", upload(form(&[file("a", (8 << 20) + 1)])), (413, "E_UPLOAD_TOO_LARGE")),
        ("fields", upload(form(&(0..100).map(field).collect::<Vec<_>>())), (200, "")),
        ("fields", upload(form(&(0..101).map(field).collect::<Vec<_>>())), (413, "E_UPLOAD_TOO_LARGE")),
        (
            "ten thousand parts",
            upload(form(&(0..10_000).map(field).collect::<Vec<_>>())),
            (413, "E_UPLOAD_TOO_LARGE"),
        ),
        ("headers of a part", upload(form(&[with_long_header])), (413, "E_UPLOAD_TOO_LARGE")),
    ] {
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, code.as_str()), expected, "{what}: {answer:?}");
    }
    assert_eq!(http.get("/plain").status, 200);
}
