//! Binary values in events: bytes of their own beside the JSON.
//!
//! While an event with attachments is handled, each of them has a random number by which its placeholder in the JSON
//! finds it, on this thread alone: so a handler may pass on what it never understood, and nobody names the attachments of
//! others. What is sent is gone through once for such numbers, if it has any placeholder at all.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::protocol::attachments::{MAX_ATTACHMENTS, placeholders};
use crate::protocol::event::Event;
use crate::{Error, Result};

/// Bytes in an event: they travel as they are, beside the JSON.
///
/// In what `emit` and [`Args`](super::Args) send, and in what a handler takes, anywhere in a value. In any other JSON it is
/// a text in Base64, also within `json!`, whose values are made before anything is sent. As the answer of a handler it is
/// the acknowledgement's one argument, and over HTTP the body. An event has at most 10 of them: clients accept no more.
///
/// ```no_run
/// use regatta::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Picture { name: String, pixels: Binary }
///
/// async fn draw_it(who: Requester, picture: Input<Picture>) -> Result<Binary> {
///     who.socket()?.broadcast().emit("drawn", &*picture).await?;
///     Ok(Binary(picture.into_inner().pixels.0))
/// }
///
/// fn draw(r: &mut Routes) {
///     r.on("draw", draw_it);
/// }
/// # draw(&mut Routes::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binary(pub Bytes);

/// The largest number that is the same in every language.
const SAFE: u64 = (1 << 53) - 1;

thread_local! {
    /// The attachments of the events that are handled, by their numbers.
    static HELD: RefCell<HashMap<u64, Bytes>> = RefCell::default();
    /// Whether what is written now is sent.
    static SENDING: Cell<bool> = const { Cell::new(false) };
    /// What it has of binary values so far, by their numbers.
    static WRITTEN: RefCell<Vec<(u64, Bytes)>> = RefCell::default();
}

/// Attachments by their numbers.
pub(super) type Numbered = Vec<(u64, Bytes)>;

/// The attachments of an event, while it is handled.
#[derive(Debug)]
pub(super) struct Held(Vec<u64>);

impl Drop for Held {
    fn drop(&mut self) {
        // At the end of the thread they are gone already.
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            for number in &self.0 {
                held.remove(number);
            }
        });
    }
}

/// Keeps the attachments of an event, and gives its arguments with the numbers in place of their own.
pub(super) fn hold(args: &[Box<RawValue>], attachments: Vec<Bytes>) -> Result<(Held, Vec<Box<RawValue>>)> {
    let first = random()?;
    let numbers: Vec<u64> = (0..attachments.len() as u64).map(|n| (first + n) & SAFE).collect();
    let place = |num: u64| numbers.get(usize::try_from(num).ok()?).copied();
    let args = args.iter().map(|arg| {
        let text = rewrite(arg.get(), |num| place(num).map(placeholder))?;
        Ok(RawValue::from_string(text)?)
    });
    let args = args.collect::<Result<_>>()?;
    HELD.with_borrow_mut(|held| held.extend(numbers.iter().copied().zip(attachments)));
    Ok((Held(numbers), args))
}

/// The arguments with their binary values as texts in Base64.
pub(super) fn as_texts(args: &[Box<RawValue>], attachments: &[Bytes]) -> Result<Vec<Box<RawValue>>> {
    let text = |num: u64| {
        let data = attachments.get(usize::try_from(num).ok()?)?;
        Some(format!("\"{}\"", STANDARD.encode(data)))
    };
    args.iter().map(|arg| Ok(RawValue::from_string(rewrite(arg.get(), text)?)?)).collect()
}

/// What `write` writes, to be sent: with numbered placeholders for binary values, and those.
pub(super) fn written<T>(write: impl FnOnce() -> Result<T>) -> Result<(T, Numbered)> {
    let sending = Sending(SENDING.replace(true));
    let text = write();
    drop(sending);
    let numbered = WRITTEN.take();
    Ok((text?, numbered))
}

/// What is written is sent, until it is dropped; also when writing panics.
struct Sending(bool);

impl Drop for Sending {
    fn drop(&mut self) {
        SENDING.set(self.0);
    }
}

