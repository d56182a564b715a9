//! What an instance answers to a question.

use serde_json::{Value, json};

use super::Unusable;
use super::question::SETTLED;
use crate::protocol::msgpack;

/// An answer, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The ids of sockets.
    Sockets(Vec<String>),
    /// Names of rooms.
    Rooms(Vec<String>),
    /// Sockets, each with `id`, `handshake`, `rooms` and `data`.
    Fetched(Vec<Value>),
    /// What an instance's own handler answered.
    Emitted(Value),
    /// How many sockets were asked to acknowledge.
    Clients(u64),
    /// What one socket acknowledged with.
    Acknowledged(Value),
    /// Everything asked for before is done.
    Settled,
}

impl Reply {
    /// The bytes to publish as an answer to the question `id`.
    pub(crate) fn encode(&self, id: &str) -> Vec<u8> {
        let message = match self {
            Self::Sockets(ids) => json!({ "requestId": id, "sockets": ids }),
            Self::Rooms(rooms) => json!({ "requestId": id, "rooms": rooms }),
            Self::Fetched(sockets) => json!({ "requestId": id, "sockets": sockets }),
            Self::Emitted(data) => json!({ "type": 6, "requestId": id, "data": data }),
            Self::Clients(count) => json!({ "type": 8, "requestId": id, "clientCount": count }),
            Self::Settled => json!({ "type": SETTLED, "requestId": id }),
            Self::Acknowledged(packet) => {
                let mut out = Vec::new();
                msgpack::write(&json!({ "type": 9, "requestId": id, "packet": packet }), &mut out);
                return out;
            }
        };
        message.to_string().into_bytes()
    }

    /// A received answer and the question it is for.
    ///
    /// # Errors
    /// When it is no answer.
    pub(crate) fn decode(payload: &[u8]) -> Result<(String, Self), Unusable> {
        let mut message = super::as_json(payload)?;
        let mut take = |name: &str| message.get_mut(name).map(Value::take).unwrap_or_default();
        let Value::String(id) = take("requestId") else { return Err(Unusable::Malformed) };
        let texts =
            |list: &[Value]| list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
        let reply = match take("type").as_u64() {
            Some(6) => Self::Emitted(take("data")),
            Some(8) => Self::Clients(take("clientCount").as_u64().ok_or(Unusable::Malformed)?),
            Some(9) => Self::Acknowledged(take("packet")),
            Some(kind) if kind == u64::from(SETTLED) => Self::Settled,
            Some(_) => return Err(Unusable::Unknown),
            None => match (take("sockets"), take("rooms")) {
                (Value::Array(sockets), _) if sockets.iter().all(Value::is_string) && !sockets.is_empty() => {
                    Self::Sockets(texts(&sockets))
                }
                (Value::Array(sockets), _) => Self::Fetched(sockets),
                (_, Value::Array(rooms)) => Self::Rooms(texts(&rooms)),
                _ => return Err(Unusable::Unknown),
            },
        };
        Ok((id, reply))
    }
}
