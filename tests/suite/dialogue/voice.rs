//! A Socket.IO client that keeps every frame as it came.

use std::collections::VecDeque;
use std::time::Instant;

use regatta_tests::wait::SOON;
use regatta_tests::wire::{Frame, Wire};
use serde_json::{Value, json};

/// The revision of Engine.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revision {
    /// Of sails.io.js and Socket.IO 2.
    V3,
    /// Of Socket.IO 3 and 4.
    V4,
}

/// A connected socket.
#[derive(Debug)]
pub(super) struct Voice {
    wire: Wire,
    id: String,
    opened: String,
    next_ack: u64,
    /// Events that arrived while an answer was awaited.
    events: VecDeque<String>,
}

impl Voice {
    /// Connects; `query` is added to the address, such as `&token=x`.
    pub(super) fn connect(base: &str, revision: Revision, query: &str) -> Result<Self, String> {
        let number = if revision == Revision::V3 { 3 } else { 4 };
        let url = format!(
            "{}/socket.io/?__sails_io_sdk_version=1.2.1&__sails_io_sdk_platform=node\
             &__sails_io_sdk_language=javascript{query}&EIO={number}&transport=websocket",
            base.replacen("http", "ws", 1)
        );
        let wire = Wire::connect(&url, &[("origin", base)], |frame| (frame == "2").then_some("3"))?;
        let mut voice =
            Self { wire, id: String::new(), opened: String::new(), next_ack: 0, events: VecDeque::new() };
        voice.opened = voice.frame("the handshake");
        if revision == Revision::V4 {
            voice.wire.send("40");
        }
        let entered = voice.frame("the answer to CONNECT");
        let handshake = match revision {
            Revision::V3 => {
                assert_eq!(entered, "40");
                voice.opened.strip_prefix('0')
            }
            Revision::V4 => entered.strip_prefix("40"),
        };
        let handshake: Value = serde_json::from_str(handshake.expect("a handshake")).expect("JSON");
        voice.id = handshake["sid"].as_str().expect("a sid").to_owned();
        Ok(voice)
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The first frame of the connection.
    pub(super) fn opened(&self) -> &str {
        &self.opened
    }

    /// Sends `42<id>` with these arguments and returns what follows `43<id>` in the answer.
    #[track_caller]
    pub(super) fn emit(&mut self, arguments: &str) -> String {
        let id = self.next_ack;
        self.next_ack += 1;
        self.wire.send(format!("42{id}{arguments}"));
        loop {
            let frame = self.frame(arguments);
            if let Some(answer) = frame.strip_prefix(&format!("43{id}")) {
                return answer.to_owned();
            }
            assert!(frame.starts_with("42"), "neither an event nor the answer to {arguments}: {frame}");
            self.events.push_back(frame);
        }
    }

    /// Sends a frame as it stands.
    pub(super) fn send(&self, frame: &str) {
        self.wire.send(frame);
    }

    /// The next frame that is no event kept from before.
    #[track_caller]
    pub(super) fn frame(&mut self, what: &str) -> String {
        match self.wire.next(SOON) {
            Some(Frame::Text(text)) => text,
            other => panic!("{other:?} instead of {what}"),
        }
    }

    /// A virtual request as sails.io.js sends it; the answer is the whole argument of the acknowledgement.
    #[track_caller]
    pub(super) fn request(&mut self, verb: &str, url: &str, data: &Value) -> String {
        let message = json!({"method": verb, "headers": {}, "data": data, "url": url});
        self.emit(&json!([verb, message]).to_string())
    }

    /// The events since this was asked last, as their frames; moments are written as `…`.
    #[track_caller]
    pub(super) fn heard(&mut self) -> Vec<String> {
        self.request("get", "/hello", &json!({}));
        self.events.drain(..).map(|frame| timeless(&frame)).collect()
    }

    /// The next `count` events, where other instances send them.
    #[track_caller]
    pub(super) fn hears(&mut self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + SOON;
        let mut heard = self.heard();
        while heard.len() < count && Instant::now() < deadline {
            heard.extend(self.heard());
        }
        heard
    }
}

/// The text with every number of thirteen digits, which a moment of these decades is, as `…`.
pub(super) fn timeless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        out.push_str(if digits.len() == 13 { "…" } else { &digits });
        digits.clear();
        out.push(letter);
    }
    out.pop();
    out
}
