//! The packets of the protocol's documents, and what must never get through.

use super::engine::{Engine, Revision};
use super::packet::{self, Packet, PacketError};

#[test]
fn engine_packets_have_one_type_character() {
    assert_eq!(Engine::parse("2probe"), Ok(Engine::Ping("probe")));
    assert_eq!(Engine::parse("4hello"), Ok(Engine::Message("hello")));
    for wrong in ["", "0{}", "7", "x", "é"] {
        assert!(Engine::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn connect_may_name_a_namespace_and_carry_credentials() {
    assert!(matches!(Packet::parse("0"), Ok(Packet::Connect { namespace: "/", auth: None })));
    assert!(matches!(Packet::parse("0/custom"), Ok(Packet::Connect { namespace: "/custom", auth: None })));
    let Ok(Packet::Connect { namespace, auth: Some(auth) }) = Packet::parse("0/admin,{\"token\":1}") else {
        panic!("a CONNECT with credentials");
    };
    assert_eq!((namespace, auth.get()), ("/admin", "{\"token\":1}"));
}

#[test]
fn events_keep_their_arguments_as_written() {
    let Ok(Packet::Event { namespace, ack, args }) = Packet::parse("212[\"hello\", {\"a\": 1e400}]") else {
        panic!("an EVENT");
    };
    assert_eq!((namespace, ack), ("/", Some(12)));
    assert_eq!(args[1].get(), "{\"a\": 1e400}");
}

#[test]
fn malformed_packets_are_refused() {
    let refused = |text: &str| Packet::parse(text).err();
    assert_eq!(refused(""), Some(PacketError::Type));
    assert_eq!(refused("9"), Some(PacketError::Type));
    assert_eq!(refused("2"), Some(PacketError::Payload));
    assert_eq!(refused("2[]"), Some(PacketError::Payload));
    assert_eq!(refused("2{}"), Some(PacketError::Payload));
    assert_eq!(refused("2[{}]"), Some(PacketError::Payload));
    assert_eq!(refused("2[\"disconnect\"]"), Some(PacketError::Reserved));
    assert_eq!(refused("299999999999999999999[\"x\"]"), Some(PacketError::Payload));
    assert_eq!(refused("0[]"), Some(PacketError::Payload));
    assert_eq!(refused("1{}"), Some(PacketError::Payload));
    assert_eq!(refused("3[]"), Some(PacketError::Payload));
    assert_eq!(refused("51-[\"x\",{\"_placeholder\":true,\"num\":0}]"), Some(PacketError::Binary));
}

#[test]
fn answers_are_the_protocols_bytes() {
    assert_eq!(packet::ack(3, "{\"a\":1}"), "433[{\"a\":1}]");
    assert_eq!(packet::connected("abc"), "40{\"sid\":\"abc\"}");
    let refused = |revision| packet::refused("/x", "Invalid namespace", revision);
    assert_eq!(refused(Revision::V4), "44/x,{\"message\":\"Invalid namespace\"}");
    assert_eq!(refused(Revision::V3), "44/x,\"Invalid namespace\"");
}
