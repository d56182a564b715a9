//! Answers kept for a while: in the memory of every instance and, in a cluster, in Redis for all of them.
//!
//! An answer is made once for a key: other requests for it wait, in this process and in the cluster, each for a bounded
//! time. While Redis is away, every instance makes its own. What may be kept is decided in `http`; this is the store.

mod entry;
mod figures;
mod flight;
mod memory;
mod personal;
mod redis;
mod rule;
mod tag;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{CacheConfig, Config};
use crate::redis::Redis;
pub(crate) use entry::{Entry, Key, Lifetime};
use figures::Figures;
use flight::{Flights, Turn};
use memory::Memory;
pub(crate) use personal::Personal;
use redis::{Lock, RedisCache, Remote};
pub use rule::Cache;
pub(crate) use tag::has_tag;

/// Time between two looks at Redis for an answer that another instance makes.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long it is remembered that an answer may not be kept: its requests don't wait for each other.
const REFUSED: Duration = Duration::from_secs(1);

/// The cache of an app. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ResponseCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    memory: Memory,
    flights: Flights,
    redis: Option<RedisCache>,
    wait: Duration,
    max_entry_bytes: usize,
    figures: Figures,
}

/// What is known for a key.
#[derive(Debug)]
pub(crate) enum Known {
    /// An answer that is good for now.
    Fresh(Arc<Entry>),
    /// One that may be sent while a new one is made.
    Stale(Arc<Entry>),
    /// That the answer may not be kept.
    Refused,
}

/// Who makes an answer.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The caller, for all.
    Mine(Filling),
    /// Somebody else did meanwhile.
    Known(Known),
    /// Somebody else does, for longer than one may wait: the caller makes one for itself.
    Crowded,
}

/// The right to make the answer for a key. Dropped, it lets the next one try.
#[derive(Debug)]
pub(crate) struct Filling {
    cache: ResponseCache,
    key: Key,
    /// Lets those of this process go on that wait, when dropped.
    turn: Turn,
    /// Lets those of other instances go on.
    lock: Option<Lock>,
}

impl ResponseCache {
    pub(crate) fn new(config: &Config, redis: Option<Redis>) -> Self {
        let CacheConfig { max_entries, max_bytes, wait, max_entry_bytes, .. } = config.cache;
        Self(Arc::new(Shared {
            memory: Memory::new(max_entries, max_bytes),
            flights: Flights::default(),
            redis: redis.map(|redis| RedisCache::new(redis, &config.cache)),
            wait: wait.get(),
            max_entry_bytes,
            figures: Figures::default(),
        }))
    }

    /// The most bytes the body of an answer may have.
    pub(crate) fn max_entry_bytes(&self) -> usize {
        self.0.max_entry_bytes
    }

    /// What this instance knows.
    pub(crate) fn look(&self, key: &Key) -> Option<Known> {
        self.0.memory.get(key)
    }

    /// The right to make the answer, once nobody else has it; or what they made.
    pub(crate) async fn claim(&self, key: &Key) -> Claim {
        let deadline = Instant::now() + self.0.wait;
        let turn = loop {
            match self.0.flights.take(key) {
                Ok(turn) => break turn,
                Err(mut ended) => {
                    if timeout_at(deadline, ended.changed()).await.is_err() {
                        return Claim::Crowded;
                    }
                }
            }
            if let Some(known) = self.look(key) {
                return Claim::Known(known);
            }
        };
        let mut filling = Filling { cache: self.clone(), key: key.clone(), turn, lock: None };
        let Some(redis) = &self.0.redis else { return Claim::Mine(filling) };
        loop {
            match redis.find_or_lock(key).await {
                Some(Remote::Found(entry, lifetime)) => {
                    self.0.memory.keep(key, entry, lifetime);
                    match self.look(key) {
                        Some(known @ (Known::Fresh(_) | Known::Refused)) => return Claim::Known(known),
                        // The others have a stale one too: whoever gets the lock makes a new one.
                        Some(stale) if !redis.lock(key, &mut filling.lock).await => {
                            return Claim::Known(stale);
                        }
                        _ => return Claim::Mine(filling),
                    }
                }
                Some(Remote::Refused) => {
                    self.0.memory.refuse(key, REFUSED);
                    return Claim::Known(Known::Refused);
                }
                Some(Remote::Locked(lock)) => {
                    filling.lock = Some(lock);
                    return Claim::Mine(filling);
                }
                Some(Remote::Busy) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
                Some(Remote::Busy) => return Claim::Crowded,
                None => return Claim::Mine(filling),
            }
        }
    }

    /// The same for a key with a stale answer: nobody waits.
    pub(crate) async fn claim_refresh(&self, key: &Key) -> Option<Filling> {
        let turn = self.0.flights.take(key).ok()?;
        let mut filling = Filling { cache: self.clone(), key: key.clone(), turn, lock: None };
        let Some(redis) = &self.0.redis else { return Some(filling) };
        if let Some(Remote::Found(entry, lifetime)) = redis.find(key).await {
            let is_fresh = lifetime.is_fresh();
            self.0.memory.keep(key, entry, lifetime);
            if is_fresh {
                return None;
            }
        }
        redis.lock(key, &mut filling.lock).await.then_some(filling)
    }
}

impl Filling {
    /// Keeps the answer for all.
    pub(crate) async fn keep(self, entry: Arc<Entry>, lifetime: Lifetime) {
        let shared = &self.cache.0;
        shared.figures.fills.add(1);
        shared.memory.keep(&self.key, entry.clone(), lifetime);
        drop(self.turn);
        if let Some(redis) = &shared.redis {
            redis.keep(&self.key, &entry, lifetime, self.lock).await;
        }
    }

    /// Remembers for a moment that the answer may not be kept.
    pub(crate) async fn refuse(self) {
        let shared = &self.cache.0;
        shared.memory.refuse(&self.key, REFUSED);
        drop(self.turn);
        if let Some(redis) = &shared.redis {
            redis.refuse(&self.key, REFUSED, self.lock).await;
        }
    }
}

#[cfg(test)]
mod tests;
