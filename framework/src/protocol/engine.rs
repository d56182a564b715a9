//! Engine.IO packets as WebSocket text frames: one type character, then the data.
//! See the Engine.IO protocol, revision 4 (<https://socket.io/docs/v4/engine-io-protocol/>), and revision 3 of the
//! clients of Socket.IO 1 and 2, which turns the heartbeat round.

use serde::Serialize;
use thiserror::Error;

/// The revision a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revision {
    /// The client pings, and is in the default namespace from the start.
    V3,
    /// The server pings, and the client asks for its namespace.
    V4,
}

/// A packet of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine<'a> {
    Close,
    Ping(&'a str),
    Pong,
    Message(&'a str),
    Upgrade,
    Noop,
}

/// Text that is no packet a client may send.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("parse error")]
pub(crate) struct EngineError;

impl<'a> Engine<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, EngineError> {
        let kind = text.as_bytes().first().ok_or(EngineError)?;
        let data = text.get(1..).ok_or(EngineError)?;
        match kind {
            b'1' => Ok(Self::Close),
            b'2' => Ok(Self::Ping(data)),
            b'3' => Ok(Self::Pong),
            b'4' => Ok(Self::Message(data)),
            b'5' => Ok(Self::Upgrade),
            b'6' => Ok(Self::Noop),
            _ => Err(EngineError),
        }
    }
}

/// The handshake: the data of the packet of type `0` that opens a connection. Times are milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Open<'a> {
    pub(crate) sid: &'a str,
    pub(crate) upgrades: &'a [&'a str],
    pub(crate) ping_interval: u64,
    pub(crate) ping_timeout: u64,
    pub(crate) max_payload: usize,
}
