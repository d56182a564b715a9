//! The wire between sails.io.js and a server: frames, answers of virtual requests, and requests that are none.

use serde_json::{Value, json};

use super::doors::Asks;
use super::server::Server;
use super::voice::{Revision, Voice};

const BOTH: [Revision; 2] = [Revision::V3, Revision::V4];

/// The fixture's models and two routes of its own.
fn server() -> Server {
    Server::new(&json!({
        "routes": {"GET /old": "/hello", "GET /gone": {"response": "notFound"}, "/watching": "user/watch"},
    }))
}

#[test]
fn a_handshake_has_the_keys_in_order() {
    let server = server();
    for revision in BOTH {
        let voice = server.voice(revision);
        let opened = voice.opened();
        let rest = opened.strip_prefix("0{\"sid\":\"").expect(opened);
        let (sid, rest) = rest.split_once('"').expect(opened);
        assert_eq!(
            rest,
            ",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"
        );
        assert_eq!(sid.len(), 20, "{opened}");
        assert_eq!(voice.id().len(), 20);
        assert_eq!(revision == Revision::V3, sid == voice.id(), "one id for both in revision 3: {opened}");
    }
}

#[test]
fn a_client_of_revision_3_is_answered_its_pings() {
    let server = server();
    let mut voice = server.voice(Revision::V3);
    for (ping, pong) in [("2", "3"), ("2probe", "3probe")] {
        voice.send(ping);
        assert_eq!(voice.frame("a pong"), pong);
    }
}

