//! The same as the JavaScript libraries: they read what we write, we read what they write, and what clients must not
//! say is refused by both, except where `corpus` says otherwise. Needs Node.js and `npm ci --prefix tests/clients`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::codecs::{self, Form};
use super::corpus::{self, MANY, PACKETS, PAYLOADS, Seed, Verdict, seeds};
use super::fuzz;
use super::random::Random;
use crate::protocol::engine::Revision;
use crate::protocol::packet::write;
use crate::protocol::payload::Unit;

const ROUNDS: usize = 300;

/// What `tests/clients/protocol.mjs` answers to one command.
fn ask(command: &Value) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients");
    let mut node = Command::new("node")
        .arg("protocol.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js is missing: apt-get install nodejs npm");
    let mut commands = node.stdin.take().unwrap();
    writeln!(commands, "{command}").unwrap();
    let mut report = String::new();
    BufReader::new(node.stdout.take().unwrap()).read_line(&mut report).unwrap();
    // Only now: the script ends with its input, whether or not its report was taken.
    drop(commands);
    node.wait().unwrap();
    assert!(!report.is_empty(), "no report; are packages missing? npm ci --prefix {folder}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["error"], Value::Null);
    report["answers"].as_array().unwrap().clone()
}

fn base64(data: &[u8]) -> Value {
    STANDARD.encode(data).into()
}

/// Messages as the script writes them.
fn shown(units: &[Unit]) -> Value {
    let show = |unit: &Unit| match unit {
        Unit::Text(text) => json!({ "text": &**text }),
        Unit::Binary(data) => json!({ "binary": base64(data) }),
    };
    units.iter().map(show).collect()
}

fn unshown(messages: &Value) -> Vec<Unit> {
    let read = |message: &Value| match message["text"].as_str() {
        Some(text) => Unit::Text(text.into()),
        None => Unit::Binary(STANDARD.decode(message["binary"].as_str().unwrap()).unwrap().into()),
    };
    messages.as_array().unwrap().iter().map(read).collect()
}

#[test]
fn their_clients_read_our_payloads() {
    let mut random = Random::from_seed(1);
    for form in [Form::V4, Form::V3, Form::V3Bytes, Form::Script] {
        let payloads: Vec<_> = (0..ROUNDS).map(|_| random.units()).collect();
        let bodies: Value = payloads.iter().map(|units| base64(&form.encode(units))).collect();
        let read = ask(&json!({ "do": "read", "form": form.name(), "bodies": bodies }));
        for (units, read) in payloads.iter().zip(read) {
            assert_eq!(shown(units), read, "{form:?}");
        }
    }
}

#[test]
fn we_read_their_payloads() {
    let mut random = Random::from_seed(2);
    for form in [Form::V4, Form::V3, Form::V3Bytes, Form::Request] {
        let payloads: Vec<_> = (0..ROUNDS).map(|_| random.units()).collect();
        let shown: Value = payloads.iter().map(|units| shown(units)).collect();
        let bodies = ask(&json!({ "do": "write", "form": form.name(), "payloads": shown }));
        for (units, body) in payloads.iter().zip(bodies) {
            let body = Bytes::from(STANDARD.decode(body.as_str().unwrap()).unwrap());
            if form != Form::Request {
                assert_eq!(form.encode(units), body, "{form:?}: the same bytes");
            }
            assert_eq!(form.decode(body, units.len()).as_ref(), Ok(units), "{form:?}");
        }
    }
}

#[test]
fn their_clients_read_our_packets() {
    let mut random = Random::from_seed(3);
    for revision in [3, 4] {
        let packets: Vec<_> = (0..ROUNDS).map(|_| random.packet()).collect();
        let talks: Value = packets.iter().map(|packet| shown(&codecs::encode(packet))).collect();
        let read = ask(&json!({ "do": "decode", "revision": revision, "talks": talks }));
        for (packet, read) in packets.iter().zip(read) {
            assert_eq!(&json!([packet]), &read, "revision {revision}");
        }
    }
}

#[test]
fn we_read_their_packets() {
    let mut random = Random::from_seed(4);
    for revision in [3, 4] {
        let mut packets: Vec<_> = (0..ROUNDS).map(|_| random.packet()).collect();
        for nsp in ["/", "/admin", "/adm?x=1&y=2"] {
            packets.push(json!({ "type": 0, "nsp": nsp, "id": null, "data": null }));
            packets.push(json!({ "type": 0, "nsp": nsp, "id": null, "data": { "token": "€" } }));
        }
        packets.push(json!({ "type": 1, "nsp": "/admin", "id": null, "data": null }));
        let encoded = ask(&json!({ "do": "encode", "revision": revision, "packets": packets }));
        for (packet, messages) in packets.iter().zip(encoded) {
            let messages = unshown(&messages);
            assert_eq!(codecs::decode(&messages).as_ref(), Ok(&vec![packet.clone()]), "revision {revision}");
        }
    }
}

