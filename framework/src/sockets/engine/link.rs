//! One connection, as those see it who send something over it or end it.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::frame;
use super::outbox::Outbox;
use crate::protocol::engine::Revision;
use crate::sockets::Handshake;

/// A connection. Handles are cheap to clone and stay on their worker's thread.
#[derive(Clone)]
pub(in crate::sockets) struct Link(Rc<Inner>);

struct Inner {
    id: String,
    key: u64,
    revision: Revision,
    handshake: Handshake,
    outbox: Outbox,
    /// Wakes the connection's task when it was ended from elsewhere.
    ended: Notify,
    reason: Cell<Option<&'static str>>,
}

impl Link {
    pub(super) fn new(
        id: String,
        key: u64,
        revision: Revision,
        handshake: Handshake,
        outbox: Outbox,
    ) -> Self {
        let (ended, reason) = (Notify::new(), Cell::new(None));
        Self(Rc::new(Inner { id, key, revision, handshake, outbox, ended, reason }))
    }

    /// The id of the connection, which only its client knows.
    pub(in crate::sockets) fn id(&self) -> &str {
        &self.0.id
    }

    /// Tells it from the other connections of its worker.
    pub(in crate::sockets) fn key(&self) -> u64 {
        self.0.key
    }

    pub(in crate::sockets) fn revision(&self) -> Revision {
        self.0.revision
    }

    pub(in crate::sockets) fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    pub(in crate::sockets) fn send_text(&self, message: &str) {
        self.send(frame::text(message), false);
    }

    /// Queues a frame; a client whose queue is full is disconnected.
    pub(in crate::sockets) fn send(&self, frame: Bytes, volatile: bool) {
        if volatile && !self.0.outbox.is_writable() {
            return;
        }
        if self.0.outbox.push(frame).is_err() {
            tracing::warn!(connection = self.key(), "slow consumer: disconnected, its queue is full");
            self.close(frame::POLICY, "slow consumer", true);
        }
    }

    /// The instance stops: the client comes back by itself, to another one.
    pub(in crate::sockets) fn go_elsewhere(&self) {
        self.close(frame::GOING_AWAY, "instance stops", false);
    }

    /// Ends the connection after what is queued, or at once with `discard`.
    pub(in crate::sockets) fn close(&self, code: u16, reason: &'static str, discard: bool) {
        if self.0.reason.get().is_none() && !reason.is_empty() {
            self.0.reason.set(Some(reason));
        }
        self.0.outbox.close(frame::close(code, reason), discard);
        self.0.ended.notify_one();
    }

    /// Resolves when the connection was ended from elsewhere.
    pub(super) async fn ended(&self) {
        self.0.ended.notified().await;
    }

    /// Why it was ended, if it was.
    pub(in crate::sockets) fn reason(&self) -> Option<&'static str> {
        self.0.reason.get()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("key", &self.0.key).finish_non_exhaustive()
    }
}
