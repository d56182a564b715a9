//! Sessions in the memory of this process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{self, BoxFuture, FutureExt};

use super::{Added, Delta, Id, Loaded, Store, Swapped, Values};
use crate::Result;
use crate::config::SessionConfig;

/// How long an id is remembered as renewed.
const REMEMBERED: Duration = Duration::from_secs(10);

/// At most `max_sessions`; the ones unused for longest go first.
#[derive(Debug)]
pub(super) struct MemoryStore {
    table: Mutex<Table>,
    idle: Duration,
    absolute: Duration,
    max: usize,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<Id, Entry>,
    /// Ids by their last use, oldest first: the order in which they become idle too.
    by_use: BTreeMap<u64, Id>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    /// `None`: it was renewed.
    values: Option<Values>,
    started: Instant,
    expires: Instant,
    last_use: u64,
    /// Whose turn it is, and until when.
    lock: Option<(String, Instant)>,
}

impl MemoryStore {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            table: Mutex::default(),
            idle: config.idle.get(),
            absolute: config.absolute.get(),
            max: config.max_sessions.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expiry(&self, started: Instant, now: Instant) -> Instant {
        (now + self.idle).min(started + self.absolute)
    }

    /// Does `change` with the living session's values and counts it as used.
    fn with<T>(&self, id: &Id, change: impl FnOnce(&mut Values) -> T) -> Option<T> {
        let now = Instant::now();
        let mut table = self.lock();
        let entry = table.touch(id, now)?;
        entry.expires = self.expiry(entry.started, now);
        entry.values.as_mut().map(change)
    }

    fn put(&self, table: &mut Table, id: &Id, values: Option<Values>, started: Instant, expires: Instant) {
        table.uses += 1;
        let last_use = table.uses;
        table.by_use.insert(last_use, id.clone());
        table.sessions.insert(id.clone(), Entry { values, started, expires, last_use, lock: None });
        table.make_room(self.max);
    }
}

impl Table {
    /// The living session, moved to the end of the order.
    fn touch(&mut self, id: &Id, now: Instant) -> Option<&mut Entry> {
        if self.sessions.get(id)?.expires <= now {
            self.remove(id);
            return None;
        }
        let entry = self.sessions.get_mut(id).filter(|entry| entry.values.is_some())?;
        self.by_use.remove(&entry.last_use);
        self.uses += 1;
        entry.last_use = self.uses;
        self.by_use.insert(self.uses, id.clone());
        Some(entry)
    }

    fn remove(&mut self, id: &Id) -> Option<Entry> {
        let entry = self.sessions.remove(id)?;
        self.by_use.remove(&entry.last_use);
        Some(entry)
    }

    /// Takes out what has expired at the old end, and more while there are too many.
    fn make_room(&mut self, max: usize) {
        let now = Instant::now();
        while let Some((_, oldest)) = self.by_use.first_key_value() {
            let oldest = oldest.clone();
            let expired = self.sessions.get(&oldest).is_none_or(|entry| entry.expires <= now);
            if !expired && self.sessions.len() <= max {
                return;
            }
            self.remove(&oldest);
        }
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>> {
        let loaded = match self.with(id, |values| values.clone()) {
            Some(values) => Loaded::Alive(values),
            None if self.lock().sessions.contains_key(id) => Loaded::Renewed,
            None => Loaded::Gone,
        };
        future::ready(Ok(loaded)).boxed()
    }

    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<()>> {
        let mut values = Values::default();
        delta.apply(&mut values);
        let now = Instant::now();
        self.put(&mut self.lock(), id, Some(values), now, self.expiry(now, now));
        future::ready(Ok(())).boxed()
    }

    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        let kept = self.with(id, |values| delta.apply(values)).is_some();
        future::ready(Ok(kept)).boxed()
    }

    fn renew<'a>(&'a self, id: &'a Id, to: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        let now = Instant::now();
        let mut table = self.lock();
        let taken = if table.touch(id, now).is_some() { table.remove(id) } else { None };
        let Some(Entry { values: Some(mut values), started, .. }) = taken else {
            return future::ready(Ok(false)).boxed();
        };
        delta.apply(&mut values);
        self.put(&mut table, to, Some(values), started, self.expiry(started, now));
        self.put(&mut table, id, None, started, now + REMEMBERED);
        future::ready(Ok(true)).boxed()
    }

    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>> {
        self.lock().remove(id);
        future::ready(Ok(())).boxed()
    }

    fn add<'a>(&'a self, id: &'a Id, key: &'a str, by: i64) -> BoxFuture<'a, Result<Added>> {
        let added = self.with(id, |values| {
            let before = values.get(key).map_or(Ok(0), |text| text.parse::<i64>());
            match before.ok().and_then(|before| before.checked_add(by)) {
                Some(now) => {
                    values.insert(key.to_owned(), now.to_string());
                    Added::Now(now)
                }
                None => Added::NoNumber,
            }
        });
        future::ready(Ok(added.unwrap_or(Added::Gone))).boxed()
    }

    fn swap<'a>(
        &'a self,
        id: &'a Id,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Swapped>> {
        let swapped = self.with(id, |values| {
            let holds = values.get(key).cloned();
            if holds.as_deref() != old {
                return Swapped::Holds(holds);
            }
            values.insert(key.to_owned(), new.to_owned());
            Swapped::Done
        });
        future::ready(Ok(swapped.unwrap_or(Swapped::Gone))).boxed()
    }

    fn lock<'a>(&'a self, id: &'a Id, token: &'a str, lease: Duration) -> BoxFuture<'a, Result<bool>> {
        let now = Instant::now();
        let mut table = self.lock();
        let taken = match table.sessions.get_mut(id) {
            Some(Entry { lock: Some((_, until)), .. }) if *until > now => false,
            Some(entry) => {
                entry.lock = Some((token.to_owned(), now + lease));
                true
            }
            // Nothing to take turns at.
            None => true,
        };
        future::ready(Ok(taken)).boxed()
    }

    fn unlock<'a>(&'a self, id: &'a Id, token: &'a str) -> BoxFuture<'a, Result<()>> {
        if let Some(entry) = self.lock().sessions.get_mut(id) {
            entry.lock.take_if(|(holder, _)| holder == token);
        }
        future::ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests;
