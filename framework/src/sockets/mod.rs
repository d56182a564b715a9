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

mod anywhere;
mod args;
mod binary;
mod broadcast;
mod calls;
mod changes;
mod client;
mod company;
mod data;
mod emit;
mod endings;
mod engine;
mod farewells;
mod figures;
mod fleet;
mod frames;
mod grant;
mod handshake;
mod hub;
mod presence;
mod pubsub;
mod registry;
mod requester;
mod sails;
mod servers;
mod socket;
mod virtual_request;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use serde_json::json;

pub use anywhere::AnySocket;
pub use args::{Args, Payload};
pub use binary::Binary;
pub use broadcast::Broadcast;
pub use calls::{Disconnect, EventName};
pub(crate) use engine::{Endpoint, endpoint, serve_client};
pub use fleet::{Fleet, RemoteSocket};
pub(crate) use grant::{COOKIE_PATH, grant_cookie};
pub use handshake::Handshake;
pub(crate) use presence::PresenceStore;
pub use presence::Present;
pub(crate) use presence::{
    memory::MemoryPresence,
    redis::{RedisPresence, running},
};
pub use requester::Requester;
pub use socket::Socket;
pub(crate) use virtual_request::{Dispatch, Dispatcher};
pub(crate) use workers::Worker;

use crate::Result;
use crate::bus::{self, Bus};
use crate::config::SocketsConfig;
use crate::health::Check;
use crate::redis::Redis;
use crate::routes::{Call, Namespaces};
use crate::sessions::Sessions;
use engine::id::Ids;
use engine::{Handover, Peers};
use figures::Figures;
use workers::Workers;

/// The event that tells the sockets of an instance that events of other instances never reached it: `{ count }`,
/// or null where a server that does not count may have sent some.
const MISSED: &str = "regatta:missed";

/// The app's sockets, on every instance.
///
/// An extractor, and a handle to keep: cloning is cheap, and it may be used from any thread.
#[derive(Debug, Clone)]
pub struct Sockets {
    shared: Arc<Shared>,
    /// Of which namespace.
    namespace: Arc<str>,
}

#[derive(Debug)]
struct Shared {
    namespaces: Namespaces,
    workers: Workers,
    bus: Arc<dyn Bus>,
    presence: Arc<dyn PresenceStore>,
    handover: Arc<Handover>,
    sessions: Sessions,
    figures: Arc<Figures>,
}

/// What sockets need of the services an app uses.
#[derive(Debug)]
pub(crate) struct Services<'a> {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) presence: Arc<dyn PresenceStore>,
    /// Where the instances of a fleet find each other.
    pub(crate) redis: Option<&'a Redis>,
    /// What the ids of connections are signed with.
    pub(crate) secrets: &'a [String],
    /// Whose cookies say to which session a socket belongs.
    pub(crate) sessions: Sessions,
}

impl Sockets {
    /// # Errors
    /// When the system has no random bytes.
    pub(crate) fn new(
        config: &SocketsConfig,
        namespaces: Namespaces,
        services: Services<'_>,
    ) -> Result<Self> {
        let Services { bus, presence, redis, secrets, sessions } = services;
        let peers = redis.map(|redis| Peers::new(redis, &config.key, config.relay, secrets)).transpose()?;
        let handover = Handover::new(Ids::new(secrets), peers, config.upgrade_timeout.get())?;
        let (workers, handover) = (Workers::default(), Arc::new(handover));
        let figures = Arc::new(Figures::new(namespaces.patterns().count()));
        let shared = Shared { namespaces, workers, bus, presence, handover, sessions, figures };
        Ok(Self { shared: Arc::new(shared), namespace: Arc::from("/") })
    }

    /// From now on other instances may pass requests on to this one.
    ///
    /// # Errors
    /// When there is no address to listen on.
    pub(crate) async fn listen(&self) -> Result<()> {
        match self.shared.handover.peers() {
            Some(peers) => peers.start(&self.shared.handover).await,
            None => Ok(()),
        }
    }

    /// No other instance passes anything on any longer.
    pub(crate) async fn end(&self) {
        if let Some(peers) = self.shared.handover.peers() {
            peers.end().await;
        }
    }

