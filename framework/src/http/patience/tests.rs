//! Bodies that come slowly, or never; and clients that do not read what they asked for.

#![cfg(feature = "testing")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::stream;

use crate::app::App;
use crate::testing::TestApp;

async fn app() -> TestApp {
    let settings =
        vec![("http.body_idle_timeout", "500ms".to_owned()), ("http.body_timeout", "2s".to_owned())];
    let app = App::new("slow").routes(|r| {
        r.post("/read", async |body: String| body);
        r.post("/ignore", async || "ignored");
    });
    TestApp::start_configured(app, settings).await
}

/// Sends the start of a request, then `pieces` of its body with a pause before each; what came back, and how long it took
/// until the connection ended.
async fn send(address: SocketAddr, path: &'static str, pieces: usize, pause: Duration) -> (String, Duration) {
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 10000\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let started = Instant::now();
        let mut writer = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            for _ in 0..pieces {
                sleep(pause);
                if writer.write_all(b"x").is_err() {
                    break;
                }
            }
        });
        let mut answer = Vec::new();
        // The end may be a reset: the server has closed while bytes were on their way.
        let ended = stream.read_to_end(&mut answer);
        let timed_out = ended.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out, "the connection is still open: {}", String::from_utf8_lossy(&answer));
        (String::from_utf8_lossy(&answer).into_owned(), started.elapsed())
    });
    sent.await.unwrap()
}

#[tokio::test]
async fn a_body_that_stops_is_answered_408_and_its_connection_ends() {
    let app = app().await;
    let (answer, took) = send(app.address(), "/read", 0, Duration::ZERO).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("E_BODY_TIMEOUT"), "{answer}");
    assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_body_that_never_stops_and_never_ends_does_too() {
    let app = app().await;
    let (answer, took) = send(app.address(), "/read", 200, Duration::from_millis(100)).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took >= Duration::from_millis(1_500) && took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test]
async fn a_body_nobody_reads_holds_no_connection_either() {
    let app = app().await;
    for path in ["/ignore", "/nowhere"] {
        let (answer, took) = send(app.address(), path, 200, Duration::from_millis(100)).await;
        assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(took < Duration::from_secs(15), "{path}: {took:?}");
    }
}

#[tokio::test]
async fn a_body_in_time_is_read_whole() {
    let app = app().await;
    let body = "x".repeat(200_000);
    assert_eq!(app.post("/read").body(body.clone()).await.ok().text(), body);
}

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Tells when an answer's body is dropped.
struct Endless;

impl Drop for Endless {
    fn drop(&mut self) {
        GIVEN_UP.store(true, Ordering::SeqCst);
    }
}

async fn endless() -> HttpResponse {
    let pieces = stream::unfold(Endless, async |endless| {
        Some((Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536])), endless))
    });
    HttpResponse::Ok().streaming(Box::pin(pieces))
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up_and_costs_little_until_then() {
    let settings = vec![("http.tcp_user_timeout", "1s".to_owned()), ("http.send_buffer", "65536".to_owned())];
    let app = App::new("reader").routes(|r| {
        r.get("/endless", endless);
    });
    let app = TestApp::start_configured(app, settings).await;
    let mut client = TcpStream::connect(app.address()).unwrap();
    client.write_all(format!("GET /endless HTTP/1.1\r\nHost: {}\r\n\r\n", app.address()).as_bytes()).unwrap();
    let asked = Instant::now();
    while !GIVEN_UP.load(Ordering::SeqCst) {
        assert!(asked.elapsed() < Duration::from_secs(15), "its answer is still kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(client);
}
