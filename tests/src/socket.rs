//! A Socket.IO v5 client over an Engine.IO v4 WebSocket: small, and able to misbehave.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wait::SOON;
use crate::wire::{Frame, Wire};

// Servers that speak Sails' virtual requests ask which client version sends them.
const QUERY: &str = "EIO=4&transport=websocket&__sails_io_sdk_version=1.2.1&__sails_io_sdk_platform=rust";

/// A connected socket of the default namespace.
#[derive(Debug)]
pub struct Socket {
    wire: Wire,
    id: String,
    next_ack: u64,
    /// What arrived while something else was awaited, oldest first.
    backlog: VecDeque<Packet>,
    /// Why the connection ended, once it has.
    ended: Option<String>,
}

/// What a test can wait for.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// An event with its arguments.
    Event(String, Vec<Value>),
    /// The arguments of the acknowledgement with this id.
    Ack(u64, Vec<Value>),
    /// Any other text frame as it came.
    Other(String),
    /// The end of the connection.
    Closed(String),
}

/// The answer to a virtual request.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status code.
    pub status: u64,
    /// The answer's headers.
    pub headers: Value,
    /// The answer's body.
    pub body: Value,
}

impl Socket {
    /// Connects to an address such as `http://127.0.0.1:3001`, with that address as `Origin` and these headers besides.
    ///
    /// # Panics
    /// When the server refuses or does not answer within 10 s.
    #[track_caller]
    pub fn connect(base: &str, headers: &[(&str, &str)]) -> Self {
        Self::try_connect(base, headers).unwrap_or_else(|refusal| panic!("no socket at {base}: {refusal}"))
    }

    /// The same where a refusal is an expected outcome.
    ///
    /// # Errors
    /// The refusal as the server worded it.
    pub fn try_connect(base: &str, headers: &[(&str, &str)]) -> Result<Self, String> {
        let wire = Self::open(base, headers)?;
        wire.send("40");
        let mut socket = Self { wire, id: String::new(), next_ack: 0, backlog: VecDeque::new(), ended: None };
        let connected = socket.wait(|packet| match packet {
            Packet::Other(text) => text
                .strip_prefix("40")
                .map(|payload| Ok(payload.to_owned()))
                .or_else(|| text.strip_prefix("44").map(|payload| Err(payload.to_owned()))),
            Packet::Closed(reason) => Some(Err(reason.clone())),
            _ => None,
        });
        let payload = connected.unwrap_or_else(|| Err("no answer to CONNECT".to_owned()))?;
        let payload: Value = serde_json::from_str(&payload).map_err(|error| error.to_string())?;
        socket.id = payload["sid"].as_str().ok_or("CONNECT without a sid")?.to_owned();
        Ok(socket)
    }

    /// Opens the Engine.IO connection only: the server's open packet is the first frame.
    ///
    /// # Errors
    /// The refusal as the server worded it.
    pub fn open(base: &str, headers: &[(&str, &str)]) -> Result<Wire, String> {
        let url = format!("{}/socket.io/?{QUERY}", base.replacen("http", "ws", 1));
        let mut all = vec![("origin", base)];
        all.extend_from_slice(headers);
        Wire::connect(&url, &all, |frame| (frame == "2").then_some("3"))
    }

    /// The socket's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends an event.
    pub fn emit(&self, event: &str, data: &Value) {
        self.wire.send(format!("42{}", json!([event, data])));
    }

    /// Sends an event and waits for its acknowledgement's first argument.
    ///
    /// # Panics
    /// When none arrives within 10 s.
    #[track_caller]
    pub fn ask(&mut self, event: &str, data: &Value) -> Value {
        self.ask_with(&json!([event, data]))
    }

