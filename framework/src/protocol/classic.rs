//! The messages of `@socket.io/redis-adapter`'s classic mode, which every version since 6 understands.
//!
//! Broadcasts are MessagePack arrays `[uid, packet, opts]`, requests JSON objects (MessagePack is accepted).
//! Names of channels start with the app's key, `socket.io` unless changed.

use bytes::Bytes;
use rmpv::ValueRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::msgpack;

/// Socket.IO's packet types of an event, without and with binary attachments.
const EVENTS: [u64; 2] = [2, 5];

/// An event for the sockets of other instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broadcast {
    pub(crate) namespace: String,
    /// The JSON text of `["event", argument, …]`.
    pub(crate) data: Bytes,
    /// Sockets in any of these; empty: every socket.
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) volatile: bool,
}

/// What other instances shall do with the sockets that `rooms` and `except` select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) action: Action,
}

/// The action of a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Join(Vec<String>),
    Leave(Vec<String>),
    /// All rooms but their own. Regatta's instances know this one; others ignore it.
    LeaveAll,
    Disconnect {
        close: bool,
    },
}

/// The number of [`Action::LeaveAll`]: far from those of Socket.IO, which has no such request.
const LEAVE_ALL: u8 = 103;

/// Why a message can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it is not a message of the classic adapter")]
    Malformed,
    #[error("its type is not known here")]
    Unknown,
}

/// The channel of a broadcast: one of its own for exactly one room, so that instances without it need not read.
pub(crate) fn channel(key: &str, namespace: &str, rooms: &[String]) -> String {
    match rooms {
        [room] => format!("{key}#{namespace}#{room}#"),
        _ => format!("{key}#{namespace}#"),
    }
}

/// The pattern of every broadcast channel of `namespace`.
pub(crate) fn pattern(key: &str, namespace: &str) -> String {
    let mut pattern = String::new();
    for c in format!("{key}#{namespace}#").chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('*');
    pattern
}

/// The channel of requests to every instance.
pub(crate) fn request_channel(key: &str, namespace: &str) -> String {
    format!("{key}-request#{namespace}#")
}

impl Broadcast {
    /// The bytes to publish.
    ///
    /// # Errors
    /// When `data` is no JSON array.
    pub(crate) fn encode(&self, uid: &str) -> Result<Vec<u8>, Unusable> {
        let args: Vec<Value> = serde_json::from_slice(&self.data).map_err(|_| Unusable::Malformed)?;
        let mut out = Vec::with_capacity(self.data.len() + 96);
        msgpack::write_array_len(3, &mut out);
        msgpack::write_str(uid, &mut out);

        msgpack::write_map_len(3, &mut out);
        msgpack::write_str("type", &mut out);
        out.push(2);
        msgpack::write_str("data", &mut out);
        msgpack::write_array_len(args.len(), &mut out);
        args.iter().for_each(|arg| msgpack::write(arg, &mut out));
        msgpack::write_str("nsp", &mut out);
        msgpack::write_str(&self.namespace, &mut out);

        msgpack::write_map_len(3, &mut out);
        write_names("rooms", &self.rooms, &mut out);
        write_names("except", &self.except, &mut out);
        msgpack::write_str("flags", &mut out);
        msgpack::write_map_len(usize::from(self.volatile), &mut out);
        if self.volatile {
            msgpack::write_str("volatile", &mut out);
            out.push(0xc3);
        }
        Ok(out)
    }

    /// A received broadcast with its sender's uid; `None` when the sender is `own`.
    ///
    /// # Errors
    /// When it is no broadcast.
    pub(crate) fn decode(payload: &[u8], own: &str) -> Result<Option<Self>, Unusable> {
        let message = msgpack::read(payload).ok_or(Unusable::Malformed)?;
        let parts = message.as_array().map(Vec::as_slice).ok_or(Unusable::Malformed)?;
        let [uid, packet, opts @ ..] = parts else { return Err(Unusable::Malformed) };
        if as_str(uid) == Some(own) {
            return Ok(None);
        }
        let kind = get(packet, "type").and_then(as_u64).ok_or(Unusable::Malformed)?;
        if !EVENTS.contains(&kind) {
            return Err(Unusable::Unknown);
        }
        let args = get(packet, "data")
            .filter(|data| matches!(data, ValueRef::Array(_)))
            .ok_or(Unusable::Malformed)?;
        let mut data = Vec::with_capacity(payload.len());
        msgpack::to_json(args, &mut data);
        let opts = opts.first();
        let names = |name| opts.and_then(|opts| get(opts, name)).map(names).unwrap_or_default();
        let flags = opts.and_then(|opts| get(opts, "flags"));
        Ok(Some(Self {
            namespace: get(packet, "nsp").and_then(as_str).unwrap_or("/").to_owned(),
            data: data.into(),
            rooms: names("rooms"),
            except: names("except"),
            volatile: flags
                .and_then(|flags| get(flags, "volatile"))
                .is_some_and(|volatile| *volatile == ValueRef::Boolean(true)),
        }))
    }
}

