//! Revision 4: packets separated by U+001E, binary as `b` and base64.

use bytes::Bytes;
use bytestring::ByteString;

use super::{Item, PayloadError, Unit, base64_size, from_base64, put_base64, text};

const SEPARATOR: u8 = 0x1e;
/// Stands before base64.
const BINARY: u8 = b'b';

/// The packets of a request's body, at most `max_packets`.
pub(crate) fn decode(body: Bytes, max_packets: usize) -> Result<Vec<Unit>, PayloadError> {
    let body = ByteString::try_from(body).map_err(|_| PayloadError::Utf8)?;
    if body.is_empty() {
        return Err(PayloadError::Empty);
    }
    let mut units = Vec::new();
    for packet in body.split(char::from(SEPARATOR)) {
        if units.len() == max_packets {
            return Err(PayloadError::TooMany);
        }
        units.push(match packet.strip_prefix(char::from(BINARY)) {
            Some(base64) => from_base64(base64)?,
            None => text(&body, packet)?,
        });
    }
    Ok(units)
}

/// The bytes that a packet takes in a payload. Between two packets there is one more byte.
pub(crate) fn size((is_binary, data): Item<'_>) -> usize {
    if is_binary { 1 + base64_size(data) } else { data.len() }
}

/// The body of an answer.
pub(crate) fn encode<'a>(items: impl Iterator<Item = Item<'a>> + Clone) -> Bytes {
    let total: usize = items.clone().map(|item| size(item) + 1).sum();
    let mut out = Vec::with_capacity(total.saturating_sub(1));
    for (n, (is_binary, data)) in items.enumerate() {
        if n > 0 {
            out.push(SEPARATOR);
        }
        if is_binary {
            out.push(BINARY);
            put_base64(data, &mut out);
        } else {
            out.extend_from_slice(data);
        }
    }
    out.into()
}
