//! Revision 3, in two forms: as text, `<length>:<packet>` with binary as `b4` and base64, and as bytes, for clients that
//! read binary: `00` or `01`, the length's decimal digits as bytes, `ff`, then the packet.
//! See <https://github.com/socketio/engine.io-protocol/tree/v3#payload>.

use bytes::Bytes;
use bytestring::ByteString;

use super::{Item, PayloadError, Unit, base64_size, from_base64, put_base64, text};

/// The type of a message, first byte of every binary packet in a payload and in a WebSocket frame.
pub(crate) const MESSAGE: u8 = 4;

/// Stands before base64: binary, of type message.
const BASE64: &str = "b4";
/// More digits than any length needs are refused, zeros too.
const MAX_DIGITS: usize = 20;
/// What a payload without packets looks like as text.
const NOTHING: &[u8] = b"0:";

/// First byte of a packet in the form of bytes.
const TEXT: u8 = 0;
const BINARY: u8 = 1;
/// Follows the digits of a length there.
const END_OF_LENGTH: u8 = 0xff;

/// The packets of a body of text, at most `max_packets`. Packets of length 0 are counted, but left out.
pub(crate) fn decode_text(body: Bytes, max_packets: usize) -> Result<Vec<Unit>, PayloadError> {
    let body = ByteString::try_from(body).map_err(|_| PayloadError::Utf8)?;
    if body.is_empty() {
        return Err(PayloadError::Empty);
    }
    let mut units = Vec::new();
    let mut rest: &str = &body;
    for count in 0.. {
        if rest.is_empty() {
            break;
        }
        if count == max_packets {
            return Err(PayloadError::TooMany);
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (length, after) = rest.split_at(digits);
        if digits > MAX_DIGITS {
            return Err(PayloadError::Length);
        }
        let length = length.parse().map_err(|_| PayloadError::Length)?;
        let after = after.strip_prefix(':').ok_or(PayloadError::Length)?;
        let (packet, after) = split_utf16(after, length).ok_or(PayloadError::Length)?;
        if !packet.is_empty() {
            units.push(unit(&body, packet)?);
        }
        rest = after;
    }
    Ok(units)
}

/// The packets of a body of bytes (`application/octet-stream`), at most `max_packets`.
pub(crate) fn decode_bytes(mut body: Bytes, max_packets: usize) -> Result<Vec<Unit>, PayloadError> {
    if body.is_empty() {
        return Err(PayloadError::Empty);
    }
    let mut units = Vec::new();
    while let Some((kind, rest)) = body.split_first() {
        if units.len() == max_packets {
            return Err(PayloadError::TooMany);
        }
        let (length, digits) = length(rest).ok_or(PayloadError::Length)?;
        let is_text = match *kind {
            TEXT => true,
            BINARY => false,
            _ => return Err(PayloadError::Type),
        };
        let mut packet = body.split_off(digits + 2);
        if packet.len() < length {
            return Err(PayloadError::Length);
        }
        body = packet.split_off(length);
        units.push(if is_text {
            let packet = ByteString::try_from(packet).map_err(|_| PayloadError::Utf8)?;
            unit(&packet, &packet)?
        } else {
            match packet.first() {
                Some(&MESSAGE) => Unit::Binary(packet.slice(1..)),
                _ => return Err(PayloadError::Type),
            }
        });
    }
    Ok(units)
}

/// The number that `bytes` begin with, and how many digits it has; nothing when no end of it follows or it is too big.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take_while(|byte| **byte < 10).count();
    if !(1..=MAX_DIGITS).contains(&digits) || bytes.get(digits) != Some(&END_OF_LENGTH) {
        return None;
    }
    let number = bytes.get(..digits)?.iter().try_fold(0_usize, |number, digit| {
        number.checked_mul(10).and_then(|number| number.checked_add(usize::from(*digit)))
    });
    Some((number?, digits))
}

fn unit(body: &ByteString, packet: &str) -> Result<Unit, PayloadError> {
    match packet.strip_prefix(BASE64) {
        Some(base64) => from_base64(base64),
        None => text(body, packet),
    }
}

/// Splits after `length` UTF-16 code units, unless that is behind the end or within a character.
fn split_utf16(text: &str, length: usize) -> Option<(&str, &str)> {
    let mut left = length;
    for (at, letter) in text.char_indices() {
        if left == 0 {
            return Some(text.split_at(at));
        }
        left = left.checked_sub(letter.len_utf16())?;
    }
    (left == 0).then_some((text, ""))
}

/// How many UTF-16 code units UTF-8 has: one a character, two if it takes four bytes.
fn utf16_length(text: &[u8]) -> usize {
    let begins = |byte: &u8| usize::from(byte & 0xc0 != 0x80) + usize::from(*byte >= 0xf0);
    text.iter().map(begins).sum()
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The length of a packet as text, as its receiver counts it.
fn text_length((is_binary, data): Item<'_>) -> usize {
    if is_binary { BASE64.len() + base64_size(data) } else { utf16_length(data) }
}

/// The bytes that a packet takes in a payload of text.
pub(crate) fn text_size(item: Item<'_>) -> usize {
    let (is_binary, data) = item;
    let size = if is_binary { BASE64.len() + base64_size(data) } else { data.len() };
    digits(text_length(item)) + 1 + size
}

/// The body of an answer as text.
pub(crate) fn encode_text<'a>(items: impl Iterator<Item = Item<'a>> + Clone) -> Bytes {
    let total = items.clone().map(text_size).sum();
    if total == 0 {
        return Bytes::from_static(NOTHING);
    }
    let mut out = Vec::with_capacity(total);
    for item in items {
        let (is_binary, data) = item;
        put_digits(text_length(item), 0x30, &mut out);
        out.push(b':');
        if is_binary {
            out.extend_from_slice(BASE64.as_bytes());
            put_base64(data, &mut out);
        } else {
            out.extend_from_slice(data);
        }
    }
    out.into()
}

/// The bytes that a packet takes in a payload of bytes.
pub(crate) fn bytes_size((is_binary, data): Item<'_>) -> usize {
    let length = usize::from(is_binary) + data.len();
    2 + digits(length) + length
}

/// The body of an answer as bytes (`application/octet-stream`).
pub(crate) fn encode_bytes<'a>(items: impl Iterator<Item = Item<'a>> + Clone) -> Bytes {
    let mut out = Vec::with_capacity(items.clone().map(bytes_size).sum());
    for (is_binary, data) in items {
        out.push(if is_binary { BINARY } else { TEXT });
        put_digits(usize::from(is_binary) + data.len(), 0, &mut out);
        out.push(END_OF_LENGTH);
        if is_binary {
            out.push(MESSAGE);
        }
        out.extend_from_slice(data);
    }
    out.into()
}

/// Writes the decimal digits of a number, each added to `zero`.
fn put_digits(number: usize, zero: u8, out: &mut Vec<u8>) {
    for place in (0..digits(number) as u32).rev() {
        let digit = number / 10_usize.pow(place) % 10;
        out.push(zero + digit as u8);
    }
}
