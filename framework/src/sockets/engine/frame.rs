//! WebSocket frames as a server sends them: unmasked, unfragmented. See RFC 6455, section 5.2.

use bytes::{BufMut, Bytes, BytesMut};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8a;

/// The type of an Engine.IO message, where it stands before binary data.
const MESSAGE: u8 = 4;

/// The instance goes away; the client may come back at once (RFC 6455, section 7.4.1).
pub(in crate::sockets) const GOING_AWAY: u16 = 1001;
/// The client broke the protocol.
pub(in crate::sockets) const PROTOCOL_ERROR: u16 = 1002;
/// The client is too slow for what is sent to it.
pub(in crate::sockets) const POLICY: u16 = 1008;
/// A message was larger than the server accepts.
pub(in crate::sockets) const TOO_BIG: u16 = 1009;
/// An ordinary end.
pub(in crate::sockets) const NORMAL: u16 = 1000;

/// A text message, ready for the wire.
pub(in crate::sockets) fn text(payload: &str) -> Bytes {
    frame(TEXT, payload.as_bytes())
}

/// A binary message, ready for the wire.
pub(in crate::sockets) fn binary(payload: &[u8]) -> Bytes {
    frame(BINARY, payload)
}

/// What kind of frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
    Close,
    Pong,
}

/// The kind and the payload of a frame made here.
pub(super) fn parts(frame: &Bytes) -> (Kind, &[u8]) {
    let [first, second, ..] = **frame else { return (Kind::Pong, &[]) };
    let head = match second {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let kind = match first {
        TEXT => Kind::Text,
        BINARY => Kind::Binary,
        CLOSE => Kind::Close,
        _ => Kind::Pong,
    };
    (kind, frame.get(head..).unwrap_or_default())
}

/// The frame as a client of revision 3 has it over a WebSocket: binary data begins with the type of a message.
pub(super) fn of_revision_3(frame: Bytes) -> Bytes {
    match parts(&frame) {
        (Kind::Binary, data) => binary(&[&[MESSAGE], data].concat()),
        _ => frame,
    }
}

pub(in crate::sockets) fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

pub(in crate::sockets) fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + reason.len());
    payload.put_u16(code);
    payload.put_slice(reason.as_bytes());
    frame(CLOSE, &payload)
}

fn frame(first: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 10);
    out.put_u8(first);
    match payload.len() {
        length @ 0..=125 => out.put_u8(length as u8),
        length @ 126..=0xffff => {
            out.put_u8(126);
            out.put_u16(length as u16);
        }
        length => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
    out.put_slice(payload);
    out.freeze()
}
