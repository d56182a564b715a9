//! Seeds of the corpus, changed at random: whatever arrives, nothing panics, and what is made of it is bounded.
//! `REGATTA_FUZZ_SECONDS` is how long each target is tried, 1 if not set. Every run begins with the same inputs.

use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;

use super::codecs::{self, Form, run};
use super::corpus::{self, BUS, MANY, PACKETS, PAYLOADS, Seed, seeds};
use super::random::Random;
use crate::protocol::attachments::{Assembler, MAX_ATTACHMENTS};
use crate::protocol::classic::{Asked, Broadcast, Reply, Request};
use crate::protocol::engine::Engine;
use crate::protocol::msgpack::{self, Reader};
use crate::protocol::packet::Packet;
use crate::protocol::payload::{Unit, jsonp};

/// Longest input, and longest of most inputs, which are tried faster.
const LONGEST: usize = 1 << 16;
const LONG: usize = 1 << 10;
/// Accepted inputs that are changed further, beside the seeds.
const KEPT: usize = 2000;
/// What means something to one of the codecs.
const TOKENS: [&[u8]; 24] = [
    b"0",
    b"1",
    b"9",
    b"-",
    b"/",
    b",",
    b":",
    b"b",
    b"b4",
    b"\x1e",
    b"\xff",
    b"\x00",
    b"\x01\x01\xff\x04",
    b"\"",
    b"\\",
    b"\\n",
    b"\\ud83d",
    b"{",
    b"[",
    b"]",
    b"}",
    b" ~ #",
    b"{\"_placeholder\":true,\"num\":0}",
    b"\xf0\x9f\x9a\xa3",
];

/// Shows the input that was at work when a test panicked.
struct Input<'a>(&'a Bytes);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the input is {:?}", self.0);
        }
    }
}

