//! Socket.IO v5 packets: `<type>[<attachments>-][/namespace,][ack id][JSON]`.
//! See the Socket.IO protocol, revision 5 (<https://socket.io/docs/v4/socket-io-protocol/>).

pub(crate) mod write;

use serde_json::value::RawValue;
use thiserror::Error;

/// A packet that arrived. JSON stays text until somebody needs it. An event or acknowledgement is followed by as many
/// binary messages as it has `attachments`.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    /// The `query` is how clients of revision 3 send what those of revision 4 send as `auth`.
    Connect {
        namespace: &'a str,
        query: Option<&'a str>,
        auth: Option<&'a RawValue>,
    },
    Disconnect {
        namespace: &'a str,
    },
    Event {
        namespace: &'a str,
        ack: Option<u64>,
        args: Vec<&'a RawValue>,
        attachments: usize,
    },
    Ack {
        namespace: &'a str,
        id: u64,
        args: Vec<&'a RawValue>,
        attachments: usize,
    },
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
    #[error("illegal attachments")]
    Attachments,
    #[error("more attachments than are accepted")]
    TooManyAttachments,
    #[error("larger attachments than are accepted")]
    TooLargeAttachments,
    #[error("text where an attachment should follow")]
    NoAttachment,
    #[error("binary data that no packet announced")]
    NoPacket,
}

/// Names a client may not use for its own events.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl<'a> Packet<'a> {
    /// Reads a packet with at most `max_attachments`.
    pub(crate) fn parse(text: &'a str, max_attachments: usize) -> Result<Self, PacketError> {
        let kind = text.as_bytes().first().ok_or(PacketError::Type)?;
        let rest = text.get(1..).ok_or(PacketError::Type)?;
        let (attachments, rest) = match kind {
            b'5' | b'6' => split_attachments(rest, max_attachments)?,
            _ => (0, rest),
        };
        let (namespace, query, rest) = split_namespace(rest);
        let (ack, json) = split_ack(rest)?;
        match kind {
            b'0' => Ok(Self::Connect { namespace, query, auth: object(json)? }),
            b'1' if json.is_empty() => Ok(Self::Disconnect { namespace }),
            b'2' | b'5' => Ok(Self::Event { namespace, ack, args: event_args(json)?, attachments }),
            b'3' | b'6' => {
                let id = ack.ok_or(PacketError::Payload)?;
                Ok(Self::Ack { namespace, id, args: array(json)?, attachments })
            }
            b'1' | b'4' => Err(PacketError::Payload),
            _ => Err(PacketError::Type),
        }
    }
}

/// Those types have at least one attachment.
fn split_attachments(text: &str, max_attachments: usize) -> Result<(usize, &str), PacketError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let rest = rest.strip_prefix('-').ok_or(PacketError::Attachments)?;
    match number.parse() {
        Ok(0) | Err(_) => Err(PacketError::Attachments),
        Ok(count) if count > max_attachments => Err(PacketError::TooManyAttachments),
        Ok(count) => Ok((count, rest)),
    }
}

/// The comma may be missing when nothing follows: `0/custom`.
fn split_namespace(text: &str) -> (&str, Option<&str>, &str) {
    if !text.starts_with('/') {
        return ("/", None, text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    match namespace.split_once('?') {
        Some((path, query)) => (path, Some(query), rest),
        None => (namespace, None, rest),
    }
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

#[cfg(test)]
mod tests;
