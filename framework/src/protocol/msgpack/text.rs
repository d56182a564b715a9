//! MessagePack as JSON text.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Number;

use super::{MAX_SAFE_INTEGER, Reader, Token};

/// Nesting a value may have, as deep as JSON text may.
const MAX_DEPTH: usize = 128;
/// 10000-01-01, from where an ISO date has five digits of year.
const YEAR_10000: u64 = 253_402_300_800;
const TIMESTAMP: i8 = -1;

/// Writes a received value as JSON text. Bytes become what Node's `JSON.stringify` makes of a `Buffer`, dates
/// ISO texts, and what JSON can't say becomes `null`. Nothing when it is nested too deep.
pub(crate) fn to_json(mut value: Reader<'_>, out: &mut Vec<u8>) -> Option<()> {
    Writer { out, attachments: None }.value(&mut value, MAX_DEPTH)
}

/// The same with placeholders for bytes, which become attachments.
pub(crate) fn to_json_with(
    mut value: Reader<'_>,
    out: &mut Vec<u8>,
    attachments: &mut Vec<Bytes>,
) -> Option<()> {
    Writer { out, attachments: Some(attachments) }.value(&mut value, MAX_DEPTH)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    attachments: Option<&'a mut Vec<Bytes>>,
}

impl Writer<'_> {
    fn value(&mut self, from: &mut Reader<'_>, depth: usize) -> Option<()> {
        let token = from.next()?;
        let inside = match token {
            Token::List(_) | Token::Map(_) => depth.checked_sub(1)?,
            _ => depth,
        };
        match token {
            Token::Nil => self.out.extend_from_slice(b"null"),
            Token::Boolean(true) => self.out.extend_from_slice(b"true"),
            Token::Boolean(false) => self.out.extend_from_slice(b"false"),
            Token::Unsigned(whole) => self.put(whole),
            Token::Signed(whole) => self.put(whole),
            Token::Float(float) => self.float(float),
            Token::Text(text) => self.lossy(text),
            Token::Bytes(bytes) => self.bytes(bytes),
            Token::List(len) => {
                self.out.push(b'[');
                for n in 0..len {
                    self.separate(n);
                    self.value(from, inside)?;
                }
                self.out.push(b']');
            }
            Token::Map(len) => {
                self.out.push(b'{');
                for n in 0..len {
                    self.separate(n);
                    self.key(from)?;
                    self.out.push(b':');
                    self.value(from, inside)?;
                }
                self.out.push(b'}');
            }
            Token::Extension(TIMESTAMP, bytes) => match iso_date(bytes) {
                Some(date) => self.text(&date),
                None => self.out.extend_from_slice(b"null"),
            },
            Token::Extension(..) => self.out.extend_from_slice(b"null"),
        }
        Some(())
    }

    /// A key that is no text gets the text its value has in JSON; none may be a list or a map.
    fn key(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let mut look = *from;
        if let Token::Text(text) = look.next()? {
            *from = look;
            self.lossy(text);
            return Some(());
        }
        let mut name = Vec::new();
        Writer { out: &mut name, attachments: None }.value(from, 0)?;
        self.lossy(&name);
        Some(())
    }

    fn separate(&mut self, n: usize) {
        if n > 0 {
            self.out.push(b',');
        }
    }

    fn put(&mut self, what: impl std::fmt::Display) {
        // Writing to a vector can't fail.
        let _ = write!(self.out, "{what}");
    }

    fn float(&mut self, float: f64) {
        if float.fract() == 0.0 && float.abs() <= MAX_SAFE_INTEGER {
            return self.put(float as i64);
        }
        match Number::from_f64(float) {
            Some(number) => self.put(number),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    fn text(&mut self, text: &str) {
        // Neither a text nor a vector can make this fail.
        let _ = serde_json::to_writer(&mut *self.out, text);
    }

    fn lossy(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => self.text(text),
            Err(_) => self.text(&String::from_utf8_lossy(text)),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(attachments) = &mut self.attachments {
            let num = attachments.len();
            attachments.push(Bytes::copy_from_slice(bytes));
            return self.put(format_args!("{{\"_placeholder\":true,\"num\":{num}}}"));
        }
        self.out.extend_from_slice(br#"{"type":"Buffer","data":["#);
        for (n, byte) in bytes.iter().enumerate() {
            self.separate(n);
            self.put(byte);
        }
        self.out.extend_from_slice(b"]}");
    }
}

/// MessagePack's timestamp in its three sizes, as `Date.prototype.toISOString` writes it.
fn iso_date(bytes: &[u8]) -> Option<String> {
    let (seconds, nanos) = match bytes.len() {
        4 => (u64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            (both & 0x3_ffff_ffff, (both >> 34) as u32)
        }
        12 => {
            let (nanos, seconds) = bytes.split_first_chunk()?;
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (u64::try_from(seconds).ok()?, u32::from_be_bytes(*nanos))
        }
        _ => return None,
    };
    if seconds >= YEAR_10000 || nanos >= 1_000_000_000 {
        return None;
    }
    let time = UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))?;
    Some(humantime::format_rfc3339_millis(time).to_string())
}
