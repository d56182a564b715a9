//! An app's own WebSockets, which have nothing of Socket.IO.

#![cfg(feature = "testing")]

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::App;
use crate::testing::TestApp;

const UPGRADE: &str = "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// `hi` and a close without a reason as clients send them, masked with zeros.
const HI: &[u8] = b"\x81\x82\0\0\0\0hi";
const CLOSE: &[u8] = b"\x88\x80\0\0\0\0";

async fn echo(req: HttpRequest, body: web::Payload) -> crate::Result<HttpResponse> {
    let (response, mut session, mut messages) =
        actix_ws::handle(&req, body).map_err(|error| crate::Error::bad_request(error.to_string()))?;
    rt::spawn(async move {
        while let Some(Ok(Message::Text(text))) = messages.recv().await {
            session.text(text).await.unwrap();
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn app(settings: Vec<(&'static str, String)>) -> TestApp {
    let app = App::new("sockets of its own").routes(|r| {
        r.get("/echo", echo);
        r.get("/plain", async || "plain");
    });
    TestApp::start_configured(app, settings).await
}

async fn connect(app: &TestApp, first: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(first).await.unwrap();
    stream
}

/// Reads until `end` has come.
async fn until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    let reading = async {
        while !read.ends_with(end) {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
        }
    };
    timeout(Duration::from_secs(5), reading).await.expect("an answer");
    read
}

/// Reads until the other end closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    timeout(Duration::from_secs(5), stream.read_to_end(&mut read)).await.expect("an end").unwrap();
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test]
async fn an_action_speaks_over_a_websocket_of_its_own() {
    let app = app(Vec::new()).await;
    let mut stream = connect(&app, UPGRADE.as_bytes()).await;
    let head = String::from_utf8(until(&mut stream, b"\r\n\r\n").await).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    assert!(head.contains("x-request-id"), "what every answer has: {head}");
    for _ in 0..3 {
        stream.write_all(HI).await.unwrap();
        until(&mut stream, b"\x81\x02hi").await;
    }
    stream.write_all(CLOSE).await.unwrap();
    let read = rest(stream).await;
    assert!(read.ends_with("\u{fffd}\0"), "a close, then the end: {read:?}");
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_not_lost() {
    let app = app(Vec::new()).await;
    let first = [b"GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n", UPGRADE.as_bytes(), HI].concat();
    let mut stream = connect(&app, &first).await;
    let read = until(&mut stream, b"\x81\x02hi").await;
    let read = String::from_utf8_lossy(&read);
    let (plain, upgraded) = read.split_once("\r\n\r\nplain").expect("the answer to the request before it");
    assert!(plain.starts_with("HTTP/1.1 200 ") && upgraded.starts_with("HTTP/1.1 101 "), "{read}");
}

#[tokio::test]
async fn an_action_that_does_not_upgrade_answers_once() {
    let app = app(Vec::new()).await;
    let plain = UPGRADE.replace("/echo", "/plain");
    let read = rest(connect(&app, plain.as_bytes()).await).await;
    assert!(read.starts_with("HTTP/1.1 200 ") && read.ends_with("\r\n\r\nplain"), "{read}");
    assert!(read.to_lowercase().contains("connection: close"), "{read}");
    let refused = UPGRADE.replace("-Version: 13", "-Version: 7");
    let read = rest(connect(&app, refused.as_bytes()).await).await;
    assert!(read.starts_with("HTTP/1.1 400 ") && read.contains("\"code\""), "{read}");
}

#[tokio::test]
async fn there_are_only_so_many_of_them() {
    let app = app(vec![("http.max_connections", "2".to_owned()), ("http.workers", "1".to_owned())]).await;
    let mut first = connect(&app, UPGRADE.as_bytes()).await;
    until(&mut first, b"\r\n\r\n").await;
    let mut second = connect(&app, UPGRADE.as_bytes()).await;
    until(&mut second, b"\r\n\r\n").await;
    let third = rest(connect(&app, UPGRADE.as_bytes()).await).await;
    assert!(third.starts_with("HTTP/1.1 503 ") && third.contains("retry-after"), "{third}");
    first.write_all(HI).await.unwrap();
    until(&mut first, b"\x81\x02hi").await;
    drop(second);
    let accepted = async {
        loop {
            let mut again = connect(&app, UPGRADE.as_bytes()).await;
            if until(&mut again, b"\r\n\r\n").await.starts_with(b"HTTP/1.1 101 ") {
                break;
            }
        }
    };
    timeout(Duration::from_secs(5), accepted).await.expect("a place that is free again");
}