    /// The sockets of another namespace; an extracted `Sockets` is of `/`.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # async fn example(sockets: Sockets) -> Result<()> {
    /// sockets.of("/admin").to("reports").emit("report", &json!({ "visitors": 7 })).await?;
    /// # Ok(()) }
    /// ```
    pub fn of(&self, namespace: &str) -> Self {
        if *self.namespace == *namespace {
            return self.clone();
        }
        Self { shared: self.shared.clone(), namespace: Arc::from(namespace) }
    }

    /// The namespace whose sockets these are.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// A broadcast to every socket in `room`.
    pub fn to(&self, room: impl Into<String>) -> Broadcast {
        Broadcast::new(self.clone()).to(room)
    }

    /// The same in Socket.IO's word `in`.
    pub fn in_room(&self, room: impl Into<String>) -> Broadcast {
        self.to(room)
    }

    /// A broadcast to every socket of the namespace.
    pub fn all(&self) -> Broadcast {
        Broadcast::new(self.clone())
    }

    /// Emits an event to every socket of the namespace.
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub async fn blast(&self, event: &str, data: impl Payload) -> Result<()> {
        self.all().emit(event, data).await
    }

    /// Who is present in `room`, on all instances: the sockets that called [`Socket::track`].
    ///
    /// # Errors
    /// 503 when the shared store does not answer.
    pub async fn presence(&self, room: &str) -> Result<Vec<Present>> {
        self.shared.presence.list(&presence::key(self, room)).await
    }

    /// Returns when what other instances publish arrives here, or `patience` is over: Redis may be away.
    pub(crate) async fn subscribed(&self, patience: Duration) {
        if tokio::time::timeout(patience, self.shared.bus.subscribed()).await.is_err() {
            tracing::warn!("other instances are not heard yet: their events arrive once Redis is back");
        }
    }

    /// Returns when everything published here is with the other instances, or `patience` is over: then false.
    pub(crate) async fn flush(&self, patience: Duration) -> bool {
        let flushed = tokio::time::timeout(patience, self.shared.bus.flushed()).await.is_ok();
        let stats = self.shared.bus.stats();
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
        flushed
    }

    /// What `doctor` asks the bus.
    pub(crate) fn check(&self) -> Option<Check> {
        self.shared.bus.check()
    }

    /// Hands what other instances sent to this instance's workers; ends when the bus does.
    pub(crate) async fn relay(self, mut incoming: tokio::sync::mpsc::Receiver<bus::Message>) {
        while let Some(message) = incoming.recv().await {
            match message {
                bus::Message::Question { namespace, id, question } => match endings::told(&question) {
                    Some(keys) => self.close_sessions(keys, false).await,
                    None => drop(tokio::spawn(self.of(&namespace).answer(id, question))),
                },
                bus::Message::Missed { count } => {
                    let args = json!([MISSED, { "count": count }]).to_string();
                    self.shared.workers.tell_all(args.into()).await;
                }
                message => self.shared.workers.receive(message).await,
            }
        }
    }

    /// Keeps this instance's presence alive and announces what instances that died left behind.
    pub(crate) async fn keep_presence(self) {
        presence::keep(self).await;
    }

    fn handover(&self) -> &Arc<Handover> {
        &self.shared.handover
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.shared.workers
    }

    pub(crate) fn presence_store(&self) -> &Arc<dyn PresenceStore> {
        &self.shared.presence
    }

    fn shared_namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    fn namespaces(&self) -> &Namespaces {
        &self.shared.namespaces
    }

    fn figures(&self) -> &Arc<Figures> {
        &self.shared.figures
    }

    /// Whether the app does something in this namespace at such a call.
    fn takes(&self, call: &Call) -> bool {
        self.shared.namespaces.find(&self.namespace).is_some_and(|declared| declared.takes(call))
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    fn bus(&self) -> &dyn Bus {
        &*self.shared.bus
    }

    /// Tells every socket of this instance to go elsewhere, so many in a second, and waits until they are gone or `deadline`
    /// passed.
    pub(crate) fn drain(&self, per_second: usize, deadline: Duration) -> LocalBoxFuture<'static, ()> {
        let sockets = self.clone();
        Box::pin(async move { sockets.shared.workers.drain(per_second, deadline).await })
    }
}

#[cfg(test)]
mod tests;
