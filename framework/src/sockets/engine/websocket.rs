//! What arrives over a WebSocket. Between two messages it holds no buffer.

use std::future::poll_fn;
use std::pin::Pin;

use actix_codec::Decoder as _;
use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use actix_web::dev::Payload;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::Stream as _;
use tokio::task::coop::consume_budget;

use super::session::Inbound;
use crate::protocol::engine::Revision;
use crate::protocol::payload::v3;

/// The incoming half of a WebSocket.
pub(super) struct WebSocket {
    payload: Payload,
    codec: Codec,
    unread: BytesMut,
    /// A message of which not every fragment came yet.
    begun: Option<Fragments>,
    limit: usize,
    revision: Revision,
}

struct Fragments {
    is_text: bool,
    data: BytesMut,
}

impl WebSocket {
    /// With messages of `limit` bytes at most.
    pub(super) fn new(payload: Payload, limit: usize, revision: Revision) -> Self {
        let codec = Codec::new().max_size(limit);
        Self { payload, codec, unread: BytesMut::new(), begun: None, limit, revision }
    }

    /// The next message; nothing when the connection is gone. Nothing is lost when nobody waits for it any longer.
    pub(super) async fn next(&mut self) -> Option<Inbound> {
        loop {
            // Who sends much at once does not keep others waiting.
            consume_budget().await;
            match self.codec.decode(&mut self.unread) {
                Ok(Some(frame)) => {
                    if let Some(message) = self.take(frame) {
                        return Some(message);
                    }
                }
                Ok(None) => {
                    if !self.read().await? {
                        return Some(Inbound::Broken);
                    }
                }
                Err(error) => return Some(broken(&error)),
            }
        }
    }

    /// Waits for more; nothing at the end. Whether it could be read.
    async fn read(&mut self) -> Option<bool> {
        if self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
        match poll_fn(|cx| Pin::new(&mut self.payload).poll_next(cx)).await? {
            Ok(bytes) if self.unread.is_empty() => self.unread = bytes.into(),
            Ok(bytes) => self.unread.extend_from_slice(&bytes),
            Err(error) => {
                tracing::debug!(%error, "a WebSocket broke");
                return Some(false);
            }
        }
        Some(true)
    }

    /// What a frame says, if it says something by itself or completes a message.
    fn take(&mut self, frame: Frame) -> Option<Inbound> {
        match frame {
            Frame::Text(text) => Some(self.message(true, text)),
            Frame::Binary(data) => Some(self.message(false, data)),
            Frame::Ping(data) => Some(Inbound::Ping(data)),
            Frame::Pong(_) => None,
            Frame::Close(reason) => Some(Inbound::Close(reason.map(|reason| reason.code.into()))),
            Frame::Continuation(Item::FirstText(first)) => self.begin(true, &first),
            Frame::Continuation(Item::FirstBinary(first)) => self.begin(false, &first),
            Frame::Continuation(Item::Continue(next)) => self.go_on(&next),
            Frame::Continuation(Item::Last(last)) => self.go_on(&last).or_else(|| {
                let Fragments { is_text, data } = self.begun.take()?;
                Some(self.message(is_text, data.freeze()))
            }),
        }
    }

    fn begin(&mut self, is_text: bool, first: &[u8]) -> Option<Inbound> {
        self.begun = Some(Fragments { is_text, data: first.into() });
        None
    }

    /// Something only when it is too much.
    fn go_on(&mut self, next: &[u8]) -> Option<Inbound> {
        let begun = self.begun.as_mut()?;
        if begun.data.len() + next.len() > self.limit {
            self.begun = None;
            return Some(Inbound::TooBig);
        }
        begun.data.extend_from_slice(next);
        None
    }

    fn message(&self, is_text: bool, data: Bytes) -> Inbound {
        match self.revision {
            _ if is_text => ByteString::try_from(data).map_or(Inbound::Broken, Inbound::Text),
            Revision::V4 => Inbound::Binary(data),
            // The type of a message stands before its data.
            Revision::V3 if data.first() == Some(&v3::MESSAGE) => Inbound::Binary(data.slice(1..)),
            Revision::V3 => Inbound::Broken,
        }
    }
}

fn broken(error: &ProtocolError) -> Inbound {
    tracing::debug!(%error, "a WebSocket broke");
    match error {
        ProtocolError::Overflow => Inbound::TooBig,
        _ => Inbound::Broken,
    }
}
