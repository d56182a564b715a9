//! Binary values on their way through a handler.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Binary, as_texts, hold, settle, written};
use crate::protocol::event::Event;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Picture {
    name: String,
    pixels: Binary,
}

fn raw(json: &str) -> Vec<Box<RawValue>> {
    vec![RawValue::from_string(json.to_owned()).unwrap()]
}

fn sent(value: &impl Serialize) -> Event {
    let (json, numbered) = written(|| Ok(serde_json::to_string(value)?)).unwrap();
    settle(json, &numbered).unwrap()
}

fn text(event: &Event) -> &str {
    std::str::from_utf8(&event.json).unwrap()
}

#[test]
fn what_is_sent_has_its_bytes_beside_it_and_other_json_has_them_as_text() {
    let picture = Picture { name: "a".to_owned(), pixels: Binary(Bytes::from_static(b"\x00\xff")) };
    let event = sent(&("drawn", &picture, Binary::default()));
    assert_eq!(
        text(&event),
        r#"["drawn",{"name":"a","pixels":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]"#
    );
    assert_eq!(event.attachments, [&b"\x00\xff"[..], b""]);
    assert_eq!(serde_json::to_value(&picture).unwrap(), json!({"name": "a", "pixels": "AP8="}));
    assert_eq!(serde_json::from_value::<Picture>(json!({"name": "a", "pixels": "AP8="})).unwrap(), picture);
    let buffer = json!({"name": "a", "pixels": {"type": "Buffer", "data": [0, 255]}});
    assert_eq!(serde_json::from_value::<Picture>(buffer).unwrap(), picture);
}

#[test]
fn a_handler_understands_attachments_or_passes_them_on_as_long_as_it_handles_them() {
    let args =
        raw(r#"[ {"name":"a","pixels":{ "num":1, "_placeholder":true }}, {"_placeholder":true,"num":0} ]"#);
    let (held, args) = hold(&args, vec![Bytes::from("zero"), Bytes::from("one")]).unwrap();

    let (picture, other): (Picture, Value) = serde_json::from_str(args[0].get()).unwrap();
    assert_eq!(picture.pixels.0, "one");
    let event = sent(&("again", &other, &picture));
    assert_eq!(event.attachments, ["zero", "one"]);
    assert!(text(&event).ends_with(r#""pixels":{"_placeholder":true,"num":1}}]"#), "{}", text(&event));

    drop(held);
    assert!(serde_json::from_str::<(Picture, Value)>(args[0].get()).is_err());
    assert!(sent(&("again", &other)).attachments.is_empty());
}

#[test]
fn what_only_looks_like_a_placeholder_is_data_and_never_leads_a_client_astray() {
    let fake = json!({"_placeholder": true, "num": 0});
    let event = sent(&("x", &fake));
    assert_eq!((text(&event), event.attachments.len()), (r#"["x",{"_placeholder":true,"num":0}]"#, 0));
    let event = sent(&("x", &fake, Binary::default()));
    assert_eq!(text(&event), r#"["x",null,{"_placeholder":true,"num":0}]"#);
}

#[test]
fn more_than_clients_accept_is_refused() {
    let many = vec![Binary::default(); 11];
    let (json, numbered) = written(|| Ok(serde_json::to_string(&many)?)).unwrap();
    assert!(settle(json, &numbered).is_err());
}

#[test]
fn acknowledgements_have_bytes_as_text() {
    let args =
        as_texts(&raw(r#"{"_placeholder":true,"num":0}"#), &[Bytes::from_static(b"\x00\xff")]).unwrap();
    assert_eq!(args[0].get(), "\"AP8=\"");
}
