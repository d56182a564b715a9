use bytes::Bytes;

use super::{Assembled, Assembler, Kind, MAX_ATTACHMENTS};
use crate::protocol::packet::{Packet, PacketError};

const ONE: &str = "51-[\"x\",{\"_placeholder\":true,\"num\":0}]";

fn assembler() -> Assembler {
    Assembler::new(MAX_ATTACHMENTS, 6)
}

fn bytes(data: &'static str) -> Bytes {
    Bytes::from_static(data.as_bytes())
}

/// Why a packet is refused before any attachment.
fn refused(text: &str) -> Option<PacketError> {
    assembler().text(text).err()
}

#[test]
fn an_event_comes_with_its_attachments_in_order() {
    let mut assembler = assembler();
    let text = "52-/admin,7[\"x\",[ {\"num\" : 1, \"_placeholder\" : true} ],{\"a\":{\"_placeholder\":true,\"num\":0}}]";
    assert!(assembler.text(text).unwrap().is_none());
    assert!(assembler.binary(bytes("abc")).unwrap().is_none());
    let Assembled { kind, namespace, ack, args, attachments } =
        assembler.binary(bytes("def")).unwrap().unwrap();
    assert_eq!((kind, &*namespace, ack), (Kind::Event, "/admin", Some(7)));
    assert_eq!(args[2].get(), "{\"a\":{\"_placeholder\":true,\"num\":0}}");
    assert_eq!(attachments, ["abc", "def"]);
    assert!(matches!(assembler.text("2[\"next\"]"), Ok(Some(Packet::Event { .. }))));
}

#[test]
fn an_acknowledgement_comes_with_its_attachments() {
    let mut assembler = assembler();
    assert!(assembler.text("61-12[{\"_placeholder\":true,\"num\":0}]").unwrap().is_none());
    let packet = assembler.binary(Bytes::new()).unwrap().unwrap();
    assert_eq!((packet.kind, &*packet.namespace, packet.ack), (Kind::Ack, "/", Some(12)));
}

#[test]
fn text_while_an_attachment_is_missing_is_an_error() {
    let mut assembler = assembler();
    assert!(assembler.text(ONE).unwrap().is_none());
    assert_eq!(assembler.text("2[\"x\"]").err(), Some(PacketError::NoAttachment));
}

#[test]
fn binary_data_without_a_packet_is_an_error() {
    let mut assembler = assembler();
    assert_eq!(assembler.binary(bytes("a")).err(), Some(PacketError::NoPacket));
    assert!(assembler.text(ONE).unwrap().is_none());
    assert!(assembler.binary(bytes("a")).unwrap().is_some());
    assert_eq!(assembler.binary(bytes("a")).err(), Some(PacketError::NoPacket));
}

#[test]
fn attachments_are_bounded_in_number_and_size() {
    let mut assembler = Assembler::new(1, 6);
    let two = "52-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    assert_eq!(assembler.text(two).err(), Some(PacketError::TooManyAttachments));
    let mut assembler = self::assembler();
    assert!(assembler.text(two).unwrap().is_none());
    assert!(assembler.binary(bytes("abcd")).unwrap().is_none());
    assert_eq!(assembler.binary(bytes("efg")).err(), Some(PacketError::TooLargeAttachments));
}

#[test]
fn each_attachment_has_one_placeholder() {
    let illegal = |args: &str| {
        let text = format!("52-[\"x\",{args}]");
        assert_eq!(refused(&text), Some(PacketError::Attachments), "{text}");
    };
    let placeholder = |num: &str| format!("{{\"_placeholder\":true,\"num\":{num}}}");
    for num in ["2", "-1", "-0", "0.5", "1e0", "\"1\"", "null", "99999999999999999999999"] {
        illegal(&format!("{},{},{}", placeholder("0"), placeholder("1"), placeholder(num)));
    }
    illegal(&format!("{},{}", placeholder("0"), placeholder("0")));
    illegal(&placeholder("1"));
    illegal("1");
    illegal("{\"_placeholder\":true},{\"_placeholder\":true}");
    illegal("{\"_placeholder\":true,\"num\":0,\"x\":{\"_placeholder\":true,\"num\":1}}");
    illegal("{\"_placeholder\":true,\"num\":0},{\"_placeholder\":1,\"num\":1}");
}

#[test]
fn placeholders_are_found_however_they_are_written() {
    let escaped = r#"51-["x",{"\u005fplaceholder":true,"num":0}]"#;
    assert!(assembler().text(escaped).unwrap().is_none());
    let twice = format!("{},{}]", &escaped[..escaped.len() - 1], "{\"_placeholder\":true,\"num\":0}");
    assert_eq!(refused(&twice), Some(PacketError::Attachments));
}

#[test]
fn texts_are_no_placeholders() {
    let text = r#"51-["x","{\"_placeholder\":true,\"num\":5}\\","\ud83d",{"\ud83d":"]}"},{"_placeholder":false,"num":5},[],{},{"_placeholder":true,"num":0}]"#;
    assert!(assembler().text(text).unwrap().is_none());
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let deep = |depth: usize| format!("51-[\"x\",{}{}]", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(refused(&deep(128)), Some(PacketError::Attachments));
    assert_eq!(refused(&deep(10_000)), Some(PacketError::Payload));
}

#[test]
fn other_packets_pass() {
    assert!(matches!(assembler().text("0"), Ok(Some(Packet::Connect { .. }))));
    assert!(matches!(
        assembler().text("2[\"x\",{\"_placeholder\":true,\"num\":0}]"),
        Ok(Some(Packet::Event { .. }))
    ));
    assert_eq!(refused("7"), Some(PacketError::Type));
}
