//! The packets of the protocol's documents, and what must never get through.

use serde_json::value::RawValue;

use super::{Packet, PacketError, write};
use crate::protocol::engine::Revision::{V3, V4};

fn parse(text: &str) -> Result<Packet<'_>, PacketError> {
    Packet::parse(text, 10)
}

#[test]
fn connect_may_name_a_namespace_and_carry_credentials() {
    assert!(matches!(parse("0"), Ok(Packet::Connect { namespace: "/", query: None, auth: None })));
    assert!(matches!(
        parse("0/custom"),
        Ok(Packet::Connect { namespace: "/custom", query: None, auth: None })
    ));
    let Ok(Packet::Connect { namespace, query: None, auth: Some(auth) }) = parse("0/admin,{\"token\":1}")
    else {
        panic!("a CONNECT with credentials");
    };
    assert_eq!((namespace, auth.get()), ("/admin", "{\"token\":1}"));
}

#[test]
fn connect_of_revision_3_has_its_credentials_in_a_query() {
    assert!(matches!(
        parse("0/adm?x=1&y=?,"),
        Ok(Packet::Connect { namespace: "/adm", query: Some("x=1&y=?"), auth: None })
    ));
    assert!(matches!(
        parse("0/?x=1"),
        Ok(Packet::Connect { namespace: "/", query: Some("x=1"), auth: None })
    ));
}

#[test]
fn events_keep_their_arguments_as_written() {
    let Ok(Packet::Event { namespace, ack, args, attachments: 0 }) = parse("212[\"hello\", {\"a\": 1e400}]")
    else {
        panic!("an EVENT");
    };
    assert_eq!((namespace, ack), ("/", Some(12)));
    assert_eq!(args[1].get(), "{\"a\": 1e400}");
}

#[test]
fn events_may_have_a_number_as_name() {
    for text in ["2[1]", "2[-0.5e3,1]", "51-[7,{\"_placeholder\":true,\"num\":0}]"] {
        assert!(matches!(parse(text), Ok(Packet::Event { .. })), "{text}");
    }
}

#[test]
fn binary_packets_say_how_many_attachments_follow() {
    assert!(matches!(
        parse("510-/admin,7[\"x\"]"),
        Ok(Packet::Event { namespace: "/admin", ack: Some(7), attachments: 10, .. })
    ));
    assert!(matches!(parse("61-7[]"), Ok(Packet::Ack { namespace: "/", id: 7, attachments: 1, .. })));
    for wrong in
        ["5", "5-[\"x\"]", "5[\"x\"]", "50-[\"x\"]", "51[\"x\"]", "5 1-[\"x\"]", "5/a,1-[\"x\"]", "6-1-1[]"]
    {
        assert_eq!(parse(wrong).err(), Some(PacketError::Attachments), "{wrong}");
    }
    assert_eq!(parse("599999999999999999999-[\"x\"]").err(), Some(PacketError::Attachments));
    assert_eq!(parse("511-[\"x\"]").err(), Some(PacketError::TooManyAttachments));
    assert_eq!(parse("51-1-[\"x\"]").err(), Some(PacketError::Payload), "a second count");
    assert_eq!(parse("61-[]").err(), Some(PacketError::Payload), "no id");
}

#[test]
fn malformed_packets_are_refused() {
    let refused = |text| parse(text).err();
    assert_eq!(refused(""), Some(PacketError::Type));
    assert_eq!(refused("9"), Some(PacketError::Type));
    assert_eq!(refused("é"), Some(PacketError::Type));
    assert_eq!(refused("2"), Some(PacketError::Payload));
    assert_eq!(refused("2[]"), Some(PacketError::Payload));
    assert_eq!(refused("2{}"), Some(PacketError::Payload));
    assert_eq!(refused("2[{}]"), Some(PacketError::Payload));
    assert_eq!(refused("2[\"disconnect\"]"), Some(PacketError::Reserved));
    assert_eq!(refused("299999999999999999999[\"x\"]"), Some(PacketError::Payload));
    assert_eq!(refused("0[]"), Some(PacketError::Payload));
    assert_eq!(refused("1{}"), Some(PacketError::Payload));
    assert_eq!(refused("3[]"), Some(PacketError::Payload));
    assert_eq!(refused("4{}"), Some(PacketError::Payload));
}

#[test]
fn packets_go_to_any_namespace() {
    assert_eq!(write::event("/", None, 0, "[\"x\"]"), "42[\"x\"]");
    assert_eq!(write::event("/", Some(7), 0, "[\"x\"]"), "427[\"x\"]");
    assert_eq!(write::event("/admin", Some(7), 0, "[\"x\"]"), "42/admin,7[\"x\"]");
    assert_eq!(write::event("/admin", None, 2, "[\"x\"]"), "452-/admin,[\"x\"]");
    assert_eq!(write::ack("/", 3, 0, "[{\"a\":1}]"), "433[{\"a\":1}]");
    assert_eq!(write::ack("/admin", 3, 0, "[]"), "43/admin,3[]");
    assert_eq!(write::ack("/", 3, 1, "[]"), "461-3[]");
    assert_eq!(write::disconnected("/"), "41");
    assert_eq!(write::disconnected("/admin"), "41/admin,");
}

#[test]
fn a_connect_is_answered_as_the_revision_wants_it() {
    assert_eq!(write::connected("/", "abc", None, V4), "40{\"sid\":\"abc\"}");
    assert_eq!(write::connected("/x", "abc", Some("def"), V4), "40/x,{\"sid\":\"abc\",\"pid\":\"def\"}");
    assert_eq!(write::connected("/", "abc", None, V3), "40");
    assert_eq!(write::connected("/x", "abc", Some("def"), V3), "40/x,");
}

#[test]
fn a_refusal_is_an_object_or_a_text() {
    let data: &RawValue = serde_json::from_str("{\"code\":42}").unwrap();
    assert_eq!(write::refused("/x", "no \"x\"", None, V4), "44/x,{\"message\":\"no \\\"x\\\"\"}");
    assert_eq!(write::refused("/x", "no \"x\"", None, V3), "44/x,\"no \\\"x\\\"\"");
    assert_eq!(
        write::refused("/x", "nope", Some(data), V4),
        "44/x,{\"message\":\"nope\",\"data\":{\"code\":42}}"
    );
    assert_eq!(write::refused("/x", "nope", Some(data), V3), "44/x,{\"code\":42}");
    assert_eq!(write::refused("/", "nope", None, V3), "44\"nope\"");
}
