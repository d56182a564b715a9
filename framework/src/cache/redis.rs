//! The answers that all instances share, and the locks of those that make them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::{Script, ScriptInvocation};

use super::{Entry, Key, Lifetime};
use crate::config::CacheConfig;
use crate::redis::{Redis, RedisError};

/// What stands in the place of an answer that may not be kept.
const REFUSED: &[u8] = b"-";

/// Keys: answer, lock. Arguments: token, lifetime of the lock (0: take none). Answers the answer with its time to live,
/// or whether the lock was taken.
static FIND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if found then return {found, redis.call('PTTL', KEYS[1])} end
         if ARGV[2] == '0' then return {false, 0} end
         local taken = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
         return {false, taken and 1 or 0}",
    )
});

/// Keys: answer, lock, the answers by their ends, their sizes. Arguments: value, lifetime, prefix, name of the answer,
/// most answers, most bytes. What ends first makes room.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000 + math.floor(time[2] / 1000)
         local total = tonumber(redis.call('HGET', KEYS[4], 'total') or '0')
         local function forget(name)
           total = total - tonumber(redis.call('HGET', KEYS[4], name) or '0')
           redis.call('HDEL', KEYS[4], name)
           redis.call('ZREM', KEYS[3], name)
         end
         for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)) do forget(name) end
         forget(ARGV[4])
         redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
         redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[4])
         redis.call('HSET', KEYS[4], ARGV[4], #ARGV[1])
         total = total + #ARGV[1]
         while redis.call('ZCARD', KEYS[3]) > tonumber(ARGV[5]) or total > tonumber(ARGV[6]) do
           local name = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
           if not name then break end
           forget(name)
           redis.call('DEL', ARGV[3] .. name)
         end
         redis.call('HSET', KEYS[4], 'total', string.format('%d', total))
         redis.call('DEL', KEYS[2])
         return 1",
    )
});

/// Keys: answer, lock. Arguments: value, lifetime.
static REFUSE: LazyLock<Script> = LazyLock::new(|| {
    Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return redis.call('DEL', KEYS[2])")
});

/// Gives a lock back, unless it has ended and somebody else has it.
static UNLOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
    )
});

/// The cache in Redis. Whatever fails is written to the log, and the request goes on without.
#[derive(Debug, Clone)]
pub(super) struct RedisCache {
    redis: Redis,
    prefix: Arc<str>,
    max_entries: usize,
    max_bytes: usize,
    lock: Duration,
    deadline: Duration,
}

/// What Redis knows.
pub(super) enum Remote {
    Found(Arc<Entry>, Lifetime),
    Refused,
    /// Nothing, and the lock is the caller's.
    Locked(Lock),
    /// Nothing, and another instance makes the answer.
    Busy,
}

/// The right to make an answer for the whole cluster; given back when dropped, or when its time is over.
#[derive(Debug)]
pub(super) struct Lock {
    cache: RedisCache,
    key: String,
    token: String,
}

impl RedisCache {
    pub(super) fn new(redis: Redis, config: &CacheConfig) -> Self {
        Self {
            redis,
            prefix: config.prefix.as_str().into(),
            max_entries: config.max_entries,
            max_bytes: config.max_bytes,
            lock: config.lock.get(),
            deadline: config.deadline.get(),
        }
    }

    /// The answer, or the lock; nothing while Redis is away.
    pub(super) async fn find_or_lock(&self, key: &Key) -> Option<Remote> {
        self.ask(key, self.lock).await
    }

    /// The answer.
    pub(super) async fn find(&self, key: &Key) -> Option<Remote> {
        self.ask(key, Duration::ZERO).await
    }

    async fn ask(&self, key: &Key, lock: Duration) -> Option<Remote> {
        let (lock_key, token) = (self.name("lock:", key), token());
        let mut find = FIND.key(self.name("", key));
        find.key(&*lock_key).arg(&*token).arg(millis(lock));
        let (found, number): (Option<Vec<u8>>, i64) = self.query(&find).await?;
        let Some(found) = found else {
            let taken = number == 1 && !lock.is_zero();
            let lock = Lock { cache: self.clone(), key: lock_key, token };
            return Some(if taken { Remote::Locked(lock) } else { lock.forget() });
        };
        if found == REFUSED {
            return Some(Remote::Refused);
        }
        // A newer version of the app may write it otherwise: then each makes its own.
        let (entry, lifetime) = Entry::decode(&found, u64::try_from(number).unwrap_or_default())?;
        Some(Remote::Found(Arc::new(entry), lifetime))
    }

    /// Takes the lock into `place`; `false` when another instance has it. While Redis is away nobody has it.
    pub(super) async fn lock(&self, key: &Key, place: &mut Option<Lock>) -> bool {
        let lock = Lock { cache: self.clone(), key: self.name("lock:", key), token: token() };
        let mut set = redis::cmd("SET");
        set.arg(&*lock.key).arg(&*lock.token).arg("NX").arg("PX").arg(millis(self.lock));
        match self.redis.query::<Option<String>>(&set, self.deadline).await {
            Ok(Some(_)) => *place = Some(lock),
            Ok(None) => {
                lock.forget();
                return false;
            }
            Err(error) => {
                complain(&error);
                lock.forget();
            }
        }
        true
    }

    /// Keeps the answer, and gives the lock back.
    pub(super) async fn keep(&self, key: &Key, entry: &Entry, lifetime: Lifetime, lock: Option<Lock>) {
        let Some(value) = entry.encode(lifetime) else { return };
        let mut keep = KEEP.key(self.name("", key));
        keep.key(self.name("lock:", key))
            .key(format!("{}ends", self.prefix))
            .key(format!("{}sizes", self.prefix));
        keep.arg(value).arg(millis(lifetime.fresh + lifetime.stale)).arg(&*self.prefix).arg(key.name());
        keep.arg(self.max_entries).arg(self.max_bytes);
        if self.query::<i64>(&keep).await.is_some() {
            lock.map(Lock::forget);
        }
    }

    /// Remembers that the answer may not be kept, and gives the lock back.
    pub(super) async fn refuse(&self, key: &Key, time: Duration, lock: Option<Lock>) {
        let mut refuse = REFUSE.key(self.name("", key));
        refuse.key(self.name("lock:", key)).arg(REFUSED).arg(millis(time));
        if self.query::<i64>(&refuse).await.is_some() {
            lock.map(Lock::forget);
        }
    }

    fn name(&self, kind: &str, key: &Key) -> String {
        format!("{}{kind}{}", self.prefix, key.name())
    }

    async fn query<T: redis::FromRedisValue + Send + Sync>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Option<T> {
        self.redis.query(script, self.deadline).await.inspect_err(complain).ok()
    }
}

impl Lock {
    /// Nobody's lock: there is nothing to give back.
    fn forget(mut self) -> Remote {
        self.token.clear();
        Remote::Busy
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.token.is_empty() {
            return;
        }
        let (cache, key, token) =
            (self.cache.clone(), std::mem::take(&mut self.key), std::mem::take(&mut self.token));
        self.cache.redis.runtime().spawn(async move {
            let mut unlock = UNLOCK.key(key);
            unlock.arg(token);
            let _: Option<i64> = cache.query(&unlock).await;
        });
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(1 << 52)
}

/// Names one attempt. Without random bytes two instances may give back each other's lock, which costs an answer made twice.
fn token() -> String {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    format!("t{:016x}", u64::from_le_bytes(bytes))
}

fn complain(error: &RedisError) {
    tracing::debug!(%error, "the response cache does without Redis");
}
