//! Who is present in a room, over all instances.
//!
//! A socket is present from [`Socket::track`](super::Socket::track) until it leaves the room or is gone.
//! Each instance renews a lease; what an instance left behind when it died is taken out by the others and
//! announced as leaving.

pub(crate) mod memory;
pub(crate) mod redis;

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Broadcast, Sockets};
use crate::Result;

/// Time between two renewals of the lease.
const BEAT: Duration = Duration::from_secs(2);

/// A socket in a presence list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Present {
    /// The socket's id.
    pub id: String,
    /// What it said about itself.
    pub meta: Value,
}

/// A line of a presence list.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) room: String,
    pub(crate) who: Present,
}

/// What a renewal of the lease found.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Entries of dead instances that were taken out; each is given to exactly one instance.
    pub(crate) left: Vec<Entry>,
    /// Own entries that were put back, after this instance was taken for dead or the store came back empty.
    pub(crate) back: Vec<Entry>,
}

/// The port to where presence is kept.
pub(crate) trait PresenceStore: Send + Sync + std::fmt::Debug {
    /// Adds `who` to the list of `room`.
    fn put<'a>(&'a self, room: &'a str, who: &'a Present) -> BoxFuture<'a, Result<()>>;
    /// Takes the socket out of the list of `room`.
    fn remove<'a>(&'a self, room: &'a str, id: &'a str) -> BoxFuture<'a, Result<()>>;
    /// Who is in the list of `room`, on all instances, sorted by id.
    fn list<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<Vec<Present>>>;
    /// Renews this instance's lease and takes out what dead instances left.
    fn beat(&self) -> BoxFuture<'_, Result<Beat>>;
    /// Takes everything of this instance out, when it stops.
    fn clear(&self) -> BoxFuture<'_, Result<()>>;
}

#[derive(Serialize)]
struct Announcement<'a> {
    room: &'a str,
    joins: &'a [Present],
    leaves: &'a [Present],
}

pub(super) async fn join(sockets: &Sockets, room: &str, who: Present) -> Result<()> {
    sockets.presence_store().put(&key(sockets, room), &who).await?;
    announce(sockets, room, &[who], &[]).await
}

pub(super) async fn leave(sockets: &Sockets, room: &str, who: Present) -> Result<()> {
    let removed = sockets.presence_store().remove(&key(sockets, room), &who.id).await;
    announce(sockets, room, &[], &[who]).await?;
    removed
}

/// The name under which the list of `room` is kept: the room's own, and in other namespaces than `/` theirs before it.
pub(super) fn key(sockets: &Sockets, room: &str) -> String {
    if sockets.namespace() == "/" && !room.starts_with('/') {
        return room.to_owned();
    }
    format!("{}#{room}", sockets.namespace())
}

/// The sockets and the room of a list; no name of a namespace has a `#` in it.
fn place<'k>(sockets: &Sockets, key: &'k str) -> (Sockets, &'k str) {
    match key.split_once('#').filter(|_| key.starts_with('/')) {
        Some((namespace, room)) => (sockets.of(namespace), room),
        None => (sockets.clone(), key),
    }
}

async fn announce(sockets: &Sockets, room: &str, joins: &[Present], leaves: &[Present]) -> Result<()> {
    Broadcast::new(sockets.clone()).to(room).emit("presence", &Announcement { room, joins, leaves }).await
}

/// Renews the lease for as long as the instance runs.
pub(super) async fn keep(sockets: Sockets) {
    let mut away = false;
    loop {
        match sockets.presence_store().beat().await {
            Ok(Beat { left, back }) => {
                away = false;
                for Entry { room, who } in left {
                    let (sockets, room) = place(&sockets, &room);
                    tell(announce(&sockets, room, &[], &[who]).await);
                }
                for Entry { room, who } in back {
                    let (sockets, room) = place(&sockets, &room);
                    tell(announce(&sockets, room, &[who], &[]).await);
                }
            }
            Err(error) if !away => {
                away = true;
                tracing::warn!(%error, "presence is not kept while its store is away");
            }
            Err(_) => {}
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn tell(announced: Result<()>) {
    if let Err(error) = announced {
        tracing::warn!(%error, "a change of presence could not be announced");
    }
}
