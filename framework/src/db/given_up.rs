//! Work that was dropped before it was done, as when its request is cancelled.
//!
//! sqlx asks a connection that comes back whether it still works, and waits for the answer for ever: one that was left in
//! the middle of something may never give it (on MySQL while a statement is prepared), and then its place in the pool is
//! lost. So for a while after something was given up, every connection that comes back has to answer in time.
#![cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "SQLite's connections are of this process")
)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::time::timeout;

/// How long connections are looked at: longer than one takes to come back.
const WHILE: Duration = Duration::from_secs(10);
/// How long one may take to answer: it finishes what it was asked first.
const ANSWER: Duration = Duration::from_secs(1);

/// When work on a pool was given up last; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct GivenUp(Arc<Mutex<Option<Instant>>>);

impl GivenUp {
    /// Notes when it is dropped before [`Watch::finish`].
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch(Some(self))
    }

    /// Whether a connection that comes back can be used again.
    pub(super) async fn is_sound(&self, connection: &mut impl Connection) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() > WHILE) {
            return true;
        }
        matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())))
    }
}

/// Somebody's work.
pub(super) struct Watch<'a>(Option<&'a GivenUp>);

impl Watch<'_> {
    /// It is done.
    pub(super) fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(GivenUp(last)) = self.0 {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}
