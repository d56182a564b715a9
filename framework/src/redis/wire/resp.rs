//! The replies of a server, protocol 2: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! First a reply's length is found, without a value made for it; only when it is there as a whole it is read.

use std::io;

use redis::{RedisResult, Value};

/// The longest line: a status, an error, a number.
const LINE: usize = 64 * 1024;
/// The most bytes of a text: what Redis itself allows.
const TEXT: usize = 512 * 1024 * 1024;
/// The most values in one reply.
const VALUES: usize = 16 * 1024 * 1024;
/// How deeply lists may be in lists.
const DEPTH: usize = 16;

/// How much of a reply is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends before this byte.
    Whole(usize),
    /// It has at least so many bytes.
    AtLeast(usize),
}

/// How far the reply at the start of `bytes` goes.
///
/// # Errors
/// When it is none.
pub(super) fn extent(bytes: &[u8]) -> io::Result<Extent> {
    let (mut at, mut left, mut all) = (0, 1, 1);
    while left > 0 {
        let Some(Line { kind, text, end }) = line(bytes, at)? else {
            return Ok(Extent::AtLeast(bytes.len() + 1));
        };
        (at, left) = (end, left - 1);
        match kind {
            b'+' | b'-' | b':' => {}
            b'$' => {
                if let Some(length) = length(text, TEXT)? {
                    at += length + 2;
                }
                let Some(text) = bytes.get(..at) else { return Ok(Extent::AtLeast(at)) };
                if !text.ends_with(b"\r\n") {
                    return Err(malformed("a text does not end where it should"));
                }
            }
            b'*' => {
                let more = length(text, VALUES)?.unwrap_or_default();
                (left, all) = (left + more, all + more);
                if all > VALUES {
                    return Err(malformed("a reply has too many values"));
                }
            }
            _ => return Err(malformed("a reply of an unknown kind")),
        }
    }
    Ok(Extent::Whole(at))
}

/// Reads a reply that is there as a whole.
///
/// # Errors
/// When it is none.
pub(super) fn value(bytes: &[u8]) -> RedisResult<Value> {
    read(bytes, &mut 0, 0)
}

fn read(bytes: &[u8], at: &mut usize, depth: usize) -> RedisResult<Value> {
    let start = *at;
    let Some(Line { kind, text, end }) = line(bytes, start)? else {
        return Err(malformed("a reply ends in its middle").into());
    };
    *at = end;
    Ok(match kind {
        b'+' if text == b"OK" => Value::Okay,
        b'+' => Value::SimpleString(String::from_utf8_lossy(text).into_owned()),
        b':' => Value::Int(number(text)?),
        b'$' => match taken(bytes, at, length(text, TEXT)?)? {
            Some(text) => Value::BulkString(text.to_vec()),
            None => Value::Nil,
        },
        b'*' => match length(text, VALUES)? {
            Some(_) if depth == DEPTH => return Err(malformed("lists are nested too deeply").into()),
            // A length alone reserves no memory.
            Some(length) => {
                let mut values = Vec::with_capacity(length.min(1_024));
                for _ in 0..length {
                    values.push(read(bytes, at, depth + 1)?);
                }
                Value::Array(values)
            }
            None => Value::Nil,
        },
        // What errors mean is the library's knowledge.
        _ => redis::parse_redis_value(bytes.get(start..end).unwrap_or_default())?,
    })
}

/// Where the texts are with which a list begins that is there as a whole.
///
/// # Errors
/// When it is no list.
pub(super) fn texts<const MOST: usize>(bytes: &[u8]) -> io::Result<[Option<(usize, usize)>; MOST]> {
    let mut places = [None; MOST];
    let Some(Line { kind: b'*', text, end }) = line(bytes, 0)? else {
        return Err(malformed("a list was expected"));
    };
    let mut at = end;
    for place in places.iter_mut().take(length(text, VALUES)?.unwrap_or_default()) {
        let Some(Line { kind: b'$', text, end }) = line(bytes, at)? else { break };
        let end_of_text = end + length(text, TEXT)?.unwrap_or_default();
        *place = Some((end, end_of_text));
        at = end_of_text + 2;
    }
    Ok(places)
}

struct Line<'a> {
    kind: u8,
    text: &'a [u8],
    /// Where the next one begins.
    end: usize,
}

/// The line that begins at `at`, when it is there as a whole.
fn line(bytes: &[u8], at: usize) -> io::Result<Option<Line<'_>>> {
    let Some((kind, rest)) = bytes.get(at..).and_then(<[u8]>::split_first) else { return Ok(None) };
    match rest.iter().take(LINE).position(|byte| *byte == b'\r') {
        Some(length) => match rest.split_at(length) {
            (text, [_, b'\n', ..]) => Ok(Some(Line { kind: *kind, text, end: at + length + 3 })),
            (_, [_, _, ..]) => Err(malformed("a line does not end as it should")),
            _ => Ok(None),
        },
        None if rest.len() >= LINE => Err(malformed("a line is too long")),
        None => Ok(None),
    }
}

/// A length; nothing for what is nothing.
fn length(text: &[u8], most: usize) -> io::Result<Option<usize>> {
    match number(text)? {
        -1 => Ok(None),
        number => match usize::try_from(number) {
            Ok(length) if length <= most => Ok(Some(length)),
            _ => Err(malformed("a length is out of bounds")),
        },
    }
}

fn number(text: &[u8]) -> io::Result<i64> {
    let read = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    read.ok_or_else(|| malformed("a number is none"))
}

fn taken<'a>(bytes: &'a [u8], at: &mut usize, length: Option<usize>) -> io::Result<Option<&'a [u8]>> {
    let Some(length) = length else { return Ok(None) };
    let text = bytes.get(*at..*at + length).ok_or_else(|| malformed("a text ends in its middle"))?;
    *at += length + 2;
    Ok(Some(text))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("this is not Redis: {what}"))
}