    /// Sends an event given as its whole array, arguments missing or too many included, and waits for the answer.
    ///
    /// # Panics
    /// When none arrives within 10 s.
    #[track_caller]
    pub fn ask_with(&mut self, arguments: &Value) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.wire.send(format!("42{id}{arguments}"));
        let answer = self.wait(|packet| match packet {
            Packet::Ack(ack, values) if *ack == id => Some(values.first().cloned().unwrap_or(Value::Null)),
            Packet::Closed(reason) => panic!("closed ({reason}) before the answer to {arguments}"),
            _ => None,
        });
        answer.unwrap_or_else(|| panic!("no answer to {arguments} within {SOON:?}"))
    }

    /// A virtual GET.
    #[track_caller]
    pub fn get(&mut self, url: &str) -> Reply {
        self.request("get", url, &json!({}))
    }

    /// A virtual POST.
    #[track_caller]
    pub fn post(&mut self, url: &str, data: &Value) -> Reply {
        self.request("post", url, data)
    }

    /// Any virtual request.
    ///
    /// # Panics
    /// When no answer arrives within 10 s, or when it lacks a status code.
    #[track_caller]
    pub fn request(&mut self, method: &str, url: &str, data: &Value) -> Reply {
        let answer = self.ask(method, &json!({"method": method, "headers": {}, "data": data, "url": url}));
        let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("no statusCode: {answer}"));
        Reply { status, headers: answer["headers"].clone(), body: answer["body"].clone() }
    }

    /// The first argument of the next event of this name; other events keep their turn.
    ///
    /// # Panics
    /// When none arrives within 10 s.
    #[track_caller]
    pub fn next(&mut self, event: &str) -> Value {
        self.next_where(event, |_| true)
    }

    /// The next event of this name whose first argument satisfies `wanted`; others of that name before it are dropped.
    ///
    /// # Panics
    /// When none arrives within 10 s.
    #[track_caller]
    pub fn next_where(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            let found = self.wait(|packet| match packet {
                Packet::Event(name, values) if name == event => {
                    Some(values.first().cloned().unwrap_or(Value::Null))
                }
                Packet::Closed(reason) => panic!("closed ({reason}) while waiting for {event:?}"),
                _ => None,
            });
            match found {
                Some(value) if wanted(&value) => return value,
                Some(_) => {}
                None => break,
            }
        }
        panic!("no such event {event:?} within {SOON:?}; also arrived: {:?}", self.backlog)
    }

    /// Whether an event of this name has already arrived.
    pub fn has(&mut self, event: &str) -> bool {
        self.drain();
        self.backlog.iter().any(|packet| matches!(packet, Packet::Event(name, _) if name == event))
    }

    /// Sends a text frame as it stands.
    pub fn send_raw(&self, frame: &str) {
        self.wire.send(frame);
    }

    /// Sends a binary frame as it stands.
    pub fn send_raw_binary(&self, frame: &[u8]) {
        self.wire.send_binary(frame);
    }

    /// Whether the connection still stands as far as this side knows.
    pub fn is_open(&mut self) -> bool {
        self.drain();
        self.ended.is_none()
    }

    /// Waits until the server ends the connection, and returns the reason.
    ///
    /// # Panics
    /// When it is open after 10 s.
    #[track_caller]
    pub fn closed(&mut self) -> String {
        let reason = self.wait(|packet| match packet {
            Packet::Closed(reason) => Some(reason.clone()),
            _ => None,
        });
        reason.unwrap_or_else(|| panic!("still open after {SOON:?}"))
    }

    /// Takes the first packet for which `pick` gives a value, from the backlog or within 10 s from the wire.
    fn wait<T>(&mut self, pick: impl Fn(&Packet) -> Option<T>) -> Option<T> {
        if let Some((at, value)) =
            self.backlog.iter().enumerate().find_map(|(at, packet)| Some((at, pick(packet)?)))
        {
            self.backlog.remove(at);
            return Some(value);
        }
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(reason) = &self.ended {
                return pick(&Packet::Closed(reason.clone()));
            }
            let packet = packet(self.wire.next(deadline.saturating_duration_since(Instant::now()))?);
            if let Some(value) = pick(&packet) {
                self.note_end(&packet);
                return Some(value);
            }
            self.keep(packet);
        }
    }

    fn drain(&mut self) {
        while self.ended.is_none()
            && let Some(frame) = self.wire.next(Duration::ZERO)
        {
            self.keep(packet(frame));
        }
    }

    fn keep(&mut self, packet: Packet) {
        self.note_end(&packet);
        if self.ended.is_none() {
            self.backlog.push_back(packet);
        }
    }

    fn note_end(&mut self, packet: &Packet) {
        if let Packet::Closed(reason) = packet {
            self.ended = Some(reason.clone());
        }
    }
}

/// Reads a frame; what is neither an event nor an acknowledgement stays text.
fn packet(frame: Frame) -> Packet {
    let text = match frame {
        Frame::Text(text) => text,
        Frame::Binary(bytes) => return Packet::Other(format!("{} bytes", bytes.len())),
        Frame::Closed(reason) => return Packet::Closed(reason),
    };
    let Some(kind @ ("42" | "43")) = text.get(..2) else { return Packet::Other(text) };
    let digits = text[2..].find(|letter: char| !letter.is_ascii_digit()).map_or(text.len(), |at| at + 2);
    let Ok(mut values) = serde_json::from_str::<Vec<Value>>(&text[digits..]) else {
        return Packet::Other(text);
    };
    match (kind, text[2..digits].parse()) {
        ("43", Ok(id)) => Packet::Ack(id, values),
        ("42", _) if values.first().is_some_and(Value::is_string) => {
            let name = values.remove(0);
            Packet::Event(name.as_str().unwrap_or_default().to_owned(), values)
        }
        _ => Packet::Other(text),
    }
}
