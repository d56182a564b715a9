//! What a polling client understands, and an answer for it.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::frame::{self, Kind};
use crate::protocol::engine::Revision;
use crate::protocol::payload::{v3, v4};

/// How a polling client wants its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wire {
    /// Binary data as text, also for a client of revision 3; from the first request on that says so.
    pub(super) base64: bool,
}

/// What waited for a client.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) body: Bytes,
    /// Whether the body is more than text.
    pub(super) is_binary: bool,
    /// Told when the answer was written; dropped, its packets are sent again.
    pub(super) delivered: oneshot::Sender<()>,
}

impl Wire {
    /// The frames as the body of an answer, and whether that is binary.
    pub(super) fn encode(self, revision: Revision, frames: &VecDeque<Bytes>) -> (Bytes, bool) {
        let parts = frames.iter().filter_map(|frame| match frame::parts(frame) {
            (Kind::Text, data) => Some((false, data)),
            (Kind::Binary, data) => Some((true, data)),
            // A client that left itself is only to stop waiting.
            (Kind::Close, data) => Some((false, if data.len() <= 2 { &b"6"[..] } else { &b"1"[..] })),
            (Kind::Pong, _) => None,
        });
        match revision {
            Revision::V4 => (v4::encode(parts), false),
            Revision::V3 if !self.base64 && parts.clone().any(|(is_binary, _)| is_binary) => {
                (v3::encode_bytes(parts), true)
            }
            Revision::V3 => (v3::encode_text(parts), false),
        }
    }
}
