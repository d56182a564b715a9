//! Sessions in Redis: one hash each, under the hash of its id.
//!
//! Fields are the session's keys with their values as JSON text. Fields with one underscore in front are the
//! store's own: `_c` when it started, `_a` when it ends at the latest, `_s` when it was written last (milliseconds by
//! the server's clock), `_u` and `_l` who is signed in and from where, `_r` on an id that was renewed. A session's own
//! key that starts with an underscore gets one more.

mod scripts;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use redis::{FromRedisValue, ScriptInvocation};
use scripts::{ADD, COMMIT, CREATE, DESTROY, END, LIST, RENEW, SWAP, UNLOCK};

use super::breaker::Breaker;
use super::{Added, Delta, Id, Loaded, SignedIn, Store, Swapped, Values, Which};
use crate::Result;
use crate::config::SessionConfig;
use crate::redis::{Question, Redis};

/// How long an id is remembered as renewed, in milliseconds.
const REMEMBERED: u64 = 10_000;

#[derive(Debug, Clone)]
pub(super) struct RedisStore {
    redis: Redis,
    prefix: String,
    idle: u64,
    absolute: u64,
    max_per_user: usize,
    deadline: Duration,
    breaker: Arc<Breaker>,
}

impl RedisStore {
    pub(super) fn new(redis: Redis, config: &SessionConfig) -> Self {
        Self {
            redis,
            prefix: config.prefix.clone(),
            idle: millis(config.idle.get()),
            absolute: millis(config.absolute.get()),
            max_per_user: config.max_per_user.max(1),
            deadline: config.deadline.get(),
            breaker: Arc::default(),
        }
    }

    fn key(&self, id: &Id) -> String {
        [&*self.prefix, id.as_hash()].concat()
    }

    /// The key of a user's index.
    fn index(&self, user: &str) -> String {
        format!("{}user:{user}", self.prefix)
    }

    /// Who signs in, and what else it writes.
    fn with_all(&self, script: &mut ScriptInvocation<'_>, delta: &Delta) {
        let (user, label) = match &delta.owner {
            Some(owner) => (&*owner.user, &*owner.label),
            None => ("", ""),
        };
        script.arg(self.max_per_user).arg(user).arg(label);
        with_delta(script, delta);
    }

    fn lock_key(&self, id: &Id) -> String {
        [&*self.prefix, "lock:", id.as_hash()].concat()
    }

    async fn run(&self, script: &ScriptInvocation<'_>) -> Result<bool> {
        self.ask(script).await
    }

    async fn ask<T: FromRedisValue + Send + Sync>(&self, question: &impl Question) -> Result<T> {
        self.breaker.admit()?;
        let answer = self.redis.query(question, self.deadline).await;
        match &answer {
            Err(error) if !error.is_answer() => self.breaker.failed(),
            _ => self.breaker.succeeded(),
        }
        Ok(answer?)
    }

    /// Prolongs the session if a tenth of its time is over; nobody waits for it.
    fn prolong(&self, key: String, left: i64, seen: u64, ends: u64) {
        // Both are of the server's clock: an instance's own may be wrong.
        let full = self.idle.min(ends.saturating_sub(seen));
        if u64::try_from(left).unwrap_or_default() >= full / 10 * 9 {
            return;
        }
        let store = self.clone();
        self.redis.runtime().spawn(async move {
            let mut commit = COMMIT.key(key);
            commit.arg(store.idle).arg(0);
            if let Err(error) = store.run(&commit).await {
                tracing::debug!(%error, "a session was not prolonged; its next use does it");
            }
        });
    }
}

/// At least one, and exact as a number of Lua.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 52)
}

fn field(key: &str) -> Cow<'_, str> {
    if key.starts_with('_') { format!("_{key}").into() } else { key.into() }
}

fn with_delta(script: &mut ScriptInvocation<'_>, delta: &Delta) {
    script.arg(delta.set.len());
    for (key, value) in &delta.set {
        script.arg(&*field(key)).arg(value);
    }
    for key in &delta.removed {
        script.arg(&*field(key));
    }
}

