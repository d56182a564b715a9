//! Sockets: rooms that span every instance, virtual requests, presence.
//!
//! ```no_run
//! use regatta::prelude::*;
//!
//! async fn wave(sockets: Sockets, who: Requester) -> Result<&'static str> {
//!     let socket = who.socket()?;
//!     socket.join("lobby").await?;
//!     sockets.to("lobby").except(socket.id()).emit("wave", &"hello").await?;
//!     Ok("waved")
//! }
//! ```
//!
//! Each worker owns its connections and the rooms they are in: no lock is shared. A broadcast is encoded
//! once, handed to every worker of this instance over its channel and to the other instances with one
//! publish on the bus. Local delivery never waits for Redis.

mod broadcast;
mod changes;
mod connection;
mod endpoint;
mod fleet;
mod frame;
mod hub;
mod id;
mod outbox;
mod presence;
mod pubsub;
mod requester;
mod socket;
mod virtual_request;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::json;

pub use broadcast::Broadcast;
pub(crate) use endpoint::{Endpoint, endpoint, serve_client};
pub use fleet::{Fleet, RemoteSocket};
pub(crate) use presence::PresenceStore;
pub use presence::Present;
pub(crate) use presence::{memory::MemoryPresence, redis::RedisPresence};
pub use requester::Requester;
pub use socket::{Handshake, Socket};
pub(crate) use virtual_request::Dispatcher;
pub(crate) use workers::Worker;

use crate::Result;
use crate::bus::{self, Bus};
use crate::health::Check;
use workers::Workers;

/// The event that tells the sockets of an instance that events of other instances never reached it: `{ count }`,
/// or null where a server that does not count may have sent some.
const MISSED: &str = "regatta:missed";

/// The app's sockets, on every instance.
///
/// An extractor, and a handle to keep: cloning is cheap, and it may be used from any thread.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    workers: Workers,
    bus: Arc<dyn Bus>,
    presence: Arc<dyn PresenceStore>,
}

impl Sockets {
    pub(crate) fn new(bus: Arc<dyn Bus>, presence: Arc<dyn PresenceStore>) -> Self {
        Self(Arc::new(Shared { workers: Workers::default(), bus, presence }))
    }

    /// A broadcast to every socket in `room`.
    pub fn to(&self, room: impl Into<String>) -> Broadcast {
        Broadcast::new(self.clone()).to(room)
    }

    /// Emits an event to every socket of the app.
    ///
    /// # Errors
    /// When `data` can't be written as JSON.
    pub async fn blast(&self, event: &str, data: &impl Serialize) -> Result<()> {
        Broadcast::new(self.clone()).emit(event, data).await
    }

    /// Who is present in `room`, on all instances: the sockets that called [`Socket::track`].
    ///
    /// # Errors
    /// 503 when the shared store does not answer.
    pub async fn presence(&self, room: &str) -> Result<Vec<Present>> {
        self.0.presence.list(room).await
    }

    /// Returns when what other instances publish arrives here, or `patience` is over: Redis may be away.
    pub(crate) async fn subscribed(&self, patience: Duration) {
        if tokio::time::timeout(patience, self.0.bus.subscribed()).await.is_err() {
            tracing::warn!("other instances are not heard yet: their events arrive once Redis is back");
        }
    }

    /// Returns when everything published here is with the other instances, or `patience` is over.
    pub(crate) async fn flush(&self, patience: Duration) {
        let flushed = tokio::time::timeout(patience, self.0.bus.flushed()).await.is_ok();
        let stats = self.0.bus.stats();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        tracing::debug!(
            flushed,
            published = count(&stats.published),
            received = count(&stats.received),
            dropped = count(&stats.dropped),
            ignored = count(&stats.ignored),
            missed = count(&stats.missed),
            repeated = count(&stats.repeated),
            reconnects = count(&stats.reconnects),
            "the bus ends"
        );
    }

    /// What `doctor` asks the bus.
    pub(crate) fn check(&self) -> Option<Check> {
        self.0.bus.check()
    }

    /// Hands what other instances sent to this instance's workers; ends when the bus does.
    pub(crate) async fn relay(self, mut incoming: tokio::sync::mpsc::Receiver<bus::Message>) {
        while let Some(message) = incoming.recv().await {
            match message {
                bus::Message::Question { id, question, .. } => {
                    tokio::spawn(self.clone().answer(id, question));
                }
                bus::Message::Missed { count } => {
                    let told = Broadcast::new(self.clone()).local();
                    if let Err(error) = told.emit(MISSED, &json!({ "count": count })).await {
                        tracing::error!(%error, "what was missed could not be told");
                    }
                }
                message => self.0.workers.receive(message).await,
            }
        }
    }

    /// Keeps this instance's presence alive and announces what instances that died left behind.
    pub(crate) async fn keep_presence(self) {
        presence::keep(self).await;
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.0.workers
    }

    pub(crate) fn presence_store(&self) -> &Arc<dyn PresenceStore> {
        &self.0.presence
    }

    fn bus(&self) -> &dyn Bus {
        &*self.0.bus
    }

    /// Tells every socket of this instance to go elsewhere, and waits until they are gone or `deadline` passed.
    pub(crate) fn drain(&self, deadline: Duration) -> LocalBoxFuture<'static, ()> {
        let sockets = self.clone();
        Box::pin(async move { sockets.0.workers.drain(deadline).await })
    }
}

#[cfg(test)]
mod tests;
