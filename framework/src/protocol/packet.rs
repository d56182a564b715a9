//! Socket.IO v5 packets: `<type>[<attachments>-][/namespace,][ack id][JSON]`.
//! See the Socket.IO protocol, revision 5 (<https://socket.io/docs/v4/socket-io-protocol/>).

use serde_json::value::RawValue;
use thiserror::Error;

use super::engine::Revision;

/// A packet that arrived. JSON stays text until somebody needs it.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    Connect { namespace: &'a str, auth: Option<&'a RawValue> },
    Disconnect { namespace: &'a str },
    Event { namespace: &'a str, ack: Option<u64>, args: Vec<&'a RawValue> },
    Ack { namespace: &'a str, id: u64, args: Vec<&'a RawValue> },
}

/// Why a packet was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum PacketError {
    #[error("unknown packet type")]
    Type,
    #[error("invalid payload")]
    Payload,
    #[error("reserved event name")]
    Reserved,
    #[error("binary attachments are not accepted")]
    Binary,
}

/// Names a client may not use for its own events.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl<'a> Packet<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, PacketError> {
        let kind = text.as_bytes().first().ok_or(PacketError::Type)?;
        let rest = text.get(1..).ok_or(PacketError::Type)?;
        if matches!(kind, b'5' | b'6') {
            return Err(PacketError::Binary);
        }
        let (namespace, rest) = split_namespace(rest);
        let (ack, json) = split_ack(rest)?;
        match kind {
            b'0' => Ok(Self::Connect { namespace, auth: object(json)? }),
            b'1' if json.is_empty() => Ok(Self::Disconnect { namespace }),
            b'2' => Ok(Self::Event { namespace, ack, args: event_args(json)? }),
            b'3' => Ok(Self::Ack { namespace, id: ack.ok_or(PacketError::Payload)?, args: array(json)? }),
            b'1' | b'4' => Err(PacketError::Payload),
            _ => Err(PacketError::Type),
        }
    }
}

/// The comma may be missing when nothing follows: `0/custom`.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split_once('?').map_or(namespace, |(path, _)| path), rest)
}

fn split_ack(text: &str) -> Result<(Option<u64>, &str), PacketError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok((None, text));
    }
    let (number, rest) = text.split_at(digits);
    Ok((Some(number.parse().map_err(|_| PacketError::Payload)?), rest))
}

fn object(json: &str) -> Result<Option<&RawValue>, PacketError> {
    if json.is_empty() {
        return Ok(None);
    }
    let value: &RawValue = serde_json::from_str(json).map_err(|_| PacketError::Payload)?;
    value.get().starts_with('{').then_some(Some(value)).ok_or(PacketError::Payload)
}

fn array(json: &str) -> Result<Vec<&RawValue>, PacketError> {
    serde_json::from_str(json).map_err(|_| PacketError::Payload)
}

fn event_args(json: &str) -> Result<Vec<&RawValue>, PacketError> {
    let args = array(json)?;
    let name = args.first().ok_or(PacketError::Payload)?.get();
    if name.starts_with('"') {
        let name: String = serde_json::from_str(name).map_err(|_| PacketError::Payload)?;
        if RESERVED.contains(&name.as_str()) {
            return Err(PacketError::Reserved);
        }
        return Ok(args);
    }
    name.parse::<f64>().map(|_| args).map_err(|_| PacketError::Payload)
}

/// The Engine.IO message of an event: `4` + `2` + `["name",…]`.
pub(crate) fn event(args_json: &str) -> String {
    format!("42{args_json}")
}

/// The same of an event that shall be acknowledged.
pub(crate) fn event_with_ack(id: u64, args_json: &str) -> String {
    format!("42{id}{args_json}")
}

/// The Engine.IO message that acknowledges with one argument.
pub(crate) fn ack(id: u64, argument_json: &str) -> String {
    format!("43{id}[{argument_json}]")
}

/// The answer to a CONNECT.
pub(crate) fn connected(sid: &str) -> String {
    format!("40{{\"sid\":\"{sid}\"}}")
}

/// What tells a client of revision 3 that it is in the default namespace.
pub(crate) const CONNECTED_V3: &str = "40";

/// The refusal of a CONNECT to `namespace`: an object, for clients of revision 3 a text.
pub(crate) fn refused(namespace: &str, message: &str, revision: Revision) -> String {
    let body = match revision {
        Revision::V3 => serde_json::Value::from(message),
        Revision::V4 => serde_json::json!({ "message": message }),
    };
    if namespace == "/" { format!("44{body}") } else { format!("44{namespace},{body}") }
}