fn write_names(key: &str, names: &[String], out: &mut Vec<u8>) {
    msgpack::write_str(key, out);
    msgpack::write_array_len(names.len(), out);
    names.iter().for_each(|name| msgpack::write_str(name, out));
}

fn get<'v, 'b>(map: &'v ValueRef<'b>, key: &str) -> Option<&'v ValueRef<'b>> {
    let ValueRef::Map(fields) = map else { return None };
    fields.iter().find(|(name, _)| as_str(name) == Some(key)).map(|(_, value)| value)
}

fn as_str<'b>(value: &ValueRef<'b>) -> Option<&'b str> {
    let ValueRef::String(text) = value else { return None };
    text.into_str()
}

fn as_u64(value: &ValueRef<'_>) -> Option<u64> {
    match value {
        ValueRef::Integer(whole) => whole.as_u64(),
        ValueRef::F64(float) if float.fract() == 0.0 && *float >= 0.0 => Some(*float as u64),
        _ => None,
    }
}

/// Room names; a room that Node code named by a number has the name that number has as text.
fn names(list: &ValueRef<'_>) -> Vec<String> {
    let ValueRef::Array(items) = list else { return Vec::new() };
    let name = |item: &ValueRef<'_>| match item {
        ValueRef::String(text) => text.as_str().map(str::to_owned),
        ValueRef::Integer(whole) => Some(whole.to_string()),
        ValueRef::F64(float) => Some(float.to_string()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

#[derive(Serialize)]
struct Written<'a> {
    uid: &'a str,
    #[serde(rename = "type")]
    kind: u8,
    opts: WrittenOpts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<bool>,
}

#[derive(Serialize)]
struct WrittenOpts<'a> {
    rooms: &'a [String],
    except: &'a [String],
}

#[derive(Deserialize)]
struct Read {
    uid: Option<String>,
    #[serde(rename = "type")]
    kind: u64,
    opts: Option<ReadOpts>,
    #[serde(default)]
    rooms: Vec<Name>,
    #[serde(default)]
    close: bool,
}

#[derive(Deserialize)]
struct ReadOpts {
    #[serde(default)]
    rooms: Vec<Name>,
    #[serde(default)]
    except: Vec<Name>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Number(serde_json::Number),
}

fn texts(names: Vec<Name>) -> Vec<String> {
    let text = |name| match name {
        Name::Text(text) => text,
        Name::Number(number) => number.to_string(),
    };
    names.into_iter().map(text).collect()
}

impl Request {
    /// The bytes to publish.
    pub(crate) fn encode(&self, uid: &str) -> Result<Vec<u8>, Unusable> {
        let (kind, rooms, close) = match &self.action {
            Action::Join(rooms) => (2, Some(rooms.as_slice()), None),
            Action::Leave(rooms) => (3, Some(rooms.as_slice()), None),
            Action::LeaveAll => (LEAVE_ALL, None, None),
            Action::Disconnect { close } => (4, None, Some(*close)),
        };
        let opts = WrittenOpts { rooms: &self.rooms, except: &self.except };
        serde_json::to_vec(&Written { uid, kind, opts, rooms, close }).map_err(|_| Unusable::Malformed)
    }

    /// A received request; `None` when the sender is `own`. `redis-emitter`'s come without a uid.
    ///
    /// # Errors
    /// When it is no request, or one that is not understood here.
    pub(crate) fn decode(payload: &[u8], own: &str) -> Result<Option<Self>, Unusable> {
        let read: Read = if payload.first() == Some(&b'{') {
            serde_json::from_slice(payload).map_err(|_| Unusable::Malformed)?
        } else {
            let message = msgpack::read(payload).ok_or(Unusable::Malformed)?;
            let mut json = Vec::with_capacity(payload.len());
            msgpack::to_json(&message, &mut json);
            serde_json::from_slice(&json).map_err(|_| Unusable::Malformed)?
        };
        if read.uid.as_deref() == Some(own) {
            return Ok(None);
        }
        let action = match read.kind {
            2 => Action::Join(texts(read.rooms)),
            3 => Action::Leave(texts(read.rooms)),
            kind if kind == u64::from(LEAVE_ALL) => Action::LeaveAll,
            4 => Action::Disconnect { close: read.close },
            _ => return Err(Unusable::Unknown),
        };
        let opts = read.opts.ok_or(Unusable::Unknown)?;
        Ok(Some(Self { rooms: texts(opts.rooms), except: texts(opts.except), action }))
    }
}

#[cfg(test)]
mod tests;
