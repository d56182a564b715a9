//! JSON text from and to MessagePack as notepack.io writes it, the dialect of Socket.IO's adapters.

mod json;

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;
use serde_json::{Number, Value};

pub(crate) use json::write_json;

/// Nesting a received value may have, as deep as JSON text may.
const MAX_DEPTH: usize = 128;
/// Whole numbers up to here are the same in every language; notepack writes them as integers.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;
/// 10000-01-01, from where an ISO date has five digits of year.
const YEAR_10000: u64 = 253_402_300_800;
const TIMESTAMP: i8 = -1;

/// Reads one value that is all of `bytes`; `None` when it is not MessagePack.
pub(crate) fn read(mut bytes: &[u8]) -> Option<ValueRef<'_>> {
    let value = read_value_ref_with_max_depth(&mut bytes, MAX_DEPTH).ok()?;
    bytes.is_empty().then_some(value)
}

/// Writes a JSON value.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    write_with(value, &[], out);
}

/// Writes a JSON value; its placeholders become the bytes of the attachments.
pub(crate) fn write_with(value: &Value, attachments: &[Bytes], out: &mut Vec<u8>) {
    if let Some(bytes) = attached(value, attachments) {
        return write_bytes(bytes, out);
    }
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(false) => out.push(0xc2),
        Value::Bool(true) => out.push(0xc3),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_str(text, out),
        Value::Array(items) => {
            write_array_len(items.len(), out);
            items.iter().for_each(|item| write_with(item, attachments, out));
        }
        Value::Object(fields) => {
            write_map_len(fields.len(), out);
            for (key, value) in fields {
                write_str(key, out);
                write_with(value, attachments, out);
            }
        }
    }
}

/// What the value stands for, if it is a placeholder.
fn attached<'a>(value: &Value, attachments: &'a [Bytes]) -> Option<&'a Bytes> {
    let fields = value.as_object().filter(|fields| !attachments.is_empty() && fields.len() == 2)?;
    let is_placeholder = fields.get("_placeholder") == Some(&Value::Bool(true));
    let num = fields.get("num").filter(|_| is_placeholder)?.as_u64()?;
    attachments.get(usize::try_from(num).ok()?)
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(bytes.len()) {
        Ok(len) => out.extend([0xc4, len]),
        Err(_) => write_len(0xc5, bytes.len(), out),
    }
    out.extend_from_slice(bytes);
}

pub(crate) fn write_str(text: &str, out: &mut Vec<u8>) {
    match text.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..0x100 => out.extend([0xd9, len as u8]),
        len => write_len(0xda, len, out),
    }
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn write_array_len(len: usize, out: &mut Vec<u8>) {
    match len {
        0..16 => out.push(0x90 | len as u8),
        _ => write_len(0xdc, len, out),
    }
}

pub(crate) fn write_map_len(len: usize, out: &mut Vec<u8>) {
    match len {
        0..16 => out.push(0x80 | len as u8),
        _ => write_len(0xde, len, out),
    }
}

/// A length of 16 bits after `marker`, or of 32 bits after the marker that follows it.
fn write_len(marker: u8, len: usize, out: &mut Vec<u8>) {
    if let Ok(len) = u16::try_from(len) {
        out.push(marker);
        out.extend(len.to_be_bytes());
    } else {
        out.push(marker + 1);
        out.extend((len as u32).to_be_bytes());
    }
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    if let Some(whole) = number.as_u64() {
        return write_unsigned(whole, out);
    }
    if let Some(whole) = number.as_i64() {
        return write_negative(whole, out);
    }
    write_float(number.as_f64().unwrap_or_default(), out);
}

fn write_float(float: f64, out: &mut Vec<u8>) {
    if float.fract() == 0.0 && float.abs() <= MAX_SAFE_INTEGER {
        return match float as i64 {
            whole @ 0.. => write_unsigned(whole as u64, out),
            whole => write_negative(whole, out),
        };
    }
    out.push(0xcb);
    out.extend(float.to_be_bytes());
}

