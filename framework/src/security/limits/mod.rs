//! Where requests are counted: by the generic cell rate algorithm, in this process's memory or in Redis for all instances.
//!
//! Of each client one number is kept: the time at which it will have waited off all it asked so far.

mod memory;
mod redis;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::Result;
use crate::config::SecurityConfig;
use crate::metrics::{Counter, Page};
use crate::redis::Redis;

/// How a client stands after it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// How long until it may ask again, when it asked too often.
    pub(super) wait: Option<Duration>,
    /// How many more requests it may send at once.
    pub(super) remaining: u64,
    /// How long until it may send as many as ever.
    pub(super) full_after: Duration,
}

impl Standing {
    /// In microseconds: how early the request came (0 when not), and what is used of `span`.
    fn new(early: u64, used: u64, interval: u64, span: u64) -> Self {
        Self {
            wait: (early > 0).then(|| Duration::from_micros(early)),
            remaining: span.saturating_sub(used) / interval.max(1),
            full_after: Duration::from_micros(used),
        }
    }
}

/// The counts of an app. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Limits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    /// Requests that were one too many.
    limited: Counter,
    /// Requests that nobody could count.
    uncounted: Counter,
}

#[derive(Debug)]
enum Store {
    Memory(memory::Table),
    Redis(redis::Counts),
}

impl Limits {
    /// In Redis where there is one.
    pub(crate) fn new(redis: Option<&Redis>, config: &SecurityConfig) -> Self {
        let store = match redis {
            Some(redis) => Store::Redis(redis::Counts::new(redis.clone(), config)),
            None => Store::Memory(memory::Table::new(config.rate_limit_clients)),
        };
        Self(Arc::new(Shared { store, limited: Counter::default(), uncounted: Counter::default() }))
    }

    pub(super) fn report(&self, page: &mut Page) {
        let help = "Requests and connections that were one too many, and got 429.";
        page.counter("regatta_rate_limited_total", help, self.0.limited.get());
        let help = "Requests of routes with a rate that nobody could count, because Redis did not answer.";
        page.counter("regatta_rate_uncounted_total", help, self.0.uncounted.get());
    }

    /// Counts a request of `key`; the numbers are in microseconds.
    ///
    /// # Errors
    /// When Redis does not answer in time.
    pub(super) async fn count(&self, key: &str, interval: u64, span: u64) -> Result<Standing> {
        let standing = match &self.0.store {
            Store::Memory(table) => Ok(table.count(key, interval, span)),
            Store::Redis(counts) => counts.count(key, interval, span).await,
        };
        match &standing {
            Ok(standing) if standing.wait.is_some() => self.0.limited.add(1),
            Ok(_) => {}
            Err(_) => self.0.uncounted.add(1),
        }
        standing
    }
}
