//! What goes wrong inside the app, in production: one request fails, says nothing of the inside, and everybody else's goes
//! on. What is uploaded and not wanted is gone.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON};
use serde_json::json;

use super::{PRODUCTION, app};

const FORM: [(&str, &str); 2] =
    [("content-type", "multipart/form-data; boundary=b"), ("sec-fetch-site", "same-origin")];

/// A part of a form; with a name it is a file.
fn part(field: &str, name: Option<&str>, text: &str) -> String {
    let name = name.map_or(String::new(), |name| format!("; filename=\"{name}\""));
    format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"{name}\r\n\r\n{text}\r\n")
}

fn form(parts: &[String]) -> String {
    parts.concat() + "--b--\r\n"
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn a_panic_fails_its_request_alone_and_tells_nothing_in_production() {
    let app = app();
    let mut settings = PRODUCTION.to_vec();
    // One worker: whatever falls, the same one answers the next.
    settings.push(("REGATTA__HTTP__WORKERS", "1"));
    let (process, base) = app.lift_one(ports::free(), &settings);
    let http = Http::new(&base);
    let own = [("origin", "https://chat.example.com"), ("host", "chat.example.com")];
    let mut socket = Socket::connect(&base, &own);
    for _ in 0..3 {
        for path in ["/boom", "/guarded"] {
            let (page, program) = (http.page(path), http.get(path));
            assert_eq!((page.status, program.status), (500, 500), "{path}");
            assert_eq!(program.json()["code"], "E_INTERNAL");
            for body in [&page.body, &program.body] {
                assert!(!body.contains("inside of the app") && !body.contains(".rs"), "{body}");
            }
            assert_eq!(http.get("/plain").status, 200);
        }
        assert_eq!(http.post_json("/fuse", &json!({ "name": "boom" })).status, 500);
        assert_eq!(socket.post("/fuse", &json!({ "name": "boom" })).status, 500);
        assert_eq!(http.get("/task").status, 200);
        assert_eq!(socket.ask("boom", &json!(1))["code"], "E_INTERNAL");
        assert_eq!(socket.get("/boom").status, 500);
        assert_eq!(socket.ask("echo", &json!("still here")), "still here");
    }
    assert!(http.post_json("/fuse", &json!({ "name": "fine" })).status < 300);
    assert_eq!(http.get("/fuse").json().as_array().map(Vec::len), Some(1), "what panicked was undone");
    println!(
        "P24: 27 panics in actions, policies, events, callbacks and tasks: 24 answers with 500, nobody else notices"
    );
    assert!(process.exit().is_none());
    process.wait_for_line("the inside of the app", SOON);
}

#[test]
fn guards_of_scopes_models_and_actions_hold_over_http_and_for_virtual_requests() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let as_user = |user: &str| {
        let http = Http::new(&base);
        assert_eq!(http.post_json(&format!("/log-in/{user}"), &json!({})).status, 200);
        http
    };
    let (nobody, sailor, captain) = (Http::new(&base), as_user("sailor"), as_user("captain"));
    for (method, path, expected) in [
        ("GET", "/mine", [401, 200, 200]),
        ("GET", "/inner/plain", [401, 200, 200]),
        ("POST", "/inner/plain", [401, 200, 200]),
        ("GET", "/person", [200, 200, 200]),
        ("POST", "/person", [401, 403, 200]),
        ("PATCH", "/person/1", [401, 403, 200]),
        ("DELETE", "/person/999", [401, 403, 404]),
    ] {
        for (number, (http, status)) in [&nobody, &sailor, &captain].into_iter().zip(expected).enumerate() {
            let mut socket = Socket::connect(&base, &[("cookie", &http.cookie())]);
            for over in ["http", "socket"] {
                let data = json!({ "name": format!("{method} {number} {over}") });
                let told = match (over, method) {
                    ("socket", _) => socket.request(&method.to_lowercase(), path, &data).status,
                    (_, "GET") => http.get(path).status.into(),
                    _ => {
                        let headers =
                            [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
                        http.send(method, path, &headers, &data.to_string()).status.into()
                    }
                };
                assert_eq!(told, status, "{method} {path} of {number} over {over}");
            }
        }
    }
}

#[test]
fn nothing_of_an_upload_that_failed_is_left_and_no_name_of_a_client_is_a_path() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let http = Http::new(&base);
    let (waiting, kept) = (app.root().join(".tmp/uploads"), app.root().join(".tmp/kept"));
    let gone =
        |what: &str| wait::until_true(&format!("nothing is left of {what}"), SOON, || count(&waiting) == 0);
    let send = |body: &str| http.send("POST", "/upload", &FORM, body);
    let big = "x".repeat((8 << 20) + 1);

    assert_eq!(send(&form(&[part("a", Some("big"), &big)])).status, 413);
    gone("an oversize file");
    assert_eq!(send(&form(&vec![part("f", None, "v"); 10_000])).status, 413);
    gone("ten thousand parts");
    let address = base.trim_start_matches("http://");
    for round in 0..10 {
        let start = part("kept", Some("cut.txt"), &"x".repeat(50_000 + round));
        let mut client = TcpStream::connect(address).expect("a connection");
        let head = format!(
            "POST /upload HTTP/1.1\r\nhost: {address}\r\nsec-fetch-site: same-origin\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: 900000\r\n\r\n{start}"
        );
        client.write_all(head.as_bytes()).expect("the start of a form");
        wait::until_true("the file has begun", SOON, || count(&waiting) > 0);
        drop(client);
        gone("a form that was cut off");
    }
    assert_eq!(count(&kept), 0, "nothing of them is kept");

    // A folder in which somebody has laid links, and names that would be their paths.
    let outside = app.root().join("outside.txt");
    fs::write(&outside, "untouched").expect("a file");
    fs::create_dir_all(&kept).expect("a folder");
    for name in ["link.txt", "passwd", "zero"] {
        symlink(&outside, kept.join(name)).expect("a link");
    }
    symlink(&outside, waiting.join("waits.upload")).expect("a link");
    let names = [
        "link.txt",
        "../../../etc/passwd",
        "zero",
        "same.txt",
        "same.txt",
        "/etc/passwd",
        "C:\\\\x\\\\link.txt",
    ];
    let mut parts: Vec<_> = names.iter().map(|name| part("kept", Some(name), "mine")).collect();
    parts.push(part("kept", Some("empty.txt"), ""));
    let answer = send(&form(&parts));
    assert_eq!((answer.status, &answer.json()["count"]), (200, &json!(8)), "{answer:?}");
    let saved = answer.json()["saved"].as_array().expect("paths").clone();
    for path in &saved {
        let path = app.root().join(path.as_str().expect("a path"));
        let is_own = path.parent() == Some(kept.as_path())
            && fs::symlink_metadata(&path).is_ok_and(|file| file.is_file());
        assert!(is_own, "{}", path.display());
    }
    assert_eq!((saved.len(), count(&kept)), (8, 8 + 3));
    assert_eq!(fs::read_to_string(&outside).expect("the file"), "untouched");
    assert_eq!(count(&waiting), 1, "only the link that was there");
    println!("P23: nothing left of 12 failed uploads, 8 names that are no paths");
}
