//! Whatever clients send, over every transport and for long: nobody else notices, and the memory is given back.

use std::time::{Duration, Instant};

use regatta_tests::full_size;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::usage;

/// What clients say and what attackers might; the codecs are tried with the same.
const SEEDS: [&str; 5] = [
    include_str!("../../framework/src/protocol/corpus/packets.txt"),
    include_str!("../../framework/src/protocol/corpus/payload_v4.txt"),
    include_str!("../../framework/src/protocol/corpus/payload_v3.txt"),
    include_str!("../../framework/src/protocol/corpus/payload_v3_bytes.txt"),
    include_str!("../../framework/src/protocol/corpus/form.txt"),
];
/// Virtual requests, whose arguments are the client's too.
const REQUESTS: [&str; 8] = [
    r#"2["get",{"url":"/message?where={\"body\":{\"contains\":\"a\"}}&limit=1"}]"#,
    r#"21["get",{"method":"get","url":"/message/1","data":{"populate":"author"},"headers":{"accept":"text/html"}}]"#,
    r#"22["post",{"url":"/message","data":{"body":"x","author":null,"id":7}}]"#,
    r#"23["patch",{"url":"/message/1","data":{"where":"{\"id\":{\"<\":3}}"}}]"#,
    r#"24["delete",{"url":"/message/999999999999999999999"}]"#,
    r#"25["put",{"url":"/name","data":{"name":"y"}}]"#,
    r#"26["typing",{"to":["lobby"]},null]"#,
    r#"27["head",{"url":"//../..%2f/message?sort=id%20desc&skip=-1"}]"#,
];
/// How much more memory the instance may hold at the end.
const MOST_MORE: u64 = 64 << 20;
/// Attempts before the memory is looked at for the first time.
const WARM_UP: u32 = 200;

#[test]
fn malformed_input_costs_its_sender_alone() {
    let time = Duration::from_secs(if full_size() { 600 } else { 4 });
    let app = App::new();
    let (process, base) = app.lift_one(ports::free(), &[("RUST_LOG", "warn,regatta::app=info")]);
    let seeds: Vec<_> = SEEDS.into_iter().flat_map(str::lines).filter_map(messages).collect();
    let mut random = Random(0x5eed_5eed_5eed_5eed);
    let mut bystander = Socket::connect(&base, &[]);
    let mut held = None;

    let end = Instant::now() + time;
    let mut attempts = 0_u32;
    while Instant::now() < end || held.is_none() {
        let requests = REQUESTS.map(|request| vec![request.as_bytes().to_vec()]);
        let some = if random.below(3) == 0 { &requests[..] } else { &seeds[..] };
        let seed = &some[random.below(some.len())];
        let changed: Vec<_> = seed.iter().map(|message| random.change(message)).collect();
        match random.below(3) {
            0 => post(&base, &changed.concat()),
            _ => speak(&base, &changed),
        }
        attempts += 1;
        if attempts == WARM_UP {
            held = Some(usage::memory(process.pid()));
        }
        if attempts.is_multiple_of(100) {
            assert_eq!(bystander.get("/message?limit=1").status, 200, "after {attempts} attempts");
        }
    }

    assert!(process.exit().is_none());
    assert!(!process.log().contains("panicked at"), "{}", process.log());
    assert_eq!(bystander.get("/message?limit=1").status, 200);
    let (before, after) = (held.unwrap_or_default(), usage::memory(process.pid()));
    println!("{attempts} attempts; {} KB, then {} KB", before >> 10, after >> 10);
    assert!(after < before + MOST_MORE, "{before} bytes became {after} in {attempts} attempts");
}

/// Says all of it on a connection of its own.
fn speak(base: &str, messages: &[Vec<u8>]) {
    let socket = Socket::connect(base, &[]);
    for message in messages {
        match std::str::from_utf8(message) {
            Ok(text) => socket.send_raw(&format!("4{text}")),
            Err(_) => socket.send_raw_binary(message),
        }
    }
}

/// Sends it as the packets of a client that polls.
fn post(base: &str, body: &[u8]) {
    let http = Http::new(base);
    let opened = http.get("/socket.io/?EIO=4&transport=polling").body;
    let id = opened.split('"').nth(3).unwrap_or_else(|| panic!("no id in {opened}"));
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
    let body = String::from_utf8_lossy(body);
    let answer = http.send("POST", &path, &[("content-type", "text/plain;charset=UTF-8")], &body);
    assert!(matches!(answer.status, 200 | 400 | 413), "{body:?}: {answer:?}");
}

/// The messages of a seed: the first word is the codecs' verdict, `#` marks binary ones, `\xNN` is a byte.
fn messages(line: &str) -> Option<Vec<Vec<u8>>> {
    let (_, seed) = line.split_once(' ').filter(|_| !line.starts_with('#'))?;
    Some(seed.split(" ~ ").map(|message| unescape(message.strip_prefix('#').unwrap_or(message))).collect())
}

fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split(r"\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    bytes
}

/// The same numbers in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }

    /// The message with some bytes changed, removed, repeated, or as it was.
    fn change(&mut self, message: &[u8]) -> Vec<u8> {
        let mut changed = message.to_vec();
        for _ in 0..self.below(5) {
            let from = self.below(changed.len() + 1);
            let to = from + self.below(changed.len() - from + 1);
            match self.below(4) {
                0 => drop(changed.drain(from..to)),
                1 => {
                    let part = changed[from..to].repeat(1 << self.below(10));
                    changed.splice(from..from, part);
                }
                2 if from < changed.len() => {
                    changed[from] = u8::try_from(self.below(256)).unwrap_or_default()
                }
                _ => {
                    let tokens = ["[", "]", "{", "}", "\"", "\\", "\u{0}", "9", "-", "/", ",", "🚣"];
                    changed.splice(from..from, tokens[self.below(tokens.len())].bytes());
                }
            }
            changed.truncate(1 << 16);
        }
        changed
    }
}
