//! An addition to the classic messages: the running number among its sender's, by which who hears it sees what
//! is missing and what comes twice. Servers that don't know it pass over it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::msgpack;

/// MessagePack's mark of a whole number in eight bytes.
const EIGHT_BYTES: u8 = 0xcf;
/// The mark and the number.
const WIDTH: usize = 9;
/// MessagePack's arrays of three and of four.
const BROADCAST: u8 = 0x93;
const NUMBERED_BROADCAST: u8 = 0x94;

/// Whose message it is, and which of theirs if they number them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Sender<'p> {
    #[serde(borrow)]
    pub(crate) uid: Cow<'p, str>,
    #[serde(rename = "n")]
    pub(crate) number: Option<u64>,
}

/// A written broadcast, request or question with its number.
pub(crate) fn numbered(mut payload: Vec<u8>, number: u64) -> Vec<u8> {
    match payload.first_mut() {
        Some(first @ &mut BROADCAST) => *first = NUMBERED_BROADCAST,
        // A map of up to 14 fields.
        Some(first @ 0x80..=0x8e) => {
            *first += 1;
            msgpack::write_str("n", &mut payload);
        }
        Some(b'{') => {
            payload.pop();
            payload.extend(format!(",\"n\":{number}}}").bytes());
            return payload;
        }
        _ => return payload,
    }
    payload.push(EIGHT_BYTES);
    payload.extend(number.to_be_bytes());
    payload
}

/// The sender of a broadcast, request or question; nothing when it does not say.
pub(crate) fn sender(payload: &[u8]) -> Option<Sender<'_>> {
    match payload {
        [b'{', ..] => serde_json::from_slice(payload).ok(),
        // A short text is the only way a uid is written.
        [first @ 0x90..=0x9f, length @ 0xa0..=0xbf, rest @ ..] => {
            let uid = std::str::from_utf8(rest.get(..usize::from(length & 0x1f))?).ok()?;
            let number = if *first == NUMBERED_BROADCAST { last_number(rest) } else { None };
            Some(Sender { uid: uid.into(), number })
        }
        _ => {
            let message = super::as_json(payload).ok()?;
            let uid = message.get("uid")?.as_str()?.to_owned();
            Some(Sender { uid: uid.into(), number: message.get("n").and_then(Value::as_u64) })
        }
    }
}

fn last_number(payload: &[u8]) -> Option<u64> {
    let (_, last) = payload.split_at_checked(payload.len().checked_sub(WIDTH)?)?;
    let [EIGHT_BYTES, number @ ..] = last else { return None };
    Some(u64::from_be_bytes(number.try_into().ok()?))
}
