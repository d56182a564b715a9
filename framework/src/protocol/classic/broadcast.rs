//! Events for the sockets of other instances.

use serde_json::Value;

use super::{Unusable, names};
use crate::protocol::attachments::{MAX_ATTACHMENTS, placeholders};
use crate::protocol::event::Event;
use crate::protocol::msgpack::{self, Reader, Token};

/// Socket.IO's packet types of an event, without and with binary attachments.
const EVENTS: [u64; 2] = [2, 5];

/// An event for the sockets of other instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broadcast {
    pub(crate) namespace: String,
    /// `["event", argument, …]`.
    pub(crate) data: Event,
    /// Sockets in any of these; empty: every socket.
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) volatile: bool,
}

impl Broadcast {
    /// A received broadcast with its sender's uid; `None` when the sender is `own`.
    ///
    /// # Errors
    /// When it is no broadcast.
    pub(crate) fn decode(payload: &[u8], own: &str) -> Result<Option<Self>, Unusable> {
        if is_own(payload, own) {
            return Ok(None);
        }
        let Parts { uid, packet, opts } = Parts::of(payload).ok_or(Unusable::Malformed)?;
        if uid.text() == Some(own) {
            return Ok(None);
        }
        let (mut kind, mut args, mut namespace) = (None, None, "/");
        for (name, value) in packet.fields() {
            match name {
                b"type" => kind = value.whole_number(),
                b"data" => args = Some(value),
                b"nsp" => namespace = value.text().unwrap_or(namespace),
                _ => {}
            }
        }
        if !EVENTS.contains(&kind.ok_or(Unusable::Malformed)?) {
            return Err(Unusable::Unknown);
        }
        let args = args.filter(|args| args.clone().list().is_some());
        let data = args.and_then(|args| read_event(args, payload.len())).ok_or(Unusable::Malformed)?;
        let (mut rooms, mut except, mut volatile) = (Vec::new(), Vec::new(), false);
        for (name, value) in opts.into_iter().flat_map(Reader::fields) {
            match name {
                b"rooms" => rooms = names(value),
                b"except" => except = names(value),
                b"flags" => {
                    let flag = value.field("volatile").and_then(|mut flag| flag.next());
                    volatile = flag == Some(Token::Boolean(true));
                }
                _ => {}
            }
        }
        Ok(Some(Self { namespace: namespace.to_owned(), data, rooms, except, volatile }))
    }
}

/// Where the parts of a broadcast stand.
struct Parts<'p> {
    uid: Reader<'p>,
    packet: Reader<'p>,
    opts: Option<Reader<'p>>,
}

impl<'p> Parts<'p> {
    fn of(payload: &'p [u8]) -> Option<Self> {
        let mut here = Reader::new(payload);
        let len = here.list().filter(|len| *len >= 2)?;
        let uid = here;
        here.skip()?;
        let packet = here;
        here.skip()?;
        let opts = (len > 2).then_some(here);
        for _ in 2..len {
            here.skip()?;
        }
        here.is_at_end().then_some(Self { uid, packet, opts })
    }
}

/// The bytes to publish for an event: `rooms` empty means every socket.
///
/// # Errors
/// When `data` is no JSON array.
pub(crate) fn broadcast(
    uid: &str,
    namespace: &str,
    data: &Event,
    rooms: &[String],
    except: &[String],
    volatile: bool,
) -> Result<Vec<u8>, Unusable> {
    let mut out = Vec::with_capacity(data.len() + 96);
    msgpack::write_array_len(3, &mut out);
    msgpack::write_str(uid, &mut out);

    msgpack::write_map_len(3, &mut out);
    msgpack::write_str("type", &mut out);
    out.push(2);
    msgpack::write_str("data", &mut out);
    if data.json.first() != Some(&b'[') {
        return Err(Unusable::Malformed);
    }
    if data.attachments.is_empty() {
        msgpack::write_json(&data.json, &mut out).map_err(|_| Unusable::Malformed)?;
    } else {
        let args: Value = serde_json::from_slice(&data.json).map_err(|_| Unusable::Malformed)?;
        msgpack::write_with(&args, &data.attachments, &mut out);
    }
    msgpack::write_str("nsp", &mut out);
    msgpack::write_str(namespace, &mut out);

    msgpack::write_map_len(3, &mut out);
    write_names("rooms", rooms, &mut out);
    write_names("except", except, &mut out);
    msgpack::write_str("flags", &mut out);
    msgpack::write_map_len(usize::from(volatile), &mut out);
    if volatile {
        msgpack::write_str("volatile", &mut out);
        out.push(0xc3);
    }
    Ok(out)
}

/// The event in a message of about `size` bytes; nothing when it is nested too deep. Its binary values are attachments,
/// unless there are more than clients accept: then they have the form that Node's `JSON.stringify` gives them.
pub(super) fn read_event(args: Reader<'_>, size: usize) -> Option<Event> {
    let (mut json, mut attachments) = (Vec::with_capacity(size), Vec::new());
    msgpack::to_json_with(args, &mut json, &mut attachments)?;
    let is_sound = attachments.is_empty() || {
        let text = std::str::from_utf8(&json).unwrap_or_default();
        let found = placeholders::find(text).unwrap_or_default();
        found.len() == attachments.len() && attachments.len() <= MAX_ATTACHMENTS
    };
    if !is_sound {
        json.clear();
        attachments.clear();
        msgpack::to_json(args, &mut json)?;
    }
    Some(Event { json: json.into(), attachments })
}

/// Whether a broadcast begins as those of the instance `own`: Redis sends every instance its own messages too, and
/// those need no reading.
fn is_own(payload: &[u8], own: &str) -> bool {
    let mut uid = Vec::with_capacity(own.len() + 2);
    msgpack::write_str(own, &mut uid);
    matches!(payload, [0x90..=0x9f, rest @ ..] if rest.starts_with(&uid))
}

fn write_names(key: &str, names: &[String], out: &mut Vec<u8>) {
    msgpack::write_str(key, out);
    msgpack::write_array_len(names.len(), out);
    names.iter().for_each(|name| msgpack::write_str(name, out));
}
