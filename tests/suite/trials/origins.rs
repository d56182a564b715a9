//! Which pages get in, over each way to connect, and which may change something, on whichever instance they arrive.

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::socket::Socket;
use serde_json::json;

use super::{PRODUCTION, app, cluster};

/// Every origin, and whether its pages may connect to the app of `PRODUCTION` when it lists one more.
const ORIGINS: [(&str, bool); 21] = [
    ("https://chat.example.com", true),
    ("https://chat.example.com:443", true),
    ("https://CHAT.example.com", true),
    ("https://shop.example.com:8443", true),
    ("https://shop.example.com", false),
    ("http://shop.example.com:8443", false),
    ("http://chat.example.com", false),
    ("https://chat.example.com:8443", false),
    ("https://evil-chat.example.com", false),
    ("https://chat.example.com.evil", false),
    ("https://evil.chat.example.com", false),
    ("https://example.com", false),
    ("https://chat.example.com@evil.com", false),
    ("https://evil.com/https://chat.example.com", false),
    ("https://chat.example.com%00.evil.com", false),
    ("null", false),
    ("file://", false),
    ("https://", false),
    ("chat.example.com", false),
    ("*", false),
    ("https://chat.example.com https://evil.com", false),
];

#[test]
fn only_listed_origins_connect_over_either_transport_at_any_path() {
    let app = app();
    for path in ["/socket.io/", "/live/"] {
        let mut settings = PRODUCTION.to_vec();
        settings.push(("REGATTA__SOCKETS__PATH", path));
        settings.push(("REGATTA__SECURITY__ALLOWED_ORIGINS", "https://shop.example.com:8443"));
        let (_process, base) = app.lift_one(ports::free(), &settings);
        let http = Http::new(&base);
        for (origin, is_allowed) in ORIGINS {
            let headers = [("origin", origin), ("host", "chat.example.com")];
            let polled = http.send("GET", &format!("{path}?EIO=4&transport=polling"), &headers, "").status;
            let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            let upgrade =
                [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"), key];
            let request: String = [&upgrade[..], &headers]
                .concat()
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let request = format!("GET {path}?EIO=4&transport=websocket HTTP/1.1\r\n{request}\r\n");
            let upgraded = status_of(&base, &request);
            let expected = if is_allowed { (200, 101) } else { (400, 400) };
            assert_eq!((polled, upgraded), expected, "{origin} at {path}");
        }
    }
    println!("P15: {} origins, 2 paths, 2 transports", ORIGINS.len());
}

/// The status of the answer, without waiting for its end.
fn status_of(base: &str, request: &str) -> u16 {
    use std::io::{Read, Write};
    let address = base.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("an answer");
    String::from_utf8_lossy(&start[9..]).parse().expect("a status")
}

#[test]
fn a_token_is_good_on_every_instance_until_somebody_logs_in_and_never_given_to_a_socket() {
    let cluster = cluster(&[]);
    let bases = cluster.bases();
    let visitor = Http::new(&bases[0]);
    let token = |http: &Http| http.get("/token").json()["_csrf"].as_str().expect("a token").to_owned();
    let own = token(&visitor);
    let strange = token(&Http::new(&bases[0]));
    assert_eq!(visitor.get("/form").status, 200);
    // A browser that says nothing of itself.
    let change =
        |base: &String, with: &[(&str, &str)]| visitor.at(base).send("POST", "/set/n/1", with, "").status;
    let rows: [(&[(&str, &str)], u16); 8] = [
        (&[], 403),
        (&[("x-csrf-token", &own)], 200),
        (&[("x-csrf-token", &strange)], 403),
        (&[("x-csrf-token", "")], 403),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null"), ("x-csrf-token", &own)], 200),
    ];
    for base in &bases {
        for (headers, status) in &rows {
            assert_eq!(change(base, headers), *status, "{headers:?} at {base}");
        }
    }

    let mut socket = Socket::connect(&bases[1], &[("cookie", &visitor.cookie())]);
    assert_eq!(socket.get("/token").status, 400, "a token is nothing for sockets");
    assert_eq!(socket.request("post", "/set/n/2", &json!({ "_csrf": own })).status, 200);

    let logged_in = visitor.at(&bases[2]);
    assert_eq!(logged_in.post_json("/log-in/ada", &json!({})).status, 200);
    let change = |base: &String, token: &str| {
        logged_in.at(base).send("POST", "/set/n/3", &[("x-csrf-token", token)], "").status
    };
    assert_eq!(
        bases.iter().map(|base| change(base, &own)).collect::<Vec<_>>(),
        [403; 3],
        "of before the login"
    );
    let new = token(&logged_in);
    assert_eq!(bases.iter().map(|base| change(base, &new)).collect::<Vec<_>>(), [200; 3]);
    println!("P16: {} rows on each of 3 instances", rows.len());
}
