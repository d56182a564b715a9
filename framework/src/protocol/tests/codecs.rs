//! The codecs in one shape: payloads in their forms, and packets as the JavaScript library shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::protocol::attachments::{Assembler, Kind, MAX_ATTACHMENTS};
use crate::protocol::packet::{Packet, PacketError, write};
use crate::protocol::payload::{Item, PayloadError, Unit, jsonp, v3, v4};

/// How a payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    V4,
    V3,
    V3Bytes,
    /// A JSONP answer.
    Script,
    /// A JSONP request.
    Request,
}

impl Form {
    pub(super) const ALL: [Self; 5] = [Self::V4, Self::V3, Self::V3Bytes, Self::Script, Self::Request];

    /// As `tests/clients/protocol.mjs` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V3 => "v3",
            Self::V3Bytes => "bytes",
            Self::Script => "script",
            Self::Request => "form",
        }
    }

    pub(super) fn decode(self, body: Bytes, max_packets: usize) -> Result<Vec<Unit>, PayloadError> {
        match self {
            Self::V4 => v4::decode(body, max_packets),
            Self::V3 => v3::decode_text(body, max_packets),
            Self::V3Bytes => v3::decode_bytes(body, max_packets),
            Self::Script => v3::decode_text(run(&body), max_packets),
            Self::Request => v3::decode_text(jsonp::decode(&body)?, max_packets),
        }
    }

    pub(super) fn encode(self, units: &[Unit]) -> Bytes {
        let items = units.iter().map(item);
        match self {
            Self::V4 => v4::encode(items),
            Self::V3 => v3::encode_text(items),
            Self::V3Bytes => v3::encode_bytes(items),
            Self::Script => jsonp::encode("7", &v3::encode_text(items)),
            Self::Request => form(&v3::encode_text(items)),
        }
    }

    /// The size that the caller is told before.
    pub(super) fn size(self, units: &[Unit]) -> Option<usize> {
        let items = units.iter().map(item);
        match self {
            Self::V4 => Some(items.map(v4::size).sum::<usize>() + units.len() - 1),
            Self::V3 => Some(items.map(v3::text_size).sum()),
            Self::V3Bytes => Some(items.map(v3::bytes_size).sum()),
            Self::Script | Self::Request => None,
        }
    }
}

fn item(unit: &Unit) -> Item<'_> {
    match unit {
        Unit::Text(text) => (false, text.as_bytes()),
        Unit::Binary(data) => (true, data),
    }
}

/// What the script hands to the page.
pub(super) fn run(script: &[u8]) -> Bytes {
    let text = std::str::from_utf8(script).unwrap();
    let literal = text.strip_prefix("___eio[7](").unwrap().strip_suffix(");").unwrap();
    serde_json::from_str::<String>(literal).unwrap().into()
}

/// A form as a browser sends it.
fn form(payload: &[u8]) -> Bytes {
    let text = std::str::from_utf8(payload).unwrap().replace(r"\n", "\\\n").replace('\n', r"\n");
    let mut out = "x=1&d=".to_owned();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'0'..=b'9' | b'a'..=b'z' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out.into()
}

/// The packets that messages make: `{type, nsp, id, data}` with the types of events and acknowledgements that have no
/// attachments, and with `{"$binary": base64}` for binary values.
pub(super) fn decode(messages: &[Unit]) -> Result<Vec<Value>, PacketError> {
    let mut assembler = Assembler::new(MAX_ATTACHMENTS, usize::MAX);
    let mut packets = Vec::new();
    for message in messages {
        match message {
            Unit::Text(text) => packets.extend(assembler.text(text)?.map(|packet| plain(&packet))),
            Unit::Binary(data) => packets.extend(assembler.binary(data.clone())?.map(|packet| {
                let kind = if packet.kind == Kind::Event { 2 } else { 3 };
                let args = packet.args.iter().map(|arg| fill(value(arg), &packet.attachments));
                said(kind, packet.namespace, packet.ack, args.collect())
            })),
        }
    }
    Ok(packets)
}

fn plain(packet: &Packet<'_>) -> Value {
    let args = |args: &[&RawValue]| args.iter().map(|arg| value(arg)).collect();
    match packet {
        Packet::Connect { namespace, query, auth } => {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            said(0, format!("{namespace}{query}"), None, auth.map(value).unwrap_or_default())
        }
        Packet::Disconnect { namespace } => said(1, (*namespace).to_owned(), None, Value::Null),
        Packet::Event { namespace, ack, args: data, .. } => {
            said(2, (*namespace).to_owned(), *ack, args(data))
        }
        Packet::Ack { namespace, id, args: data, .. } => {
            said(3, (*namespace).to_owned(), Some(*id), args(data))
        }
    }
}

fn said(kind: u8, nsp: String, id: Option<u64>, data: Value) -> Value {
    json!({ "type": kind, "nsp": nsp, "id": id, "data": data })
}

/// Null for what serde can't read.
fn value(json: &RawValue) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// The messages of such a packet, an event or acknowledgement.
pub(super) fn encode(packet: &Value) -> Vec<Unit> {
    let mut attachments = Vec::new();
    let data = take(packet["data"].clone(), &mut attachments).to_string();
    let (nsp, id) = (packet["nsp"].as_str().unwrap(), packet["id"].as_u64());
    let text = match packet["type"].as_u64() {
        Some(2) => write::event(nsp, id, attachments.len(), &data),
        _ => write::ack(nsp, id.unwrap(), attachments.len(), &data),
    };
    let text = Unit::Text(text.strip_prefix('4').unwrap().into());
    std::iter::once(text).chain(attachments.into_iter().map(Unit::Binary)).collect()
}

/// Replaces binary values by placeholders.
fn take(value: Value, attachments: &mut Vec<Bytes>) -> Value {
    if let Some(base64) = value.get("$binary").and_then(Value::as_str) {
        attachments.push(STANDARD.decode(base64).unwrap().into());
        return json!({ "_placeholder": true, "num": attachments.len() - 1 });
    }
    inside(value, &mut |value| take(value, attachments))
}

/// Replaces placeholders by binary values.
fn fill(value: Value, attachments: &[Bytes]) -> Value {
    if value.get("_placeholder") == Some(&Value::Bool(true)) {
        let num = usize::try_from(value["num"].as_u64().unwrap()).unwrap();
        return binary(&attachments[num]);
    }
    inside(value, &mut |value| fill(value, attachments))
}

pub(super) fn binary(data: &[u8]) -> Value {
    json!({ "$binary": STANDARD.encode(data) })
}

fn inside(value: Value, replace: &mut dyn FnMut(Value) -> Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(replace).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, replace(value))).collect(),
        other => other,
    }
}
