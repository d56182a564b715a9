//! What other instances are asked; every one of them answers, also one without sockets.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::Unusable;
use super::broadcast::read_event;
use crate::protocol::event::Event;
use crate::protocol::msgpack::{self, Reader};

/// A question to every other instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Which sockets are in these rooms (in any, when there are none)? Node's adapters before 7 ask so.
    Sockets { rooms: Vec<String> },
    /// Which rooms are there?
    Rooms,
    /// Who are the sockets that `rooms` and `except` select?
    Fetch { rooms: Vec<String>, except: Vec<String> },
    /// An event for the instances themselves: the JSON text of `["event", argument, …]`.
    Emit { args: Bytes },
    /// An event for sockets that acknowledge it within so many milliseconds.
    Broadcast { data: Event, rooms: Vec<String>, except: Vec<String>, timeout: u64 },
    /// Is everything done that was asked for before? Regatta's instances know this one; others ignore it.
    Settled,
}

/// The number of [`Question::Settled`] and its answer: far from those of Socket.IO, which has no such request.
pub(super) const SETTLED: u8 = 104;

/// A question as it travels; without an id nobody waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: Option<String>,
    pub(crate) question: Question,
}

#[derive(Serialize)]
struct Written<'a> {
    uid: &'a str,
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Asked {
    /// The bytes to publish in `namespace`.
    ///
    /// # Errors
    /// When an event is no JSON array.
    pub(crate) fn encode(&self, uid: &str, namespace: &str) -> Result<Vec<u8>, Unusable> {
        let id = self.id.as_deref();
        let blank = |kind| Written { uid, id, kind, rooms: None, opts: None, data: None };
        let array = |data: &[u8]| -> Result<Value, Unusable> {
            serde_json::from_slice(data).ok().filter(Value::is_array).ok_or(Unusable::Malformed)
        };
        let written = match &self.question {
            Question::Sockets { rooms } => Written { rooms: Some(rooms), ..blank(0) },
            Question::Rooms => blank(1),
            Question::Fetch { rooms, except } => {
                Written { opts: Some(json!({ "rooms": rooms, "except": except })), ..blank(5) }
            }
            Question::Settled => blank(SETTLED),
            Question::Emit { args } => Written { data: Some(array(args)?), ..blank(6) },
            Question::Broadcast { data, rooms, except, timeout } => {
                let message = json!({
                    "uid": uid,
                    "requestId": id,
                    "type": 7,
                    "packet": { "type": 2, "data": array(&data.json)?, "nsp": namespace },
                    "opts": { "rooms": rooms, "except": except, "flags": { "timeout": timeout } },
                });
                let mut out = Vec::with_capacity(data.len() + 96);
                msgpack::write_with(&message, &data.attachments, &mut out);
                return Ok(out);
            }
        };
        serde_json::to_vec(&written).map_err(|_| Unusable::Malformed)
    }

    /// A received question; `None` when the sender is `own`.
    ///
    /// # Errors
    /// When it is none, or one that is not understood here.
    pub(crate) fn decode(payload: &[u8], own: &str) -> Result<Option<Self>, Unusable> {
        let message = super::as_json(payload)?;
        let at = |path: &str| message.pointer(path).unwrap_or(&Value::Null);
        if at("/uid") == own {
            return Ok(None);
        }
        let names = |value: &Value| -> Vec<String> {
            let name = |name: &Value| match name {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            value.as_array().into_iter().flatten().filter_map(name).collect()
        };
        let event = |value: &Value| -> Result<String, Unusable> {
            if value.as_array().is_none_or(Vec::is_empty) {
                return Err(Unusable::Malformed);
            }
            Ok(value.to_string())
        };
        let question = match at("/type").as_u64() {
            Some(0) => Question::Sockets { rooms: names(at("/rooms")) },
            Some(1) => Question::Rooms,
            Some(5) => Question::Fetch { rooms: names(at("/opts/rooms")), except: names(at("/opts/except")) },
            Some(kind) if kind == u64::from(SETTLED) => Question::Settled,
            Some(6) => Question::Emit { args: event(at("/data"))?.into() },
            Some(7) => Question::Broadcast {
                data: match asked_event(payload) {
                    Some(event) => event,
                    None => event(at("/packet/data"))?.into(),
                },
                rooms: names(at("/opts/rooms")),
                except: names(at("/opts/except")),
                timeout: at("/opts/flags/timeout").as_u64().unwrap_or_default(),
            },
            _ => return Err(Unusable::Unknown),
        };
        let id = at("/requestId").as_str().map(str::to_owned);
        if id.is_none() && !matches!(question, Question::Emit { .. }) {
            return Err(Unusable::Malformed);
        }
        Ok(Some(Self { id, question }))
    }
}

/// The event for sockets in a question of MessagePack, with its binary values.
fn asked_event(payload: &[u8]) -> Option<Event> {
    let message = Reader::whole(payload).filter(|_| payload.first() != Some(&b'{'))?;
    let args = message.field("packet")?.field("data")?;
    args.clone().list().filter(|len| *len > 0)?;
    read_event(args, payload.len())
}