/// What is sent: the JSON text of a list and its binary values, those that were written and those that are passed on.
///
/// # Errors
/// When there are more than clients accept.
pub(super) fn settle(json: String, written: &Numbered) -> Result<Event> {
    let may_have = !written.is_empty() || HELD.with_borrow(|held| !held.is_empty());
    if !may_have || !json.contains("\"_placeholder\"") {
        return Ok(json.into());
    }
    let mut attachments = Vec::new();
    let find = |num: u64| {
        let own = written.iter().find(|(number, _)| *number == num).map(|(_, data)| data.clone());
        own.or_else(|| HELD.with_borrow(|held| held.get(&num).cloned()))
    };
    let settled = rewrite(&json, |num| {
        attachments.push(find(num)?);
        Some(placeholder(attachments.len() as u64 - 1))
    })?;
    if attachments.is_empty() {
        // Only what looks like placeholders: it is data like any other.
        return Ok(json.into());
    }
    if attachments.len() > MAX_ATTACHMENTS {
        return Err(Error::internal(format!(
            "an event with {} binary values: clients accept {MAX_ATTACHMENTS} at most",
            attachments.len()
        )));
    }
    Ok(Event { json: settled.into(), attachments })
}

/// One binary value as the arguments of an acknowledgement.
pub(super) fn alone(data: Bytes) -> Event {
    Event { json: format!("[{}]", placeholder(0)).into(), attachments: vec![data] }
}

/// The text with something else in place of its placeholders; those for which there is nothing become `null`.
fn rewrite(json: &str, mut with: impl FnMut(u64) -> Option<String>) -> Result<String> {
    let found = placeholders::find(json).map_err(|error| Error::bad_request(error.to_string()))?;
    let (mut out, mut end) = (String::with_capacity(json.len()), 0);
    for placeholder in found {
        out.push_str(json.get(end..placeholder.range.start).unwrap_or_default());
        let instead = placeholder.num.and_then(&mut with);
        out.push_str(instead.as_deref().unwrap_or("null"));
        end = placeholder.range.end;
    }
    out.push_str(json.get(end..).unwrap_or_default());
    Ok(out)
}

fn placeholder(num: u64) -> String {
    format!("{{\"_placeholder\":true,\"num\":{num}}}")
}

fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(u64::from_le_bytes(bytes) & SAFE)
}

#[derive(Serialize)]
struct Written {
    _placeholder: bool,
    num: u64,
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !SENDING.get() {
            return serializer.serialize_str(&STANDARD.encode(&self.0));
        }
        let num = random().map_err(serde::ser::Error::custom)?;
        WRITTEN.with_borrow_mut(|written| written.push((num, self.0.clone())));
        Written { _placeholder: true, num }.serialize(serializer)
    }
}

/// The forms in which bytes come.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Base64(String),
    Placeholder {
        _placeholder: bool,
        num: u64,
    },
    /// As `JSON.stringify` of Node writes a `Buffer`.
    Buffer {
        data: Vec<u8>,
    },
    List(Vec<u8>),
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |_| serde::de::Error::custom("bytes, or a text in Base64, are expected");
        match Form::deserialize(deserializer).map_err(wrong)? {
            Form::Base64(text) => {
                STANDARD.decode(text).map(|data| Self(data.into())).map_err(serde::de::Error::custom)
            }
            Form::Placeholder { num, .. } => {
                let held = HELD.with_borrow(|held| held.get(&num).cloned());
                held.map(Self).ok_or_else(|| serde::de::Error::custom("there is no such attachment"))
            }
            Form::Buffer { data } | Form::List(data) => Ok(Self(data.into())),
        }
    }
}

impl From<Vec<u8>> for Binary {
    fn from(data: Vec<u8>) -> Self {
        Self(data.into())
    }
}

impl From<Bytes> for Binary {
    fn from(data: Bytes) -> Self {
        Self(data)
    }
}

impl Responder for Binary {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let kind = (header::CONTENT_TYPE, "application/octet-stream");
        let mut response = HttpResponse::Ok().insert_header(kind).body(self.0.clone());
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;
