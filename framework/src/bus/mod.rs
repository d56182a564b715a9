//! How instances tell each other what their sockets shall get or do.
//!
//! Delivering to the own sockets is not the bus's business: whoever publishes has done that already. A message
//! reaches every other instance at most once; the messages of one instance arrive in their order. An instance
//! that was cut off is told how many it missed.

mod answers;
mod figures;
mod memory;
mod outbox;
mod redis;

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

pub(crate) use answers::Answers;

use crate::Result;
use crate::config::SocketsConfig;
use crate::health::Check;
use crate::metrics::Page;
pub(crate) use crate::protocol::classic::{Question, Reply};
use crate::protocol::event::Event;
use crate::redis::Redis;

/// What instances tell each other about the sockets that `rooms` (empty: all) and `except` select.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Message {
    /// An event for them.
    Broadcast {
        namespace: String,
        /// `["event", argument, …]`.
        data: Event,
        rooms: Vec<String>,
        except: Vec<String>,
        /// Not for clients that are still busy with what was sent before.
        volatile: bool,
    },
    /// They shall join `targets`.
    Join { namespace: String, rooms: Vec<String>, except: Vec<String>, targets: Vec<String> },
    /// They shall leave `targets`.
    Leave { namespace: String, rooms: Vec<String>, except: Vec<String>, targets: Vec<String> },
    /// They shall leave every room but their own.
    LeaveAll { namespace: String, rooms: Vec<String>, except: Vec<String> },
    /// They shall leave the namespace, with `close` the whole connection.
    Disconnect { namespace: String, rooms: Vec<String>, except: Vec<String>, close: bool },
    /// A question to the instances themselves; without an id nobody waits for an answer.
    Question { namespace: String, id: Option<String>, question: Question },
    /// An answer to the question `id`.
    Reply { namespace: String, id: String, reply: Reply },
    /// So many messages of other instances never arrived here; without a number, at least one that can't say
    /// may have sent some. Comes from the bus itself and is never published.
    Missed { count: Option<u64> },
    /// From this instance to itself, to see whether messages still get through.
    Probe { number: u64 },
}

impl Message {
    /// The namespace it is about; none of its own when it comes from the bus itself.
    fn namespace(&self) -> &str {
        match self {
            Self::Broadcast { namespace, .. }
            | Self::Join { namespace, .. }
            | Self::Leave { namespace, .. }
            | Self::LeaveAll { namespace, .. }
            | Self::Disconnect { namespace, .. }
            | Self::Question { namespace, .. }
            | Self::Reply { namespace, .. } => namespace,
            Self::Missed { .. } | Self::Probe { .. } => "",
        }
    }

    /// Whether who hears it can tell that it came, by its number. Answers have an addressee who waits for them.
    fn is_numbered(&self) -> bool {
        !matches!(self, Self::Reply { .. } | Self::Missed { .. } | Self::Probe { .. })
    }

    /// About how much memory it takes, in bytes.
    fn weight(&self) -> usize {
        let (data, names): (usize, [&[String]; 3]) = match self {
            Self::Broadcast { data, rooms, except, .. } => (data.len(), [rooms, except, &[]]),
            Self::Join { rooms, except, targets, .. } | Self::Leave { rooms, except, targets, .. } => {
                (0, [rooms, except, targets])
            }
            Self::LeaveAll { rooms, except, .. } | Self::Disconnect { rooms, except, .. } => {
                (0, [rooms, except, &[]])
            }
            Self::Question { question: Question::Emit { args }, .. } => (args.len(), [&[], &[], &[]]),
            Self::Question { question: Question::Broadcast { data, rooms, except, .. }, .. } => {
                (data.len(), [rooms, except, &[]])
            }
            Self::Question { .. } | Self::Reply { .. } => (REPLY_WEIGHT, [&[], &[], &[]]),
            Self::Missed { .. } | Self::Probe { .. } => (0, [&[], &[], &[]]),
        };
        let names = names.into_iter().flatten().map(|name| size_of::<String>() + name.len());
        size_of::<Self>() + data + names.sum::<usize>()
    }
}

/// The namespaces in which other instances are heard.
#[derive(Debug, Clone)]
pub(crate) struct Interests {
    /// By their names.
    pub(crate) names: Vec<String>,
    /// By how their names begin.
    pub(crate) starts: Vec<String>,
}

/// What a question or an answer takes, more or less.
const REPLY_WEIGHT: usize = 1_024;

/// The port to the other instances. What they publish comes out of the channel given when it was connected.
pub(crate) trait Bus: Debug + Send + Sync {
    /// Hands a message over for every other instance; never waits.
    fn publish(&self, message: Message);

    /// Asks every other instance in `namespace`; their answers come as they come.
    ///
    /// # Errors
    /// 503 when the other instances can't be reached.
    fn ask<'a>(&'a self, namespace: &'a str, question: Question) -> BoxFuture<'a, Result<Answers>>;

    /// What went through so far.
    fn stats(&self) -> &BusStats;

    /// Writes what went through so far.
    fn report(&self, page: &mut Page);

    /// Returns when what others publish from now on arrives here.
    fn subscribed(&self) -> BoxFuture<'_, ()>;

    /// Returns when nothing published here waits any longer.
    fn flushed(&self) -> BoxFuture<'_, ()>;

    /// What `doctor` asks, where there is something to ask.
    fn check(&self) -> Option<Check>;
}

/// Counters of a bus, from its start.
#[derive(Debug, Default)]
pub(crate) struct BusStats {
    /// Messages handed over for other instances.
    pub(crate) published: AtomicU64,
    /// Messages of other instances.
    pub(crate) received: AtomicU64,
    /// Messages that had to go because too many waited, in either direction.
    pub(crate) dropped: AtomicU64,
    /// Messages that could not be understood.
    pub(crate) ignored: AtomicU64,
    /// Messages of other instances that never arrived, as far as they could be counted.
    pub(crate) missed: AtomicU64,
    /// Messages that had arrived already.
    pub(crate) repeated: AtomicU64,
    /// Times the subscription was lost and held again.
    pub(crate) reconnects: AtomicU64,
}

fn count(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// The bus of an app that is one instance: there is nobody to tell.
pub(crate) fn memory(incoming: mpsc::Sender<Message>) -> Arc<dyn Bus> {
    Arc::new(memory::MemoryBus::new(incoming))
}

/// The bus over Redis pub/sub, which instances, Node servers and emitters with the same key share.
///
/// # Errors
/// When the system has no random bytes for the instance's name on the bus.
pub(crate) fn redis(
    redis: &Redis,
    config: &SocketsConfig,
    interests: &Interests,
    incoming: mpsc::Sender<Message>,
) -> Result<Arc<dyn Bus>> {
    Ok(Arc::new(self::redis::RedisBus::connect(redis, config, interests, incoming)?))
}

#[cfg(test)]
mod conformance;
