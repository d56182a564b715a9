//! Sessions in the memory of this process.

mod table;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::{self, BoxFuture, FutureExt};

use table::{Entry, Table};

use super::{Added, Delta, Id, Loaded, Owner, SignedIn, Store, Swapped, Values, Which};
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
    max_per_user: usize,
}

impl MemoryStore {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            table: Mutex::default(),
            idle: config.idle.get(),
            absolute: config.absolute.get(),
            max: config.max_sessions.max(1),
            max_per_user: config.max_per_user.max(1),
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
        let entry = table.touch(&id.hash(), now)?;
        entry.expires = self.expiry(entry.started, now);
        entry.values.as_mut().map(change)
    }

    fn put(
        &self,
        table: &mut Table,
        id: &Id,
        values: Option<Values>,
        owner: Option<Owner>,
        started: Instant,
        expires: Instant,
    ) -> Vec<String> {
        let entry = Entry::new(values, owner, started, expires);
        table.put(&id.hash(), entry, self.max, self.max_per_user)
    }
}

/// The time of day so long ago, in milliseconds since 1970.
fn millis_ago(ago: Duration) -> i64 {
    let then = SystemTime::now().checked_sub(ago).unwrap_or(UNIX_EPOCH);
    then.duration_since(UNIX_EPOCH).map_or(0, |then| i64::try_from(then.as_millis()).unwrap_or(i64::MAX))
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>> {
        let (key, now) = (id.hash(), Instant::now());
        let mut table = self.lock();
        let renewed =
            table.sessions.get(&key).is_some_and(|entry| entry.values.is_none() && entry.expires > now);
        let loaded = match table.touch(&key, now) {
            Some(entry) => {
                entry.expires = self.expiry(entry.started, now);
                let values = entry.values.clone().unwrap_or_default();
                Loaded::Alive { values, user: entry.owner.as_ref().map(|owner| owner.user.clone()) }
            }
            None if renewed => Loaded::Renewed,
            None => Loaded::Gone,
        };
        future::ready(Ok(loaded)).boxed()
    }

    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<Vec<String>>> {
        let mut values = Values::default();
        delta.apply(&mut values);
        let now = Instant::now();
        let owner = delta.owner.clone();
        let ended = self.put(&mut self.lock(), id, Some(values), owner, now, self.expiry(now, now));
        future::ready(Ok(ended)).boxed()
    }

    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        let kept = self.with(id, |values| delta.apply(values)).is_some();
        future::ready(Ok(kept)).boxed()
    }

    fn renew<'a>(
        &'a self,
        id: &'a Id,
        to: &'a Id,
        delta: &'a Delta,
    ) -> BoxFuture<'a, Result<Option<Vec<String>>>> {
        let (key, now) = (id.hash(), Instant::now());
        let mut table = self.lock();
        let taken = if table.touch(&key, now).is_some() { table.remove(&key) } else { None };
        let Some(Entry { values: Some(mut values), owner, started, .. }) = taken else {
            return future::ready(Ok(None)).boxed();
        };
        delta.apply(&mut values);
        let owner = delta.owner.clone().or(owner);
        let expires = self.expiry(started, now);
        let ended = self.put(&mut table, to, Some(values), owner, started, expires);
        self.put(&mut table, id, None, None, started, now + REMEMBERED);
        future::ready(Ok(Some(ended))).boxed()
    }

    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>> {
        self.lock().remove(&id.hash());
        future::ready(Ok(())).boxed()
    }

    fn of_user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SignedIn>>> {
        let (table, now) = (self.lock(), Instant::now());
        let own = table.by_user.get(user).into_iter().flatten().filter(|key| table.is_alive(key, now));
        let told = own.filter_map(|key| {
            let entry = table.sessions.get(key)?;
            Some(SignedIn {
                id: key.clone(),
                started_at: millis_ago(now.saturating_duration_since(entry.started)),
                seen_at: millis_ago(now.saturating_duration_since(entry.used)),
                label: entry.owner.as_ref().map(|owner| owner.label.clone()).unwrap_or_default(),
                current: false,
            })
        });
        future::ready(Ok(told.collect())).boxed()
    }

    fn end<'a>(&'a self, user: &'a str, which: Which<'a>) -> BoxFuture<'a, Result<Vec<String>>> {
        future::ready(Ok(self.lock().end(user, which))).boxed()
    }

    fn alive<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<bool>>> {
        let (table, now) = (self.lock(), Instant::now());
        future::ready(Ok(keys.iter().map(|key| table.is_alive(key, now)).collect())).boxed()
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
        let taken = match table.sessions.get_mut(&id.hash()) {
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
        if let Some(entry) = self.lock().sessions.get_mut(&id.hash()) {
            entry.lock.take_if(|(holder, _)| holder == token);
        }
        future::ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests;
