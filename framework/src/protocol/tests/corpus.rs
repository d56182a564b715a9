//! Seeds: what clients say and what attackers might, one a line; see `corpus/packets.txt` for the form of the files.

use bytes::Bytes;

use super::codecs::{self, Form};
use crate::protocol::payload::Unit;

pub(super) const PACKETS: &str = include_str!("../corpus/packets.txt");
pub(super) const PAYLOADS: [(Form, &str); 4] = [
    (Form::V4, include_str!("../corpus/payload_v4.txt")),
    (Form::V3, include_str!("../corpus/payload_v3.txt")),
    (Form::V3Bytes, include_str!("../corpus/payload_v3_bytes.txt")),
    (Form::Request, include_str!("../corpus/form.txt")),
];
pub(super) const BUS: &str = include_str!("../corpus/bus.txt");

/// More packets than any seed has.
pub(super) const MANY: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Refuse,
    /// Only we refuse it.
    Stricter,
    /// Both accept it, but don't read the same.
    Differs,
}

impl Verdict {
    pub(super) fn is_accepted_here(self) -> bool {
        matches!(self, Self::Accept | Self::Differs)
    }

    pub(super) fn is_accepted_there(self) -> bool {
        self != Self::Refuse
    }
}

#[derive(Debug)]
pub(super) struct Seed {
    pub(super) verdict: Verdict,
    pub(super) bytes: Bytes,
}

pub(super) fn seeds(corpus: &str) -> Vec<Seed> {
    let lines = corpus.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (verdict, seed) = line.split_once(' ').unwrap_or((line, ""));
            let verdict = match verdict {
                "accept" => Verdict::Accept,
                "refuse" => Verdict::Refuse,
                "stricter" => Verdict::Stricter,
                "differs" => Verdict::Differs,
                _ => panic!("no verdict: {line}"),
            };
            Seed { verdict, bytes: unescape(seed) }
        })
        .collect()
}

/// `\xNN` is a byte.
fn unescape(seed: &str) -> Bytes {
    let mut parts = seed.split(r"\x");
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        out.push(u8::from_str_radix(hex, 16).unwrap());
        out.extend_from_slice(rest.as_bytes());
    }
    out.into()
}

/// The messages of a seed of packets; nothing when its text is not UTF-8.
pub(super) fn messages(seed: &Bytes) -> Option<Vec<Unit>> {
    const SEPARATOR: &[u8] = b" ~ ";
    let mut messages = Vec::new();
    let mut rest = seed.clone();
    loop {
        let end = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let message = rest.split_to(end.unwrap_or(rest.len()));
        messages.push(match message.first() {
            Some(b'#') => Unit::Binary(message.slice(1..)),
            _ => Unit::Text(message.try_into().ok()?),
        });
        if rest.is_empty() {
            return Some(messages);
        }
        rest = rest.slice(SEPARATOR.len()..);
    }
}

#[test]
fn payloads_are_accepted_or_refused() {
    for (form, corpus) in PAYLOADS {
        for Seed { verdict, bytes } in seeds(corpus) {
            let read = form.decode(bytes.clone(), MANY);
            assert_eq!(read.is_ok(), verdict.is_accepted_here(), "{form:?}: {bytes:?} is {read:?}");
        }
    }
}

#[test]
fn packets_are_accepted_or_refused() {
    for Seed { verdict, bytes } in seeds(PACKETS) {
        let read = codecs::decode(&messages(&bytes).unwrap());
        assert_eq!(read.is_ok(), verdict.is_accepted_here(), "{bytes:?} is {read:?}");
    }
}