/// Gives changed seeds to `accepts`, which says whether they were accepted.
fn fuzz(corpus: &str, accepts: impl Fn(&Bytes) -> bool) {
    let seconds = std::env::var("REGATTA_FUZZ_SECONDS");
    let seconds = seconds.map_or(1, |seconds| seconds.parse().expect("REGATTA_FUZZ_SECONDS is a number"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut pool: Vec<_> = seeds(corpus).into_iter().map(|Seed { bytes, .. }| bytes).collect();
    let seeds = pool.len();
    let mut random = Random::from_seed(0x5eed);
    let (mut tried, mut accepted) = (0_u64, 0_u64);
    while Instant::now() < end {
        let input = Bytes::from(change(&pool, &mut random));
        let shown = Input(&input);
        let is_accepted = accepts(&input);
        drop(shown);
        tried += 1;
        if is_accepted {
            accepted += 1;
            if input.len() > LONG {
                continue;
            }
            if pool.len() < seeds + KEPT {
                pool.push(input);
            } else {
                let at = seeds + random.below(KEPT);
                pool[at] = input;
            }
        }
    }
    assert!(
        accepted > 0 && accepted < tried,
        "{accepted} of {tried} were accepted: that tries only half of it"
    );
}

/// One of the pool, changed at up to seven places.
pub(super) fn change(pool: &[Bytes], random: &mut Random) -> Vec<u8> {
    let mut input = pool[random.below(pool.len())].to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let end = at + random.below(input.len() - at + 1);
        match random.below(7) {
            0 => input.truncate(at),
            1 if at < input.len() => input[at] ^= 1 << random.below(8),
            2 if at < input.len() => input[at] = random.byte(),
            3 => drop(input.drain(at..end)),
            4 => {
                let times = (1 << random.below(12)).min(LONGEST / (end - at).max(1));
                let part = input[at..end].repeat(times);
                input.splice(at..at, part);
            }
            5 => {
                let other = &pool[random.below(pool.len())];
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => {
                let token = random.of(&TOKENS);
                input.splice(at..at, token.iter().copied());
            }
        }
    }
    input.truncate(if random.one_in(50) { LONGEST } else { LONG });
    input
}

fn payloads(form: Form) {
    let (_, corpus) = PAYLOADS.into_iter().find(|(other, _)| *other == form).unwrap();
    fuzz(corpus, |body| {
        let Ok(units) = form.decode(body.clone(), MANY) else { return false };
        let total: usize = units.iter().map(size).sum();
        assert!(units.len() <= MANY && total <= body.len(), "{} packets, {total} bytes", units.len());
        for unit in &units {
            if let Unit::Text(text) = unit {
                let is_known = Engine::parse(text).is_ok();
                assert_eq!(is_known, !text.starts_with('0'), "the server alone opens: {text}");
            }
        }
        if form != Form::Request {
            assert_eq!(form.decode(form.encode(&units), MANY), Ok(units));
        }
        true
    });
}

fn size(unit: &Unit) -> usize {
    match unit {
        Unit::Text(text) => text.len(),
        Unit::Binary(data) => data.len(),
    }
}

#[test]
fn payloads_of_revision_4() {
    payloads(Form::V4);
}

#[test]
fn payloads_of_revision_3_as_text() {
    payloads(Form::V3);
}

#[test]
fn payloads_of_revision_3_as_bytes() {
    payloads(Form::V3Bytes);
}

#[test]
fn payloads_of_jsonp_requests() {
    payloads(Form::Request);
}

#[test]
fn jsonp_answers() {
    fuzz(PACKETS, |payload| {
        let Ok(text) = std::str::from_utf8(payload) else { return false };
        let script = jsonp::encode("7", payload);
        assert!(script.len() <= 6 * payload.len() + 20, "{}", script.len());
        assert_eq!(run(&script), text.as_bytes());
        true
    });
}

#[test]
fn packets() {
    fuzz(PACKETS, |talk| {
        let Some(messages) = corpus::messages(talk) else { return false };
        let mut assembler = Assembler::new(MAX_ATTACHMENTS, LONGEST);
        for message in &messages {
            let bounded = |args: usize| assert!(args <= talk.len(), "{args} bytes");
            match message {
                Unit::Text(text) => match assembler.text(text) {
                    Ok(Some(Packet::Event { args, .. } | Packet::Ack { args, .. })) => bounded(total(&args)),
                    Ok(_) => {}
                    Err(_) => return false,
                },
                Unit::Binary(data) => match assembler.binary(data.clone()) {
                    Ok(Some(packet)) => {
                        bounded(packet.args.iter().map(|arg| arg.get().len()).sum());
                        assert!((1..=MAX_ATTACHMENTS).contains(&packet.attachments.len()));
                    }
                    Ok(None) => {}
                    Err(_) => return false,
                },
            }
        }
        comes_back(&messages);
        true
    });
}

fn total(args: &[&RawValue]) -> usize {
    args.iter().map(|arg| arg.get().len()).sum()
}

/// What was understood is said again and understood as the same.
fn comes_back(messages: &[Unit]) {
    for packet in codecs::decode(messages).unwrap() {
        if matches!(packet["type"].as_u64(), Some(2 | 3)) && !packet["data"][0].is_null() {
            assert_eq!(codecs::decode(&codecs::encode(&packet)), Ok(vec![packet]));
        }
    }
}

#[test]
fn messages_on_the_bus() {
    fuzz(BUS, |message| {
        let mut json = Vec::new();
        if Reader::whole(message).and_then(|value| msgpack::to_json(value, &mut json)).is_some() {
            // Nine bytes of a number are up to 330 digits where it is the key of a map.
            assert!(json.len() <= 40 * message.len() + 64, "{} bytes", json.len());
            assert!(serde_json::from_slice::<&RawValue>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
        }
        let own = "abcdef";
        let understood = [
            Broadcast::decode(message, own).is_ok(),
            Request::decode(message, own).is_ok(),
            Asked::decode(message, own).is_ok(),
            Reply::decode(message).is_ok(),
        ];
        understood.contains(&true)
    });
}

#[test]
fn time_grows_with_the_size_only() {
    const SIZE: usize = 256 << 10;
    let repeated = |part: &str| Bytes::from(part.repeat(SIZE / part.len()));
    let started = Instant::now();
    for body in ["4\x1e", "\x1e", "b", "1:2", "0:", "9", "0", "1:", "🚣", "\\", "%5cn", "[", "\"", "2["] {
        let body = repeated(body);
        for (form, _) in PAYLOADS {
            let _ = form.decode(body.clone(), usize::MAX);
            let _ = form.decode([b"d=", &body[..]].concat().into(), usize::MAX);
        }
        for start in ["", "2", "2[\"x\",", "51-[\"x\",", "51-[\"x\",\"", "5", "0/", "2/a,"] {
            let text = format!("{start}{}", std::str::from_utf8(&body).unwrap());
            let _ = Assembler::new(MAX_ATTACHMENTS, SIZE).text(&text);
        }
    }
    let nested = format!("51-[\"x\"{}]", ",{\"a\":[{\"_placeholder\":false,\"num\":0}]}".repeat(SIZE / 40));
    assert!(Assembler::new(MAX_ATTACHMENTS, SIZE).text(&nested).is_err());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