#[test]
fn their_clients_read_answers_to_a_connect() {
    let data: &RawValue = serde_json::from_str("{\"code\":42}").unwrap();
    for (revision, number) in [(Revision::V3, 3), (Revision::V4, 4)] {
        let connected = |nsp| (write::connected(nsp, "abc", Some("def"), revision), 0, nsp);
        let refused = |nsp, data| (write::refused(nsp, "no \"x\"", data, revision), 4, nsp);
        let sent = [
            (connected("/"), json!({ "sid": "abc", "pid": "def" }), Value::Null),
            (connected("/admin"), json!({ "sid": "abc", "pid": "def" }), Value::Null),
            (refused("/", None), json!({ "message": "no \"x\"" }), json!("no \"x\"")),
            (
                refused("/admin", Some(data)),
                json!({ "message": "no \"x\"", "data": { "code": 42 } }),
                json!({ "code": 42 }),
            ),
            ((write::disconnected("/admin"), 1, "/admin"), Value::Null, Value::Null),
        ];
        let talks: Value = sent.iter().map(|((text, ..), ..)| json!([{ "text": text[1..] }])).collect();
        let read = ask(&json!({ "do": "decode", "revision": number, "talks": talks }));
        for (((_, kind, nsp), new, old), read) in sent.into_iter().zip(read) {
            let data = if number == 4 { new } else { old };
            assert_eq!(
                read,
                json!([{ "type": kind, "nsp": nsp, "id": null, "data": data }]),
                "revision {number}"
            );
        }
    }
}

/// Seeds that they judge otherwise than their verdict says, or that they accept, but as something else than we do.
fn misjudged(seeds: &[Seed], theirs: &[Value], ours: impl Fn(&Seed) -> Value) -> Vec<String> {
    assert_eq!(seeds.len(), theirs.len());
    let pairs = seeds.iter().zip(theirs);
    let wrong = pairs.filter(|(seed, theirs)| match seed.verdict {
        Verdict::Accept => **theirs != ours(seed),
        verdict => theirs.is_null() == verdict.is_accepted_there(),
    });
    wrong.map(|(seed, theirs)| format!("{seed:?} is {theirs} to them")).collect()
}

#[test]
fn hostile_payloads_are_refused_as_they_do() {
    for (form, corpus) in PAYLOADS {
        let seeds = seeds(corpus);
        let bodies: Value = seeds.iter().map(|seed| base64(&seed.bytes)).collect();
        let read = ask(&json!({ "do": "read", "form": form.name(), "bodies": bodies }));
        let wrong = misjudged(&seeds, &read, |seed| shown(&form.decode(seed.bytes.clone(), MANY).unwrap()));
        assert!(wrong.is_empty(), "{form:?}: {wrong:#?}");
    }
}

#[test]
fn hostile_packets_are_refused_as_they_do() {
    let seeds = seeds(PACKETS);
    let messages = |seed: &Seed| corpus::messages(&seed.bytes).unwrap();
    let talks: Value = seeds.iter().map(|seed| shown(&messages(seed))).collect();
    let read = ask(&json!({ "do": "decode", "revision": 4, "talks": talks }));
    let wrong = misjudged(&seeds, &read, |seed| codecs::decode(&messages(seed)).unwrap().into());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Changed seeds.
fn changed(corpus: &str, random: &mut Random) -> Vec<Bytes> {
    let pool: Vec<_> = seeds(corpus).into_iter().map(|seed| seed.bytes).collect();
    (0..ROUNDS * 5).map(|_| fuzz::change(&pool, random).into()).collect()
}

#[test]
fn no_payload_they_refuse_is_accepted() {
    let mut random = Random::from_seed(5);
    for (form, corpus) in PAYLOADS {
        let inputs = changed(corpus, &mut random);
        let bodies: Value = inputs.iter().map(|input| base64(input)).collect();
        let read = ask(&json!({ "do": "read", "form": form.name(), "bodies": bodies }));
        for (input, read) in inputs.into_iter().zip(read) {
            let ours = form.decode(input.clone(), MANY);
            assert!(!read.is_null() || ours.is_err(), "{form:?}: {input:?} is {ours:?}");
        }
    }
}

#[test]
fn no_packet_they_refuse_is_accepted() {
    let inputs = changed(PACKETS, &mut Random::from_seed(6));
    let talks: Vec<_> = inputs.iter().filter_map(corpus::messages).collect();
    let shown: Value = talks.iter().map(|talk| shown(talk)).collect();
    let read = ask(&json!({ "do": "decode", "revision": 4, "talks": shown }));
    for (talk, read) in talks.iter().zip(read) {
        let ours = codecs::decode(talk);
        assert!(!read.is_null() || ours.is_err(), "{talk:?} is {ours:?}");
    }
}
