//! Sessions in Redis: one hash each, under the hash of its id.
//!
//! Fields are the session's keys with their values as JSON text. Fields with one underscore in front are the
//! store's own: `_c` when it started, `_a` when it ends at the latest (both milliseconds by the server's clock),
//! `_r` on an id that was renewed. A session's own key that starts with an underscore gets one more.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{BoxFuture, FutureExt};
use redis::{Script, ScriptInvocation};

use super::{Delta, Id, Loaded, Store, Values};
use crate::Result;
use crate::config::SessionConfig;
use crate::redis::Redis;

/// How long an id is remembered as renewed, in milliseconds.
const REMEMBERED: u64 = 10_000;

/// What the scripts share. Arguments of `apply` from `at` on: how many fields to set, then each with its value,
/// then the fields to remove.
macro_rules! script {
    ($body:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(
                "local function now()
                   local time = redis.call('TIME')
                   return time[1] * 1000 + math.floor(time[2] / 1000)
                 end
                 local function left(key)
                   local ends = redis.call('HGET', key, '_a')
                   return ends and tonumber(ends) - now() or 0
                 end
                 local function apply(key, lifetime, at)
                   local first_removed = at + 1 + 2 * tonumber(ARGV[at])
                   for i = at + 1, first_removed - 1, 2 do
                     redis.call('HSET', key, ARGV[i], ARGV[i + 1])
                   end
                   for i = first_removed, #ARGV do
                     redis.call('HDEL', key, ARGV[i])
                   end
                   redis.call('PEXPIRE', key, string.format('%d', lifetime))
                 end\n",
                $body
            ))
        })
    };
}

/// Arguments: idle and absolute lifetime, then those of `apply`.
static CREATE: LazyLock<Script> = script!(
    "local started, idle, absolute = now(), tonumber(ARGV[1]), tonumber(ARGV[2])
     redis.call('HSET', KEYS[1], '_c', string.format('%d', started), '_a', string.format('%d', started + absolute))
     apply(KEYS[1], math.min(idle, absolute), 3)
     return 1"
);

/// Arguments: idle lifetime, then those of `apply`. Answers 0 when the session has ended.
static COMMIT: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return 0 end
     apply(KEYS[1], math.min(tonumber(ARGV[1]), left), 2)
     return 1"
);

/// Arguments: idle lifetime, how long to remember, then those of `apply`. Answers 0 when the session has ended.
static RENEW: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return 0 end
     redis.call('RENAME', KEYS[1], KEYS[2])
     redis.call('HSET', KEYS[1], '_r', '1')
     redis.call('PEXPIRE', KEYS[1], ARGV[2])
     apply(KEYS[2], math.min(tonumber(ARGV[1]), left), 3)
     return 1"
);

#[derive(Debug, Clone)]
pub(super) struct RedisStore {
    redis: Redis,
    prefix: String,
    idle: u64,
    absolute: u64,
    deadline: Duration,
}

impl RedisStore {
    pub(super) fn new(redis: Redis, config: &SessionConfig) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 52);
        Self {
            redis,
            prefix: config.prefix.clone(),
            idle: millis(config.idle.get()),
            absolute: millis(config.absolute.get()),
            deadline: config.deadline.get(),
        }
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{}", self.prefix, id.hash())
    }

    async fn run(&self, script: &ScriptInvocation<'_>) -> Result<bool> {
        Ok(self.redis.query(script, self.deadline).await?)
    }

    /// Prolongs the session if a tenth of its time is over; nobody waits for it.
    fn prolong(&self, key: String, left: i64, ends: Option<u64>) {
        // The server's clock decides when the session ends; ours only whether it is worth asking.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64);
        let full = self.idle.min(ends.unwrap_or(u64::MAX).saturating_sub(now));
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
            let (fields, left): (Vec<(String, String)>, i64) = self.redis.query(&both, self.deadline).await?;
            let mut values = Values::with_capacity(fields.len());
            let mut ends = None;
            for (field, value) in fields {
                match field.strip_prefix('_') {
                    None => _ = values.insert(field, value),
                    Some(own) if own.starts_with('_') => _ = values.insert(own.to_owned(), value),
                    Some("a") => ends = value.parse().ok(),
                    Some("r") => return Ok(Loaded::Renewed),
                    Some(_) => {}
                }
            }
            if ends.is_none() {
                return Ok(Loaded::Gone);
            }
            self.prolong(key, left, ends);
            Ok(Loaded::Alive(values))
        }
        .boxed()
    }

    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut create = CREATE.key(self.key(id));
            create.arg(self.idle).arg(self.absolute);
            with_delta(&mut create, delta);
            self.run(&create).await.map(|_| ())
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

    fn renew<'a>(&'a self, id: &'a Id, to: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut renew = RENEW.key(self.key(id));
            renew.key(self.key(to)).arg(self.idle).arg(REMEMBERED);
            with_delta(&mut renew, delta);
            self.run(&renew).await
        }
        .boxed()
    }

    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut delete = redis::cmd("DEL");
            delete.arg(self.key(id));
            self.redis.query::<()>(&delete, self.deadline).await?;
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
