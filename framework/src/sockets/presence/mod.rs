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

/// What an instance that died left in a room.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) room: String,
    pub(crate) who: Present,
}

/// The port to where presence is kept.
pub(crate) trait PresenceStore: Send + Sync + std::fmt::Debug {
    /// Adds `who` to the list of `room`.
    fn put<'a>(&'a self, room: &'a str, who: &'a Present) -> BoxFuture<'a, Result<()>>;
    /// Takes the socket out of the list of `room`.
    fn remove<'a>(&'a self, room: &'a str, id: &'a str) -> BoxFuture<'a, Result<()>>;
    /// Who is in the list of `room`, on all instances, sorted by id.
    fn list<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<Vec<Present>>>;
    /// Renews this instance's lease and takes out what dead instances left; each leftover is returned to
    /// exactly one instance.
    fn beat(&self) -> BoxFuture<'_, Result<Vec<Leftover>>>;
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
    sockets.presence_store().put(room, &who).await?;
    announce(sockets, room, &[who], &[]).await
}

pub(super) async fn leave(sockets: &Sockets, room: &str, who: Present) -> Result<()> {
    let removed = sockets.presence_store().remove(room, &who.id).await;
    announce(sockets, room, &[], &[who]).await?;
    removed
}

async fn announce(sockets: &Sockets, room: &str, joins: &[Present], leaves: &[Present]) -> Result<()> {
    Broadcast::new(sockets.clone()).to(room).emit("presence", &Announcement { room, joins, leaves }).await
}

/// Renews the lease for as long as the instance runs.
pub(super) async fn keep(sockets: Sockets) {
    let mut away = false;
    loop {
        match sockets.presence_store().beat().await {
            Ok(leftovers) => {
                away = false;
                for Leftover { room, who } in leftovers {
                    if let Err(error) = announce(&sockets, &room, &[], &[who]).await {
                        tracing::warn!(%error, room, "a departure could not be announced");
                    }
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
