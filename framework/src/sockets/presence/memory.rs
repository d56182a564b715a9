//! Presence of a single instance, in its memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use super::{Beat, PresenceStore, Present};
use crate::Result;

type Rooms = HashMap<String, BTreeMap<String, Value>>;

/// Presence lists by room.
#[derive(Debug, Default)]
pub(crate) struct MemoryPresence(Mutex<Rooms>);

impl MemoryPresence {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is kept, for a store that must put it back.
    pub(super) fn all(&self) -> Vec<(String, Present)> {
        let rooms = self.rooms();
        let entries = rooms.iter().flat_map(|(room, list)| {
            list.iter().map(|(id, meta)| (room.clone(), Present { id: id.clone(), meta: meta.clone() }))
        });
        entries.collect()
    }

    pub(super) fn insert(&self, room: &str, who: &Present) {
        self.rooms().entry(room.to_owned()).or_default().insert(who.id.clone(), who.meta.clone());
    }

    pub(super) fn take(&self, room: &str, id: &str) {
        let mut rooms = self.rooms();
        if let Some(list) = rooms.get_mut(room) {
            list.remove(id);
            if list.is_empty() {
                rooms.remove(room);
            }
        }
    }
}

impl PresenceStore for MemoryPresence {
    fn put<'a>(&'a self, room: &'a str, who: &'a Present) -> BoxFuture<'a, Result<()>> {
        self.insert(room, who);
        Box::pin(ready(Ok(())))
    }

    fn remove<'a>(&'a self, room: &'a str, id: &'a str) -> BoxFuture<'a, Result<()>> {
        self.take(room, id);
        Box::pin(ready(Ok(())))
    }

    fn list<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<Vec<Present>>> {
        let rooms = self.rooms();
        let list = rooms.get(room).into_iter().flatten();
        let list = list.map(|(id, meta)| Present { id: id.clone(), meta: meta.clone() }).collect();
        Box::pin(ready(Ok(list)))
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat>> {
        Box::pin(ready(Ok(Beat::default())))
    }

    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        self.rooms().clear();
        Box::pin(ready(Ok(())))
    }
}
