//! JSON text from and to MessagePack as notepack.io writes it, the dialect of Socket.IO's adapters.

mod json;
mod reader;
mod text;

use bytes::Bytes;
use serde_json::{Number, Value};

pub(crate) use json::write_json;
pub(crate) use reader::{Reader, Token};
pub(crate) use text::{to_json, to_json_with};

/// Whole numbers up to here are the same in every language; notepack writes them as integers.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

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

#[cfg(test)]
mod tests;
