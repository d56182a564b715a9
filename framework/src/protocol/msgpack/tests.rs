use serde_json::{Value, json};

use super::{Reader, to_json, write, write_json};

fn written(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn read(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    to_json(Reader::whole(bytes)?, &mut out)?;
    Some(String::from_utf8(out).unwrap())
}

fn json_of(bytes: &[u8]) -> String {
    read(bytes).unwrap()
}

#[test]
fn values_come_back_as_they_went() {
    let values = json!([
        null, true, false, 0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295_u64, 4_294_967_296_u64, u64::MAX,
        -1, -32, -33, -128, -129, -32_768, -32_769, i32::MIN, -2_147_483_649_i64, i64::MIN, 0.5, -1e300,
        "", "ä€😀\u{0}\"\\", "x".repeat(31), "x".repeat(32), "x".repeat(256), "x".repeat(70_000),
        [[]], {}, {"a": {"b": [1, {"c": null}]}}, vec![7; 16], vec![7; 70_000],
    ]);
    let Value::Array(values) = values else { unreachable!() };
    for value in values {
        let bytes = written(&value);
        let mut directly = Vec::new();
        write_json(value.to_string().as_bytes(), &mut directly).unwrap();
        assert!(directly == bytes, "{value}");
        let text = json_of(&bytes);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn text_that_is_no_json_is_not_written() {
    for text in ["", "[1,", "{\"a\"}", "[1] 2", "{1:2}", "nul"] {
        assert!(write_json(text.as_bytes(), &mut Vec::new()).is_err(), "{text}");
    }
    let many = serde_json::to_string(&vec![1; 20]).unwrap();
    let mut out = vec![9];
    write_json(format!("[{many},{{\"k\":{many}}}]").as_bytes(), &mut out).unwrap();
    assert_eq!(out[..4], [9, 0x92, 0xdc, 0], "what was there stays, and long lists have long heads");
    assert_eq!(json_of(&out[1..]), format!("[{many},{{\"k\":{many}}}]"));
}

#[test]
fn numbers_and_lengths_take_the_shortest_form_as_in_node() {
    assert_eq!(written(&json!(127)), [0x7f]);
    assert_eq!(written(&json!(1000)), [0xcd, 0x03, 0xe8]);
    assert_eq!(written(&json!(4_294_967_296_u64)), [0xcf, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(written(&json!(-33)), [0xd0, 0xdf]);
    assert_eq!(written(&json!(2.0)), [0x02], "JavaScript has no 2.0");
    assert_eq!(written(&json!(0.5)), [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(written(&json!("a".repeat(40)))[..2], [0xd9, 40]);
}

#[test]
fn bytes_dates_and_odd_keys_get_the_text_node_gives_them() {
    assert_eq!(json_of(&[0xc4, 2, 1, 255]), r#"{"type":"Buffer","data":[1,255]}"#);
    assert_eq!(json_of(&[0xd6, 0xff, 0, 0, 0, 1]), r#""1970-01-01T00:00:01.000Z""#);
    let half_past = (500_000_000_u64 << 34 | 1_700_000_000).to_be_bytes();
    assert_eq!(json_of(&[&[0xd7, 0xff][..], &half_past].concat()), r#""2023-11-14T22:13:20.500Z""#);
    assert_eq!(json_of(&[0xd7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "null");
    assert_eq!(json_of(&[0xd4, 0, 0]), "null", "undefined");
    assert_eq!(json_of(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), "null", "NaN");
    assert_eq!(json_of(&[0x81, 0x05, 0xc0]), r#"{"5":null}"#);
    assert_eq!(json_of(&[0x82, 0xca, 0x3f, 0, 0, 0, 0xc0, 0xff, 0xc0]), r#"{"0.5":null,"-1":null}"#);
    assert_eq!(json_of(&[0xca, 0x3f, 0, 0, 0]), "0.5");
}

#[test]
fn a_field_is_found_among_any_others() {
    let message = written(&json!({"a": [1, {"b": 2}], "long".repeat(20): {"x": "y"}, "b": 3.0, "name": "ä"}));
    let message = Reader::whole(&message).unwrap();
    assert_eq!(message.field("b").and_then(Reader::whole_number), Some(3));
    assert_eq!(message.field("name").and_then(Reader::text), Some("ä"));
    assert_eq!(message.field(&"long".repeat(20)).and_then(|field| field.field("x")?.text()), Some("y"));
    assert_eq!(message.field("a").and_then(|mut list| list.list()), Some(2));
    assert!(message.field("c").is_none() && message.field("a").is_some_and(|list| list.field("b").is_none()));
    let odd = [0x83, 0x05, 0xa1, b'k', 0xc4, 1, b'k', 1, 0xa1, b'k', 2];
    assert_eq!(Reader::whole(&odd).unwrap().field("k").and_then(Reader::whole_number), Some(2));
}

#[test]
fn what_is_cut_padded_or_too_deep_is_refused() {
    assert!(read(&[]).is_none());
    assert!(read(&[0xa5, b'h']).is_none());
    assert!(read(&[0x01, 0x01]).is_none());
    assert!(read(&[0xdd, 0xff, 0xff, 0xff, 0xff]).is_none(), "a huge length with nothing behind it");
    assert!(read(&[0x81, 0x90, 0xc0]).is_none(), "a list as a key");
    assert!(read(&[0xc1]).is_none(), "a mark that MessagePack does not have");
    assert!(read(&[[0x91].repeat(100_000), vec![0xc0]].concat()).is_none());
}