impl Store for RedisStore {
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>> {
        async move {
            let key = self.key(id);
            let mut both = redis::pipe();
            both.cmd("HGETALL").arg(&key).cmd("PTTL").arg(&key);
            let (fields, left): (Vec<(String, String)>, i64) = self.ask(&both).await?;
            let mut values = Values::with_capacity(fields.len());
            let (mut seen, mut ends, mut user) = (0, None, None);
            for (field, value) in fields {
                match field.strip_prefix('_') {
                    None => _ = values.insert(field, value),
                    Some(own) if own.starts_with('_') => _ = values.insert(own.to_owned(), value),
                    Some("a") => ends = value.parse().ok(),
                    Some("s") => seen = value.parse().unwrap_or(0),
                    Some("u") => user = Some(value),
                    Some("r") => return Ok(Loaded::Renewed),
                    Some(_) => {}
                }
            }
            // In its last millisecond the server still shows what takes no change any more.
            let Some(ends) = ends.filter(|_| left != 0) else { return Ok(Loaded::Gone) };
            self.prolong(key, left, seen, ends);
            Ok(Loaded::Alive { values, user })
        }
        .boxed()
    }

    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let mut create = CREATE.key(self.key(id));
            create.arg(&self.prefix).arg(self.idle).arg(self.absolute);
            self.with_all(&mut create, delta);
            self.ask(&create).await
        }
        .boxed()
    }

    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut commit = COMMIT.key(self.key(id));
            commit.arg(self.idle);
            with_delta(&mut commit, delta);
            self.run(&commit).await
        }
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        id: &'a Id,
        to: &'a Id,
        delta: &'a Delta,
    ) -> BoxFuture<'a, Result<Option<Vec<String>>>> {
        async move {
            let mut renew = RENEW.key(self.key(id));
            renew.key(self.key(to)).arg(&self.prefix).arg(self.idle).arg(REMEMBERED);
            self.with_all(&mut renew, delta);
            self.ask(&renew).await
        }
        .boxed()
    }

    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut destroy = DESTROY.key(self.key(id));
            destroy.arg(&self.prefix);
            self.run(&destroy).await.map(drop)
        }
        .boxed()
    }

    fn of_user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SignedIn>>> {
        async move {
            let mut list = LIST.key(self.index(user));
            list.arg(&self.prefix);
            let told: Vec<(String, i64, i64, String)> = self.ask(&list).await?;
            let session = |(id, started_at, seen_at, label)| SignedIn {
                id,
                started_at,
                seen_at,
                label,
                current: false,
            };
            Ok(told.into_iter().map(session).collect())
        }
        .boxed()
    }

    fn end<'a>(&'a self, user: &'a str, which: Which<'a>) -> BoxFuture<'a, Result<Vec<String>>> {
        async move {
            let (which, hash) = match which {
                Which::One(hash) => ("one", hash),
                Which::AllBut(hash) => ("but", hash),
                Which::All => ("all", ""),
            };
            let mut end = END.key(self.index(user));
            end.arg(&self.prefix).arg(which).arg(hash);
            self.ask(&end).await
        }
        .boxed()
    }

    fn alive<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<bool>>> {
        async move {
            let mut all = redis::pipe();
            for key in keys {
                all.cmd("HEXISTS").arg(format!("{}{key}", self.prefix)).arg("_a");
            }
            self.ask(&all).await
        }
        .boxed()
    }

    fn add<'a>(&'a self, id: &'a Id, key: &'a str, by: i64) -> BoxFuture<'a, Result<Added>> {
        async move {
            let mut add = ADD.key(self.key(id));
            add.arg(self.idle).arg(&*field(key)).arg(by);
            let (what, number): (u8, String) = self.ask(&add).await?;
            Ok(match (what, number.parse()) {
                (1, Ok(number)) => Added::Now(number),
                (0, _) => Added::Gone,
                _ => Added::NoNumber,
            })
        }
        .boxed()
    }

    fn swap<'a>(
        &'a self,
        id: &'a Id,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Swapped>> {
        async move {
            let mut swap = SWAP.key(self.key(id));
            swap.arg(self.idle).arg(&*field(key)).arg(new).arg(old);
            let (what, holds): (u8, String) = self.ask(&swap).await?;
            Ok(match what {
                0 => Swapped::Gone,
                1 => Swapped::Done,
                2 => Swapped::Holds(Some(holds)),
                _ => Swapped::Holds(None),
            })
        }
        .boxed()
    }

    fn lock<'a>(&'a self, id: &'a Id, token: &'a str, lease: Duration) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut set = redis::cmd("SET");
            set.arg(self.lock_key(id)).arg(token).arg("NX").arg("PX").arg(millis(lease));
            let taken: Option<String> = self.ask(&set).await?;
            Ok(taken.is_some())
        }
        .boxed()
    }

    fn unlock<'a>(&'a self, id: &'a Id, token: &'a str) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut unlock = UNLOCK.key(self.lock_key(id));
            unlock.arg(token);
            self.run(&unlock).await.map(drop)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