#[test]
fn answers_are_those_of_sails() {
    let server = server();
    for revision in BOTH {
        let mut voice = server.voice(revision);
        for (verb, url, answer) in [
            ("get", "/hello", r#"[{"body":"ok!","headers":{},"statusCode":200}]"#),
            ("post", "/hello", r#"[{"body":"posted!","headers":{},"statusCode":200}]"#),
            ("put", "/hello", r#"[{"body":"putted!","headers":{},"statusCode":200}]"#),
            ("patch", "/hello", r#"[{"body":"patched!","headers":{},"statusCode":200}]"#),
            ("delete", "/hello", r#"[{"body":"deleted!","headers":{},"statusCode":200}]"#),
            ("head", "/hello", r#"[{"body":"ok!","headers":{},"statusCode":200}]"#),
            ("get", "/someJSON", r#"[{"body":{"foo":"bar"},"headers":{},"statusCode":200}]"#),
            ("get", "/someNull", r#"[{"body":null,"headers":{},"statusCode":200}]"#),
            ("get", "/someZero", r#"[{"body":0,"headers":{},"statusCode":200}]"#),
            ("get", "/someError", r#"[{"body":{"blah":"blah"},"headers":{},"statusCode":501}]"#),
            ("get", "/user/watch", r#"[{"body":"OK","headers":{},"statusCode":200}]"#),
            ("get", "/watching", r#"[{"body":"OK","headers":{},"statusCode":200}]"#),
            ("get", "/user", r#"[{"body":[],"headers":{},"statusCode":200}]"#),
            ("get", "/nobody", r#"[{"body":"Not Found","headers":{},"statusCode":404}]"#),
            ("get", "/gone", r#"[{"body":"Not Found","headers":{},"statusCode":404}]"#),
            ("get", "hello", r#"[{"body":"Not Found","headers":{},"statusCode":404}]"#),
            (
                "options",
                "/hello",
                r#"[{"headers":{"allow":"DELETE, GET, HEAD, PATCH, POST, PUT","content-length":35,"content-type":"text/plain","x-content-type-options":"nosniff"},"statusCode":200}]"#,
            ),
            ("options", "/nobody", r#"[{"body":"Not Found","headers":{},"statusCode":404}]"#),
            (
                "get",
                "/old",
                r#"[{"body":"Redirecting to /hello","headers":{"content-type":"text/html","Location":"/hello","location":"/hello"},"statusCode":302}]"#,
            ),
        ] {
            assert_eq!(voice.request(verb, url, &json!({})), answer, "{verb} {url}");
        }
    }
}

#[test]
fn acknowledgements_are_numbered_as_they_were_asked_for() {
    let server = server();
    let mut voice = server.voice(Revision::V4);
    voice.send(r#"421234["get",{"url":"/hello"}]"#);
    assert_eq!(voice.frame("an answer"), r#"431234[{"body":"ok!","headers":{},"statusCode":200}]"#);
    voice.send(r#"42["get",{"url":"/hello"}]"#);
    voice.send(r#"420["get",{"url":"/someZero"}]"#);
    let next = voice.frame("the other answer");
    assert_eq!(
        next, r#"430[{"body":0,"headers":{},"statusCode":200}]"#,
        "without a number nothing is answered"
    );
}

#[test]
fn what_a_request_says_is_found_where_sails_puts_it() {
    let server = server();
    for revision in BOTH {
        let mut voice = server.voice(revision);
        let header = r#"["get",{"url":"/headers","headers":{"X-Test-Header-One":"from the client"}}]"#;
        let answer = r#"[{"body":"from the client","headers":{},"statusCode":200}]"#;
        assert_eq!(voice.emit(header), answer);
        for (said, x) in [
            (r#"{"url":"/ok?x=1","data":{"x":4}}"#, "4"),
            (r#"{"url":"/ok","params":{"x":1},"data":{"x":4}}"#, "4"),
            (r#"{"url":"/ok","params":{"x":1}}"#, "1"),
            (r#"{"method":"post","url":"/ok?x=1"}"#, "\"1\""),
        ] {
            let answer = format!(r#"[{{"body":{x},"headers":{{}},"statusCode":200}}]"#);
            assert_eq!(voice.emit(&format!("[\"get\",{said}]")), answer, "{said}");
        }
    }
}

/// The one object of an acknowledgement or event.
fn object(text: &str) -> Value {
    let mut list: Value = serde_json::from_str(text).expect(text);
    list.as_array_mut().and_then(Vec::pop).expect(text)
}

#[test]
fn what_is_no_request_gets_the_parse_error() {
    let server = server();
    for revision in BOTH {
        let mut voice = server.voice(revision);
        for (arguments, details) in [
            (r#"["get"]"#, ""),
            (r#"["get",null]"#, ""),
            (r#"["get","/hello"]"#, ""),
            (r#"["get",7]"#, ""),
            (r#"["get",{"method":"get"}]"#, "No url provided in request: "),
            (r#"["get",{"url":""}]"#, ""),
            (r#"["get",{"url":5}]"#, ""),
        ] {
            let error = object(&voice.emit(arguments));
            assert_eq!(
                (&error["code"], &error["status"], &error["message"]),
                (
                    &json!("SAILS:HOOK:SOCKETS:PARSE_VIRTUAL_REQ"),
                    &json!(400),
                    &json!("Failed to parse incoming socket.io request."),
                ),
                "{arguments}"
            );
            assert!(error["details"].as_str().is_some_and(|text| text.starts_with(details)), "{error}");
            assert!(error.get("stack").is_none(), "{error}");
            assert!(error.get("body").is_none(), "{error}");
        }
        voice.send(r#"42["get",{"method":"get"}]"#);
        let event = voice.frame("an event");
        let error = event.strip_prefix(r#"42["sails:parseError","#).expect(&event);
        assert!(error.starts_with(r#"{"code":"SAILS:HOOK:SOCKETS:PARSE_VIRTUAL_REQ","#), "{event}");
        assert_eq!(voice.get("/hello"), "ok!", "the connection lives");
    }
}

#[test]
fn an_event_nobody_handles_is_passed_over() {
    let server = server();
    let mut voice = server.voice(Revision::V4);
    for event in [r#"420["bogus",{"url":"/hello"}]"#, r#"421["GET",{"url":"/hello"}]"#] {
        voice.send(event);
    }
    assert_eq!(voice.get("/hello"), "ok!", "the next frame answers the next question");
}

#[test]
fn a_client_that_is_too_old_is_told_so() {
    let server = server();
    let url = format!(
        "{}/socket.io/?__sails_io_sdk_version=0.10.9&EIO=3&transport=websocket",
        server.base().replacen("http", "ws", 1)
    );
    let wire = regatta_tests::wire::Wire::connect(&url, &[], |_| None).expect("a socket");
    let next = || match wire.next(regatta_tests::wait::SOON) {
        Some(regatta_tests::wire::Frame::Text(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(next().starts_with('0'));
    assert_eq!(next(), "40");
    wire.send(r#"420["get",{"url":"/hello"}]"#);
    let error = next();
    assert!(error.starts_with(r#"430[{"code":"SAILS:HOOK:SOCKETS:PARSE_VIRTUAL_REQ","#), "{error}");
}

#[test]
fn polling_is_off_as_with_sails_and_says_so() {
    let server = server();
    let http = regatta_tests::http::Http::new(server.base());
    let answer = http.get("/socket.io/?EIO=4&transport=polling");
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"code":0,"message":"Transport unknown"}"#));
}

#[test]
fn an_origin_that_is_not_allowed_is_refused() {
    let server = Server::new(&json!({"sockets": {"onlyAllowOrigins": ["https://example.com"]}}));
    let connect = |origin: &str| {
        let url = format!(
            "{}/socket.io/?__sails_io_sdk_version=1.2.1&EIO=4&transport=websocket",
            server.base().replacen("http", "ws", 1)
        );
        regatta_tests::wire::Wire::connect(&url, &[("origin", origin)], |_| None).err()
    };
    assert_eq!(connect("https://example.com"), None);
    let refusal = connect("https://evil.example").expect("a refusal");
    assert!(refusal.starts_with("400") && refusal.ends_with("Bad request"), "{refusal}");
}

#[test]
fn a_socket_without_cookies_keeps_its_session() {
    let server = server();
    for revision in BOTH {
        let mut voice = server.voice(revision);
        assert_eq!((voice.get("/count"), voice.get("/count")), ("1".to_owned(), "2".to_owned()));
        let without = r#"["get",{"url":"/count","headers":{"nosession":"true"}}]"#;
        assert_eq!(voice.emit(without), r#"[{"body":"NOSESSION","headers":{},"statusCode":200}]"#);
        assert_eq!(voice.get("/count"), "3");
        assert_eq!(server.voice(revision).get("/count"), "1", "each its own");
        let mut refuses = Voice::connect(server.base(), revision, "&nosession=true").expect("a socket");
        assert_eq!(refuses.get("/count"), "NOSESSION");
    }
    let mut http = server.http();
    assert_eq!((http.get("/count"), http.get("/count")), ("1".to_owned(), "2".to_owned()));
}