fn write_unsigned(whole: u64, out: &mut Vec<u8>) {
    match whole {
        0..0x80 => out.push(whole as u8),
        0x80..0x100 => out.extend([0xcc, whole as u8]),
        0x100..0x1_0000 => {
            out.push(0xcd);
            out.extend((whole as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(0xce);
            out.extend((whole as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend(whole.to_be_bytes());
        }
    }
}

fn write_negative(whole: i64, out: &mut Vec<u8>) {
    if whole >= -32 {
        out.push(whole as i8 as u8);
    } else if let Ok(short) = i8::try_from(whole) {
        out.extend([0xd0, short as u8]);
    } else if let Ok(short) = i16::try_from(whole) {
        out.push(0xd1);
        out.extend(short.to_be_bytes());
    } else if let Ok(short) = i32::try_from(whole) {
        out.push(0xd2);
        out.extend(short.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend(whole.to_be_bytes());
    }
}

/// Writes a received value as JSON text. Bytes become what Node's `JSON.stringify` makes of a `Buffer`, dates
/// ISO texts, and what JSON can't say becomes `null`.
pub(crate) fn to_json(value: &ValueRef<'_>, out: &mut Vec<u8>) {
    read_into(value, out, &mut None);
}

/// The same with placeholders for bytes, which become attachments.
pub(crate) fn to_json_with(value: &ValueRef<'_>, out: &mut Vec<u8>, attachments: &mut Vec<Bytes>) {
    read_into(value, out, &mut Some(attachments));
}

fn read_into(value: &ValueRef<'_>, out: &mut Vec<u8>, attachments: &mut Option<&mut Vec<Bytes>>) {
    match value {
        ValueRef::Nil => out.extend_from_slice(b"null"),
        ValueRef::Boolean(true) => out.extend_from_slice(b"true"),
        ValueRef::Boolean(false) => out.extend_from_slice(b"false"),
        ValueRef::Integer(whole) => put(out, whole),
        ValueRef::F32(float) => float_to_json(f64::from(*float), out),
        ValueRef::F64(float) => float_to_json(*float, out),
        ValueRef::String(text) => str_to_json(&String::from_utf8_lossy(text.as_bytes()), out),
        ValueRef::Binary(bytes) => match attachments {
            Some(attachments) => {
                put(out, &format_args!("{{\"_placeholder\":true,\"num\":{}}}", attachments.len()));
                attachments.push(Bytes::copy_from_slice(bytes));
            }
            None => bytes_to_json(bytes, out),
        },
        ValueRef::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                separate(n, out);
                read_into(item, out, attachments);
            }
            out.push(b']');
        }
        ValueRef::Map(fields) => {
            out.push(b'{');
            for (n, (key, value)) in fields.iter().enumerate() {
                separate(n, out);
                match key {
                    ValueRef::String(text) => str_to_json(&String::from_utf8_lossy(text.as_bytes()), out),
                    other => str_to_json(&other.to_string(), out),
                }
                out.push(b':');
                read_into(value, out, attachments);
            }
            out.push(b'}');
        }
        ValueRef::Ext(TIMESTAMP, bytes) => match iso_date(bytes) {
            Some(date) => str_to_json(&date, out),
            None => out.extend_from_slice(b"null"),
        },
        ValueRef::Ext(..) => out.extend_from_slice(b"null"),
    }
}

fn separate(n: usize, out: &mut Vec<u8>) {
    if n > 0 {
        out.push(b',');
    }
}

fn put(out: &mut Vec<u8>, what: &impl std::fmt::Display) {
    // Writing to a vector can't fail.
    let _ = write!(out, "{what}");
}

fn float_to_json(float: f64, out: &mut Vec<u8>) {
    if float.fract() == 0.0 && float.abs() <= MAX_SAFE_INTEGER {
        return put(out, &(float as i64));
    }
    match Number::from_f64(float) {
        Some(number) => put(out, &number),
        None => out.extend_from_slice(b"null"),
    }
}

fn str_to_json(text: &str, out: &mut Vec<u8>) {
    // Neither a text nor a vector can make this fail.
    let _ = serde_json::to_writer(out, text);
}

fn bytes_to_json(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"Buffer","data":["#);
    for (n, byte) in bytes.iter().enumerate() {
        separate(n, out);
        put(out, byte);
    }
    out.extend_from_slice(b"]}");
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
            let (nanos, seconds) = bytes.split_at(4);
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (u64::try_from(seconds).ok()?, u32::from_be_bytes(nanos.try_into().ok()?))
        }
        _ => return None,
    };
    if seconds >= YEAR_10000 || nanos >= 1_000_000_000 {
        return None;
    }
    let time = UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))?;
    Some(humantime::format_rfc3339_millis(time).to_string())
}

#[cfg(test)]
mod tests;
