//! The payloads are what Node's adapter 8.3 and emitter 5.1 published, byte for byte.

use bytes::Bytes;

use super::{
    Action, Asked, Broadcast, Question, Reply, Request, Sender, Unusable, channel, numbered, pattern,
    request_channel, sender,
};
use crate::protocol::event::Event;

const HELLO: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x94\xa5hello\x01\xa3two\x81\xa5three\x91\xc3\xa3nsp\xa1/\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80";
const ONE_ROOM: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x92\xa5hello\xa2r1\xa3nsp\xa1/\x83\xa5rooms\x91\xa5room1\xa6except\x90\xa5flags\x80";
const TWO_ROOMS: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x92\xa5hello\xa3r12\xa3nsp\xa1/\x83\xa5rooms\x92\xa5room1\xa5room2\xa6except\x91\xa1x\xa5flags\x80";
const VOLATILE: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x92\xa5hello\xa1v\xa3nsp\xa1/\x83\xa5rooms\x90\xa6except\x90\xa5flags\x82\xa8volatile\xc3\xa8compress\xc2";
const BINARY: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x93\xa3bin\xc4\x03\x01\x02\x03\x81\xa1b\xc4\x01\x04\xa3nsp\xa1/\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80";
const PRIVATE: &[u8] = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x92\xa5hello\xa7private\xa3nsp\xa1/\x83\xa5rooms\x91\xb4Kpq7yyW70Uvph1xKAAAB\xa6except\x90\xa5flags\x80";
const ADMIN: &[u8] = b"\x93\xa69uA3Zg\x83\xa4type\x02\xa4data\x92\xa3adm\x01\xa3nsp\xa6/admin\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80";
const EMITTER: &[u8] = b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa2ev\x01\xa3nsp\xa1/\x83\xa5rooms\x90\xa5flags\x80\xa6except\x90";
const EMITTER_ROOM: &[u8] = b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa2ev\xa1x\xa3nsp\xa1/\x83\xa5rooms\x91\xa5room1\xa5flags\x80\xa6except\x90";
const WITH_ACK: &[u8] = b"\x85\xa3uid\xa6_qicVY\xa9requestId\xa6OqSDWH\xa4type\x07\xa6packet\x83\xa4type\x02\xa4data\x92\xa3ask\x05\xa3nsp\xa1/\xa4opts\x83\xa5rooms\x90\xa6except\x90\xa5flags\x81\xa7timeout\xcd\x03\xe8";

const JOIN: &str = r#"{"uid":"_qicVY","type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["r3","r4"]}"#;
const LEAVE: &str = r#"{"uid":"_qicVY","type":3,"opts":{"rooms":[],"except":[]},"rooms":["r4"]}"#;
const DISCONNECT: &str =
    r#"{"uid":"_qicVY","type":4,"opts":{"rooms":["Kpq7yyW70Uvph1xKAAAB"],"except":[]},"close":true}"#;
const EMITTER_JOIN: &str = r#"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["r9"]}"#;
const EMITTER_DISCONNECT: &str = r#"{"type":4,"opts":{"rooms":["nobody"],"except":[]},"close":true}"#;
const FETCH: &str = r#"{"uid":"_qicVY","requestId":"yGSMda","type":5,"opts":{"rooms":[],"except":[]}}"#;
const SERVER_SIDE: &str = r#"{"uid":"emitter","type":6,"data":["ssping",7]}"#;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn encode(message: &Broadcast, uid: &str) -> Result<Vec<u8>, Unusable> {
    let Broadcast { namespace, data, rooms, except, volatile } = message;
    super::broadcast(uid, namespace, data, rooms, except, *volatile)
}

fn broadcast(namespace: &str, data: &'static str, rooms: &[&str], except: &[&str]) -> Broadcast {
    Broadcast {
        namespace: namespace.to_owned(),
        data: data.into(),
        rooms: names(rooms),
        except: names(except),
        volatile: false,
    }
}

