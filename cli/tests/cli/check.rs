//! The demo's check against a stand-in for the app: it must pass on a cluster and notice what is none.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use regatta_cli::demo::{Site, check};

/// What the instances of one app share.
#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<String>,
    visits: AtomicU64,
    turn: AtomicU64,
}

#[test]
fn a_cluster_passes() {
    let shared = Arc::new(Shared::default());
    let (first, second) = (instance("a", &shared), instance("b", &shared));
    let front = front(&shared);

    check::cluster(&Site { front, instances: vec![first, second] }).unwrap();
}

#[test]
fn instances_that_share_no_messages_fail() {
    let shared = Arc::new(Shared::default());
    let (first, second) = (instance("a", &shared), instance("b", &Arc::default()));

    let error = check::cluster(&Site { front: first, instances: vec![first, second] }).unwrap_err();

    assert!(error.to_string().contains("does not have the message"), "{error}");
}

#[test]
fn a_front_that_reaches_only_one_instance_fails() {
    let shared = Arc::new(Shared::default());
    let (first, second) = (instance("a", &shared), instance("b", &shared));

    let error = check::cluster(&Site { front: first, instances: vec![first, second] }).unwrap_err();

    assert!(error.to_string().contains("reached only 1 of 2 instances"), "{error}");
}

#[test]
fn a_session_that_starts_again_elsewhere_fails() {
    let shared = Arc::new(Shared::default());
    let (first, second) = (instance("a", &shared), instance("b", &shared));
    let forgetful = listen(|turn, request| {
        let name = if turn % 2 == 0 { "a" } else { "b" };
        request.starts_with("GET /visits").then(|| (name.to_owned(), "{\"visits\":1}".to_owned()))
    });

    let error = check::cluster(&Site { front: forgetful, instances: vec![first, second] }).unwrap_err();

    assert!(error.to_string().contains("counter is at 1 on instance b where 2 was due"), "{error}");
}

#[test]
fn one_instance_is_no_cluster() {
    assert!(check::cluster(&Site { front: 1, instances: vec![1] }).is_err());
}

fn instance(name: &'static str, shared: &Arc<Shared>) -> u16 {
    let shared = Arc::clone(shared);
    listen(move |_, request| Some((name.to_owned(), answer(&shared, request)?)))
}

/// Takes turns over `a` and `b`.
fn front(shared: &Arc<Shared>) -> u16 {
    let shared = Arc::clone(shared);
    listen(move |_, request| {
        let name = if shared.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) { "a" } else { "b" };
        Some((name.to_owned(), answer(&shared, request)?))
    })
}

/// Nothing for what the app would refuse.
fn answer(shared: &Shared, request: &str) -> Option<String> {
    let cookie = request.contains("cookie: sid=1");
    match request.split(' ').take(2).collect::<Vec<_>>().as_slice() {
        ["POST", "/name"] => Some("{}".to_owned()),
        ["POST", "/message"] if cookie && request.contains("origin: http://127.0.0.1:") => {
            shared.messages.lock().unwrap().push_str(&request[request.find('{')?..]);
            Some("{}".to_owned())
        }
        ["GET", "/message?limit=20"] => Some(shared.messages.lock().unwrap().clone()),
        ["GET", "/visits"] if cookie => {
            Some(format!("{{\"visits\":{}}}", shared.visits.fetch_add(1, Ordering::Relaxed) + 1))
        }
        _ => None,
    }
}

/// A server that answers each request, with its number, by an instance's name and a body; 403 for nothing.
fn listen(answer: impl Fn(u64, &str) -> Option<(String, String)> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (turn, stream) in (0..).zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            let request = read(&mut stream);
            let (status, (name, body)) = match answer(turn, &request) {
                Some(answer) => ("200 OK", answer),
                None => ("403 Forbidden", ("x".to_owned(), "refused".to_owned())),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nX-Regatta-Instance: {name}\r\nSet-Cookie: sid=1; Path=/\r\n");
            let tail = format!("Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(format!("{head}{tail}").as_bytes()).unwrap();
        }
    });
    port
}

/// The request with the names of its headers in small letters, then its body.
fn read(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        if name == "content-length" {
            length = value.parse().unwrap();
        }
        request.push_str(&format!("{name}: {value}\n"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}
