//! Messages in fragments: however they are cut, they have the bounds of a message, and what is never finished keeps
//! nobody waiting but its sender.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::socket::Socket;
use regatta_tests::wait::SOON;
use serde_json::json;

use super::app;

const PAYLOAD: usize = 20_000;

const TEXT: u8 = 1;
const CONTINUATION: u8 = 0;
const LAST: u8 = 0x80;

/// A WebSocket that writes its frames itself.
struct Raw(TcpStream);

impl Raw {
    /// Connected to the default namespace.
    fn connect(base: &str) -> Self {
        let address = base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(SOON)).expect("a deadline");
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("a handshake");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
        let mut client = Self(stream);
        client.send(&frame(LAST | TEXT, b"40"));
        client.hears("40{").expect("the namespace's answer");
        client
    }

    /// Whether it could be sent: a server that ends the connection may be quicker.
    fn send(&mut self, frames: &[u8]) -> bool {
        self.0.write_all(frames).is_ok()
    }

    /// The next text that begins like this, or nothing when the connection ends before.
    fn hears(&mut self, start: &str) -> Option<String> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).ok()?;
            let length = match head[1] {
                126 => {
                    let mut length = [0; 2];
                    self.0.read_exact(&mut length).ok()?;
                    u16::from_be_bytes(length).into()
                }
                length => usize::from(length),
            };
            let mut data = vec![0; length];
            self.0.read_exact(&mut data).ok()?;
            let text = String::from_utf8_lossy(&data).into_owned();
            match head[0] & 0xf {
                TEXT if text.starts_with(start) => return Some(text),
                8 => return None,
                _ => {}
            }
        }
    }
}

/// A client's frame, masked with nothing but zeros.
fn frame(head: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match u16::try_from(data.len()).expect("a short frame") {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).expect("a byte")),
        length => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(data);
    frame
}

/// A text in fragments of so many bytes.
fn cut(text: &str, bytes: usize) -> Vec<u8> {
    let parts: Vec<_> = text.as_bytes().chunks(bytes).collect();
    let last = parts.len() - 1;
    let head = |place| if place == 0 { TEXT } else { CONTINUATION } | if place == last { LAST } else { 0 };
    parts.iter().enumerate().flat_map(|(place, part)| frame(head(place), part)).collect()
}

fn event(bytes: usize) -> String {
    let empty = "427[\"bytes\",\"\"]".len();
    format!("427[\"bytes\",\"{}\"]", "x".repeat(bytes - empty))
}

#[test]
fn a_message_in_fragments_has_the_bounds_of_one_in_a_piece() {
    let app = app();
    let settings = [("REGATTA__SOCKETS__MAX_PAYLOAD", "20000"), ("REGATTA__HTTP__WORKERS", "1")];
    let (process, base) = app.lift_one(ports::free(), &settings);
    let mut bystander = Socket::connect(&base, &[]);
    for size in [1, 7, 1_000, PAYLOAD] {
        let mut client = Raw::connect(&base);
        client.send(&cut(&event(PAYLOAD), size));
        assert_eq!(client.hears("437").as_deref(), Some("437[1]"), "fragments of {size}");
        client.send(&cut(&event(PAYLOAD + 1), size));
        assert_eq!(client.hears("437"), None, "fragments of {size}");
    }

    // A message that is never finished, of fragments without anything in them: on the only worker.
    let mut endless = Raw::connect(&base);
    let empty = frame(CONTINUATION, b"").repeat(2_000);
    endless.send(&frame(TEXT, b"42[\"echo\","));
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        let is_open = endless.send(&empty);
        let question = Instant::now();
        assert_eq!(bystander.ask("echo", &json!("still here")), "still here");
        assert_eq!(Http::new(&base).get("/plain").status, 200);
        slowest = slowest.max(question.elapsed());
        asked += 1;
        if !is_open {
            break;
        }
    }
    println!(
        "P11: fragments of 4 sizes; beside {asked} x 2,000 empty ones the slowest answer took {slowest:?}"
    );
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(!process.log().contains("panicked at"), "{}", process.log());
}
