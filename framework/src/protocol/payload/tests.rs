//! The bodies of the protocol's documents, and what must never get through.

use bytes::Bytes;
use bytestring::ByteString;

use super::PayloadError::{Base64, Empty, Form, Length, TooMany, Type, Utf8};
use super::{Item, Unit, jsonp, v3, v4};

const TEXT: Item<'_> = (false, b"4hello");
const BINARY: Item<'_> = (true, &[1, 2, 3, 4]);

fn text(packet: &'static str) -> Unit {
    Unit::Text(ByteString::from_static(packet))
}

fn binary(data: &'static [u8]) -> Unit {
    Unit::Binary(Bytes::from_static(data))
}

fn both() -> Vec<Unit> {
    vec![text("4hello"), binary(&[1, 2, 3, 4])]
}

#[test]
fn revision_4_separates_packets() {
    let body = v4::encode([TEXT, BINARY].into_iter());
    assert_eq!(body, "4hello\x1ebAQIDBA==");
    assert_eq!(v4::decode(body, 2), Ok(both()));
    assert_eq!(v4::decode(Bytes::from_static(b"bAQIDBA"), 1), Ok(vec![binary(&[1, 2, 3, 4])]));
    assert_eq!(v4::encode(std::iter::empty()), "");
}

#[test]
fn revision_4_says_how_much_a_packet_takes() {
    assert_eq!(v4::size(TEXT) + 1 + v4::size(BINARY), v4::encode([TEXT, BINARY].into_iter()).len());
}

#[test]
fn revision_4_refuses_what_is_no_payload() {
    let refused = |body: &'static [u8]| v4::decode(Bytes::from_static(body), 3).err();
    assert_eq!(refused(b""), Some(Empty));
    assert_eq!(refused(b"\x1e"), Some(Type));
    assert_eq!(refused(b"4a\x1e"), Some(Type));
    assert_eq!(refused(b"7"), Some(Type));
    assert_eq!(refused(b"b*"), Some(Base64));
    assert_eq!(refused(b"bAB=="), Some(Base64), "bits are left over");
    assert_eq!(refused(b"4\xff"), Some(Utf8));
    assert_eq!(refused(b"4\x1e4\x1e4\x1e4"), Some(TooMany));
}

#[test]
fn revision_3_counts_utf_16_as_text() {
    let hello = "42[\"hello\",\"€\",\"é\"]";
    let body = v3::encode_text([(false, hello.as_bytes()), (false, "4🚣".as_bytes()), BINARY].into_iter());
    assert_eq!(body, "19:42[\"hello\",\"€\",\"é\"]3:4🚣10:b4AQIDBA==".as_bytes());
    assert_eq!(v3::decode_text(body, 3), Ok(vec![text(hello), text("4🚣"), binary(&[1, 2, 3, 4])]));
    assert_eq!(v3::encode_text(std::iter::empty()), "0:");
    assert_eq!(v3::decode_text(Bytes::from_static(b"0:1:20:"), 3), Ok(vec![text("2")]));
}

#[test]
fn revision_3_counts_bytes_as_bytes() {
    let body = v3::encode_bytes([(false, "4€".as_bytes()), BINARY].into_iter());
    assert_eq!(body, b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04".as_slice());
    assert_eq!(v3::decode_bytes(body, 2), Ok(vec![text("4€"), binary(&[1, 2, 3, 4])]));
    let base64 = Bytes::from_static(b"\x00\x01\x00\xffb4AQIDBA==");
    assert_eq!(v3::decode_bytes(base64, 1), Ok(vec![binary(&[1, 2, 3, 4])]));
}

#[test]
fn revision_3_refuses_what_is_no_text() {
    let refused = |body: &'static [u8]| v3::decode_text(Bytes::from_static(body), 2).err();
    assert_eq!(refused(b""), Some(Empty));
    for length in [&b":"[..], b"1", b"-1:2", b"+1:2", b" 1:2", b"1e0:2", b"2:4", b"1:2x", b"1;2"] {
        assert_eq!(refused(length), Some(Length), "{length:?}");
    }
    assert_eq!(refused(b"99999999999999999999999:4"), Some(Length), "a huge number");
    assert_eq!(refused("2:4🚣".as_bytes()), Some(Length), "half a character");
    assert_eq!(refused(b"1:7"), Some(Type));
    assert_eq!(refused(b"6:b2AQID"), Some(Type), "only messages are binary");
    assert_eq!(refused(b"3:b4*"), Some(Base64));
    assert_eq!(refused(b"2:4\xff"), Some(Utf8));
    assert_eq!(refused(b"0:0:0:"), Some(TooMany));
}

#[test]
fn revision_3_refuses_what_is_no_bytes() {
    let refused = |body: &'static [u8]| v3::decode_bytes(Bytes::from_static(body), 1).err();
    assert_eq!(refused(b""), Some(Empty));
    for length in [&b"\x00"[..], b"\x00\x01", b"\x00\xff4", b"\x00\x0a\xff4", b"\x00\x02\xff4"] {
        assert_eq!(refused(length), Some(Length), "{length:?}");
    }
    assert_eq!(
        refused(&[0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0xff, 4]),
        Some(Length)
    );
    assert_eq!(refused(b"\x02\x01\xff4"), Some(Type));
    assert_eq!(refused(b"\x01\x01\xff\x02"), Some(Type), "only messages are binary");
    assert_eq!(refused(b"\x01\x00\xff"), Some(Type));
    assert_eq!(refused(b"\x00\x02\xff4\xe2"), Some(Utf8));
    assert_eq!(refused(b"\x00\x01\xff4\x00\x01\xff4"), Some(TooMany));
}

#[test]
fn a_slice_of_the_body_is_no_copy() {
    let body = Bytes::from_static(b"\x01\x03\xff\x04ab");
    let units = v3::decode_bytes(body.clone(), 1).unwrap();
    let [Unit::Binary(data)] = &units[..] else { panic!("{units:?}") };
    assert_eq!(data.as_ptr(), body[4..].as_ptr());
}

#[test]
fn a_form_keeps_both_kinds_of_line_feeds() {
    let decode = |form: &'static str| jsonp::decode(form.as_bytes()).unwrap();
    assert_eq!(decode(r"d=1%3A2+%5cn"), "1:2 \n");
    assert_eq!(decode(r"t=1&d=\\n\n\\\n\&x=2"), "\\n\n\\\\n\\");
    assert_eq!(decode("d=%zz%4"), "%zz%4");
    assert_eq!(jsonp::decode(b"data=1"), Err(Form));
    assert_eq!(jsonp::decode(b""), Err(Form));
}

#[test]
fn a_script_holds_the_payload_as_a_string() {
    let script = jsonp::encode(
        "0x1;2",
        "a\"\\\n\r\t\u{8}\u{c}\u{1e}\u{1}\u{7f}é\u{2028}\u{2029}\u{2027}</b".as_bytes(),
    );
    let expected = r#"___eio[012]("a\"\\\n\r\t\b\f\u001e\u0001~é\u2028\u2029‧</b");"#.replace('~', "\u{7f}");
    assert_eq!(script, expected.as_bytes());
    assert_eq!(jsonp::encode("", b""), r#"___eio[]("");"#);
}