#[test]
fn broadcasts_are_written_and_read_as_node_writes_them() {
    let recorded = [
        (HELLO, "_qicVY", broadcast("/", r#"["hello",1,"two",{"three":[true]}]"#, &[], &[])),
        (ONE_ROOM, "_qicVY", broadcast("/", r#"["hello","r1"]"#, &["room1"], &[])),
        (TWO_ROOMS, "_qicVY", broadcast("/", r#"["hello","r12"]"#, &["room1", "room2"], &["x"])),
        (PRIVATE, "_qicVY", broadcast("/", r#"["hello","private"]"#, &["Kpq7yyW70Uvph1xKAAAB"], &[])),
        (ADMIN, "9uA3Zg", broadcast("/admin", r#"["adm",1]"#, &[], &[])),
    ];
    for (bytes, uid, message) in recorded {
        assert_eq!(encode(&message, uid).unwrap(), bytes, "{message:?}");
        assert_eq!(Broadcast::decode(bytes, "other1").unwrap(), Some(message));
    }
}

#[test]
fn broadcasts_of_emitters_and_with_flags_are_read() {
    let message = broadcast("/", r#"["ev",1]"#, &[], &[]);
    assert_eq!(Broadcast::decode(EMITTER, "other1").unwrap(), Some(message));
    let message = broadcast("/", r#"["ev","x"]"#, &["room1"], &[]);
    assert_eq!(Broadcast::decode(EMITTER_ROOM, "other1").unwrap(), Some(message));
    let message = Broadcast { volatile: true, ..broadcast("/", r#"["hello","v"]"#, &[], &[]) };
    assert_eq!(Broadcast::decode(VOLATILE, "other1").unwrap(), Some(message.clone()));
    let again = encode(&message, "abcdef").unwrap();
    assert_eq!(Broadcast::decode(&again, "other1").unwrap(), Some(message));
}

#[test]
fn bytes_in_a_broadcast_are_its_attachments() {
    let json = r#"["bin",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]"#;
    let attachments = vec![Bytes::from_static(b"\x01\x02\x03"), Bytes::from_static(b"\x04")];
    let message = Broadcast { data: Event { attachments, ..json.into() }, ..broadcast("/", "[]", &[], &[]) };
    assert_eq!(Broadcast::decode(BINARY, "other1").unwrap(), Some(message.clone()));
    assert_eq!(encode(&message, "_qicVY").unwrap(), BINARY);

    let question = Question::Broadcast { data: message.data, rooms: vec![], except: vec![], timeout: 9 };
    let asked = Asked { id: Some("OqSDWH".to_owned()), question };
    let again = Asked::decode(&asked.encode("_qicVY", "/").unwrap(), "other1").unwrap();
    assert_eq!(again, Some(asked));
}

#[test]
fn more_bytes_than_clients_accept_arrive_in_the_form_json_gives_them() {
    let mut bytes = b"\x92\xa6abcdef\x82\xa4type\x02\xa4data\x9c\xa2hi".to_vec();
    bytes.extend([0xc4, 1, 7].repeat(11));
    let data = format!("[\"hi\"{}]", r#",{"type":"Buffer","data":[7]}"#.repeat(11));
    let read = Broadcast::decode(&bytes, "other1").unwrap().unwrap();
    assert_eq!(read.data, data.into());
}

#[test]
fn absent_options_and_namespace_have_their_defaults() {
    let bytes = b"\x92\xa6abcdef\x82\xa4type\x02\xa4data\x91\xa2hi";
    assert_eq!(Broadcast::decode(bytes, "other1").unwrap(), Some(broadcast("/", r#"["hi"]"#, &[], &[])));
    let numbered = b"\x93\xa6abcdef\x82\xa4type\x02\xa4data\x91\xa2hi\x81\xa5rooms\x92\x07\xa1a";
    let read = Broadcast::decode(numbered, "other1").unwrap().unwrap();
    assert_eq!(read.rooms, ["7", "a"]);
}

#[test]
fn requests_are_written_and_read_as_node_writes_them() {
    let recorded = [
        (JOIN, &["room1"][..], Action::Join(names(&["r3", "r4"]))),
        (LEAVE, &[], Action::Leave(names(&["r4"]))),
        (DISCONNECT, &["Kpq7yyW70Uvph1xKAAAB"], Action::Disconnect { close: true }),
    ];
    for (text, rooms, action) in recorded {
        let request = Request { rooms: names(rooms), except: vec![], action };
        assert_eq!(String::from_utf8(request.encode("_qicVY").unwrap()).unwrap(), text);
        assert_eq!(Request::decode(text.as_bytes(), "other1").unwrap(), Some(request));
    }
}

#[test]
fn a_request_of_our_own_is_none_that_node_has() {
    let request = Request { rooms: names(&["a"]), except: names(&["b"]), action: Action::LeaveAll };
    let text = r#"{"uid":"_qicVY","type":103,"opts":{"rooms":["a"],"except":["b"]}}"#;
    assert_eq!(String::from_utf8(request.encode("_qicVY").unwrap()).unwrap(), text);
    assert_eq!(Request::decode(text.as_bytes(), "other1").unwrap(), Some(request));
}

#[test]
fn requests_of_emitters_have_no_uid() {
    let join = Request::decode(EMITTER_JOIN.as_bytes(), "other1").unwrap().unwrap();
    assert_eq!((join.rooms, join.action), (names(&["room1"]), Action::Join(names(&["r9"]))));
    let disconnect = Request::decode(EMITTER_DISCONNECT.as_bytes(), "other1").unwrap().unwrap();
    assert_eq!(disconnect.action, Action::Disconnect { close: true });
}

#[test]
fn requests_in_messagepack_are_read_too() {
    let bytes = b"\x83\xa4type\x03\xa4opts\x82\xa5rooms\x91\xa1a\xa6except\x90\xa5rooms\x91\xa1b";
    let request = Request::decode(bytes, "other1").unwrap().unwrap();
    assert_eq!((request.rooms, request.action), (names(&["a"]), Action::Leave(names(&["b"]))));
}

#[test]
fn own_messages_are_passed_over() {
    assert_eq!(Broadcast::decode(HELLO, "_qicVY").unwrap(), None);
    assert_eq!(Request::decode(JOIN.as_bytes(), "_qicVY").unwrap(), None);
}

#[test]
fn requests_of_other_kinds_are_unknown_not_malformed() {
    for text in [FETCH, SERVER_SIDE] {
        assert_eq!(Request::decode(text.as_bytes(), "other1"), Err(Unusable::Unknown), "{text}");
    }
    assert_eq!(Request::decode(WITH_ACK, "other1"), Err(Unusable::Unknown));
}

#[test]
fn whatever_else_comes_is_refused_and_never_a_panic() {
    for bytes in
        [&b""[..], b"{", b"\xff", b"\x90", b"\x91\xa1a", b"[1,2]", b"\x93\x01\x02\x03", b"{\"type\":\"2\"}"]
    {
        assert!(Broadcast::decode(bytes, "other1").is_err(), "{bytes:?}");
        assert!(Request::decode(bytes, "other1").is_err(), "{bytes:?}");
    }
    for whole in [HELLO, TWO_ROOMS, BINARY, WITH_ACK] {
        for end in 0..whole.len() {
            assert!(Broadcast::decode(&whole[..end], "other1").is_err());
            assert!(Request::decode(&whole[..end], "other1").is_err());
        }
    }
    assert_eq!(encode(&broadcast("/", "{}", &[], &[]), "abcdef"), Err(Unusable::Malformed));
}

#[test]
fn channels_have_the_names_node_listens_to() {
    assert_eq!(channel("socket.io", "/", &[]), "socket.io#/#");
    assert_eq!(channel("socket.io", "/", &names(&["room1"])), "socket.io#/#room1#");
    assert_eq!(channel("socket.io", "/", &names(&["a", "b"])), "socket.io#/#");
    assert_eq!(pattern("socket.io", "/admin"), "socket.io#/admin#*");
    assert_eq!(pattern("a*", "/[x]"), r"a\*#/\[x\]#*");
    assert_eq!(request_channel("socket.io", "/"), "socket.io-request#/#");
}

#[test]
fn questions_and_answers_are_those_of_nodes_adapter() {
    let fetch = Asked {
        id: Some("yGSMda".to_owned()),
        question: Question::Fetch { rooms: Vec::new(), except: Vec::new() },
    };
    assert_eq!(fetch.encode("_qicVY", "/").unwrap(), FETCH.as_bytes());
    assert_eq!(Asked::decode(FETCH.as_bytes(), "other1").unwrap(), Some(fetch));
    assert_eq!(Asked::decode(FETCH.as_bytes(), "_qicVY").unwrap(), None, "one's own");
    let asked = Asked {
        id: Some("OqSDWH".to_owned()),
        question: Question::Broadcast {
            data: r#"["ask",5]"#.into(),
            rooms: Vec::new(),
            except: Vec::new(),
            timeout: 1_000,
        },
    };
    assert_eq!(asked.encode("_qicVY", "/").unwrap(), WITH_ACK);
    assert_eq!(Asked::decode(WITH_ACK, "other1").unwrap(), Some(asked));
    let told = Asked { id: None, question: Question::Emit { args: r#"["ssping",7]"#.into() } };
    assert_eq!(Asked::decode(SERVER_SIDE.as_bytes(), "other1").unwrap(), Some(told));

    let count = br#"{"type":8,"requestId":"OqSDWH","clientCount":1}"#;
    assert_eq!(Reply::Clients(1).encode("OqSDWH"), count);
    let answer = b"\x83\xa4type\t\xa9requestId\xa6OqSDWH\xa6packet\xa6answer";
    assert_eq!(Reply::Acknowledged("answer".into()).encode("OqSDWH"), answer);
    assert_eq!(Reply::decode(answer).unwrap(), ("OqSDWH".to_owned(), Reply::Acknowledged("answer".into())));
    let rooms = br#"{"requestId":"Of0UDf","rooms":["room1","r3"]}"#;
    assert_eq!(Reply::decode(rooms).unwrap().1, Reply::Rooms(names(&["room1", "r3"])));
    for strange in [&b"{}"[..], b"{\"requestId\":1}", b"{\"requestId\":\"x\",\"type\":77}", b"\xff"] {
        assert!(Reply::decode(strange).is_err() && Asked::decode(strange, "other1").is_err());
    }
}

#[test]
fn a_number_is_read_back_and_changes_nothing_else() {
    for number in [1, 127, 70_000, u64::MAX] {
        let of = |number| Some(Sender { uid: "_qicVY".into(), number });
        for plain in [HELLO, TWO_ROOMS, VOLATILE] {
            let bytes = numbered(plain.to_vec(), number);
            assert_eq!((sender(plain), sender(&bytes)), (of(None), of(Some(number))));
            assert_eq!(Broadcast::decode(&bytes, "other1"), Broadcast::decode(plain, "other1"));
        }
        let bytes = numbered(JOIN.into(), number);
        assert_eq!((sender(JOIN.as_bytes()), sender(&bytes)), (of(None), of(Some(number))));
        assert_eq!(Request::decode(&bytes, "other1"), Request::decode(JOIN.as_bytes(), "other1"));
        for plain in [FETCH.as_bytes(), WITH_ACK] {
            let bytes = numbered(plain.to_vec(), number);
            assert_eq!((sender(plain), sender(&bytes)), (of(None), of(Some(number))));
            assert_eq!(Asked::decode(&bytes, "other1"), Asked::decode(plain, "other1"));
        }
    }
    assert_eq!(sender(EMITTER), Some(Sender { uid: "emitter".into(), number: None }));
    for strange in
        [&b""[..], b"{", b"\xff", b"\x94", b"\x94\xa6abc", b"\x94\x01\xcf", EMITTER_JOIN.as_bytes()]
    {
        assert_eq!(sender(strange), None, "{strange:?}");
    }
}
