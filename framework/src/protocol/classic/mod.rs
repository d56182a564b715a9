//! The messages of `@socket.io/redis-adapter`'s classic mode, which every version since 6 understands.
//!
//! Broadcasts are MessagePack arrays `[uid, packet, opts]`, requests JSON objects (MessagePack is accepted).
//! Names of channels start with the app's key, `socket.io` unless changed.

mod broadcast;
mod number;
mod question;
mod reply;
mod request;

use super::msgpack::{self, Reader, Token};

pub(crate) use broadcast::{Broadcast, broadcast};
pub(crate) use number::{Sender, numbered, sender};
pub(crate) use question::{Asked, Question};
pub(crate) use reply::Reply;
pub(crate) use request::{Action, Request};

/// Why a message can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it is not a message of the classic adapter")]
    Malformed,
    #[error("its type is not known here")]
    Unknown,
}

/// The channel of a broadcast: one of its own for exactly one room, so that instances without it need not read.
pub(crate) fn channel(key: &str, namespace: &str, rooms: &[String]) -> String {
    match rooms {
        [room] => format!("{key}#{namespace}#{room}#"),
        _ => format!("{key}#{namespace}#"),
    }
}

/// The pattern of every broadcast channel of `namespace`.
pub(crate) fn pattern(key: &str, namespace: &str) -> String {
    glob(&format!("{key}#{namespace}#"))
}

/// The pattern of every channel whose name begins with `start`.
pub(crate) fn glob(start: &str) -> String {
    let mut pattern = String::with_capacity(start.len() + 1);
    for c in start.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('*');
    pattern
}

/// The channel of requests to every instance.
pub(crate) fn request_channel(key: &str, namespace: &str) -> String {
    format!("{key}-request#{namespace}#")
}

/// The channel of the answers to requests.
pub(crate) fn response_channel(key: &str, namespace: &str) -> String {
    format!("{key}-response#{namespace}#")
}

/// The channel of the answers for one instance alone, which some servers use.
pub(crate) fn own_response_channel(key: &str, namespace: &str, uid: &str) -> String {
    format!("{key}-response#{namespace}#{uid}#")
}

/// The channel every Regatta instance subscribes to, and nobody else, so that they can be counted.
pub(crate) fn fellows_channel(key: &str) -> String {
    format!("{key}-regatta#")
}

/// The channel on which one instance hears how much the others have published.
pub(crate) fn totals_channel(key: &str, uid: &str) -> String {
    format!("{key}-published#{uid}#")
}

/// A message as JSON, however it was written.
fn as_json(payload: &[u8]) -> Result<serde_json::Value, Unusable> {
    if payload.first() == Some(&b'{') {
        return serde_json::from_slice(payload).map_err(|_| Unusable::Malformed);
    }
    let message = Reader::whole(payload).ok_or(Unusable::Malformed)?;
    let mut json = Vec::with_capacity(payload.len());
    msgpack::to_json(message, &mut json).ok_or(Unusable::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Unusable::Malformed)
}

/// Room names; a room that Node code named by a number has the name that number has as text.
fn names(mut list: Reader<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..list.list().unwrap_or_default() {
        let mut name = list;
        match name.next() {
            Some(Token::Text(text)) => names.extend(std::str::from_utf8(text).map(str::to_owned)),
            Some(Token::Unsigned(whole)) => names.push(whole.to_string()),
            Some(Token::Signed(whole)) => names.push(whole.to_string()),
            Some(Token::Float(float)) => names.push(float.to_string()),
            _ => {}
        }
        if list.skip().is_none() {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests;
