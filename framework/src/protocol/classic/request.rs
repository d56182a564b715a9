//! What other instances shall do with sockets, without an answer.

use serde::{Deserialize, Serialize};

use super::Unusable;

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
        if is_own(payload, own) {
            return Ok(None);
        }
        let read = super::as_json(payload)?;
        let read: Read = serde_json::from_value(read).map_err(|_| Unusable::Unknown)?;
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

/// Whether a request begins as those of the instance `own` do; it needs no reading.
fn is_own(payload: &[u8], own: &str) -> bool {
    let rest = payload.strip_prefix(br#"{"uid":""#).and_then(|rest| rest.strip_prefix(own.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\""))
}
