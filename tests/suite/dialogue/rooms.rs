//! Sockets in rooms, on one server and on several.

use regatta_tests::redis::Redis;
use serde_json::json;

use super::doors::Asks;
use super::server::Server;
use super::voice::{Revision, Voice};

/// Three sockets on as many servers as there are.
fn three(servers: &[Server]) -> [Voice; 3] {
    let server = |n: usize| &servers[n % servers.len()];
    [(0, Revision::V3), (1, Revision::V4), (2, Revision::V4)].map(|(n, revision)| server(n).voice(revision))
}

/// Asks the first socket to do something, and waits until every server has done it: a room of each socket's own id is
/// reached by broadcasts that are sent after it.
fn all(voices: &mut [Voice; 3], verb: &str, path: &str, body: &str) {
    voices[0].expect(200, verb, path, body);
    settle(voices);
}

fn settle(voices: &mut [Voice; 3]) {
    for n in 0..3 {
        let body = json!({"room": voices[n].id(), "event": "settled", "msg": "x"}).to_string();
        voices[0].expect(200, "POST", "/broadcast", &body);
        assert_eq!(voices[n].hears(1), [r#"42["settled",{"msg":"x"}]"#]);
    }
}

/// Whether each of them hears of a broadcast to `room`.
fn hears(voices: &mut [Voice; 3], room: &str) -> [bool; 3] {
    let body = json!({"room": room, "event": "checked", "msg": room}).to_string();
    voices[0].expect(200, "POST", "/broadcast", &body);
    let end = json!({"event": "end"}).to_string();
    voices[0].expect(200, "POST", "/blast", &end);
    voices.each_mut().map(|voice| {
        let mut heard = voice.hears(1);
        while !heard.iter().any(|frame| frame.contains("\"end\"")) {
            heard.extend(voice.hears(1));
        }
        assert_eq!(heard.last().map(String::as_str), Some(r#"42["end",{"msg":"HI"}]"#));
        match &heard[..heard.len() - 1] {
            [] => false,
            [one] => one == &format!(r#"42["checked",{{"msg":"{room}"}}]"#),
            more => panic!("more than once: {more:?}"),
        }
    })
}

fn rooms_are_joined_and_left(servers: &[Server]) {
    let mut voices = three(servers);
    assert_eq!(voices[1].expect(200, "GET", "/id", ""), voices[1].id());
    for voice in &mut voices[1..] {
        voice.expect(200, "PUT", "/testroom/join", "");
    }
    assert_eq!(hears(&mut voices, "testroom"), [false, true, true]);

    all(&mut voices, "PUT", "/testroom/joinPlayroom", "");
    assert_eq!(hears(&mut voices, "playroom"), [false, true, true]);
    all(&mut voices, "PUT", "/testroom/leavePlayroom", "");
    assert_eq!(hears(&mut voices, "playroom"), [false; 3]);

    let second = voices[1].id().to_owned();
    all(&mut voices, "PUT", &format!("/funRoom/join/?socketId={second}"), "");
    assert_eq!(hears(&mut voices, "funRoom"), [false, true, false]);
    all(&mut voices, "PUT", &format!("/funRoom/leave/?socketId={second}"), "");
    assert_eq!(hears(&mut voices, "funRoom"), [false; 3]);

    all(&mut voices, "PUT", "/awesomeRoom/joinByRoom?socketId=testroom", "");
    assert_eq!(hears(&mut voices, "awesomeRoom"), [false, true, true]);
    all(&mut voices, "PUT", &format!("/awesomeRoom/leaveByRoom/?socketId={second}"), "");
    assert_eq!(hears(&mut voices, "awesomeRoom"), [false, false, true]);

    all(&mut voices, "PUT", "/leaveAllRooms", "");
    assert_eq!(hears(&mut voices, "testroom"), [false; 3]);
    assert_eq!(hears(&mut voices, "awesomeRoom"), [false; 3]);
    assert_eq!(hears(&mut voices, &second), [false, true, false], "its own room stays");
}

fn everybody_hears_a_blast(servers: &[Server]) {
    let mut voices = three(servers);
    settle(&mut voices);
    voices[0].expect(200, "POST", "/blast", "{}");
    for voice in &mut voices {
        assert_eq!(voice.hears(1), [r#"42["blasted",{"msg":"HI"}]"#]);
    }
    voices[0].expect(200, "POST", "/__blast", r#"{"e":"any","d":{"a":[1,null]}}"#);
    for voice in &mut voices {
        assert_eq!(voice.hears(1), [r#"42["any",{"a":[1,null]}]"#]);
    }
    voices[1].expect(200, "PUT", "/testroom/join", "");
    voices[0].expect(200, "POST", "/broadcast", "{}");
    assert_eq!(voices[1].hears(1), [r#"42["message",{"msg":"HI"}]"#]);
}

#[test]
fn rooms_are_joined_and_left_on_one_server() {
    rooms_are_joined_and_left(&[Server::new(&json!({}))]);
}

#[test]
fn everybody_hears_a_blast_on_one_server() {
    everybody_hears_a_blast(&[Server::new(&json!({}))]);
}

#[test]
fn rooms_are_joined_and_left_on_three_servers() {
    let redis = Redis::new();
    let servers = [(); 3].map(|()| Server::with(&json!({}), &[("REDIS_URL", &redis.url())]));
    rooms_are_joined_and_left(&servers);
    everybody_hears_a_blast(&servers);
}

#[test]
fn a_session_is_the_same_on_every_server() {
    let redis = Redis::new();
    let servers = [(); 2].map(|()| Server::with(&json!({}), &[("REDIS_URL", &redis.url())]));
    let here = regatta_tests::http::Http::new(servers[0].base());
    assert_eq!(here.get("/count").body, "1");
    let there = here.at(servers[1].base());
    assert_eq!((there.get("/count").body, here.get("/count").body), ("2".to_owned(), "3".to_owned()));
}
