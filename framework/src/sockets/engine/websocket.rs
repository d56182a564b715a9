//! What arrives over a WebSocket.

use actix_ws::{AggregatedMessage, AggregatedMessageStream, MessageStream, ProtocolError};

use super::session::Inbound;
use crate::protocol::engine::Revision;
use crate::protocol::payload::v3;

/// The incoming half of a WebSocket.
pub(super) struct WebSocket {
    stream: AggregatedMessageStream,
    revision: Revision,
}

impl WebSocket {
    /// With messages of `limit` bytes at most.
    pub(super) fn new(stream: MessageStream, limit: usize, revision: Revision) -> Self {
        let stream = stream.max_frame_size(limit).aggregate_continuations().max_continuation_size(limit);
        Self { stream, revision }
    }

    /// The next message; nothing when the connection is gone.
    pub(super) async fn next(&mut self) -> Option<Inbound> {
        loop {
            return Some(match self.stream.recv().await? {
                Ok(AggregatedMessage::Text(text)) => Inbound::Text(text),
                Ok(AggregatedMessage::Binary(data)) => match self.revision {
                    Revision::V4 => Inbound::Binary(data),
                    // The type of a message stands before its data.
                    Revision::V3 if data.first() == Some(&v3::MESSAGE) => Inbound::Binary(data.slice(1..)),
                    Revision::V3 => Inbound::Broken,
                },
                Ok(AggregatedMessage::Ping(data)) => Inbound::Ping(data),
                Ok(AggregatedMessage::Pong(_)) => continue,
                Ok(AggregatedMessage::Close(reason)) => {
                    Inbound::Close(reason.map(|reason| reason.code.into()))
                }
                Err(error) if is_overflow(&error) => Inbound::TooBig,
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket broke");
                    Inbound::Broken
                }
            });
        }
    }
}

/// Whether a message was too large, of one frame or of several.
fn is_overflow(error: &ProtocolError) -> bool {
    match error {
        ProtocolError::Overflow => true,
        ProtocolError::Io(error) => error.kind() == std::io::ErrorKind::Other,
        _ => false,
    }
}
