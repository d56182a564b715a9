//! Presence of all instances, in Redis.
//!
//! | key | what |
//! |---|---|
//! | `<key>:presence:room:<room>` | hash: socket id → `{"i": instance, "m": meta}` |
//! | `<key>:presence:rooms:<instance>` | set: the rooms in which the instance has entries |
//! | `<key>:presence:leases` | sorted set: instance → end of its lease, in ms of Redis' own clock |
//! | `<key>:presence:about` | hash: instance → what it tells about itself, for `doctor` |

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::{Cmd, cmd, pipe};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::memory::MemoryPresence;
use super::{Beat, Entry, PresenceStore, Present};
use crate::Result;
use crate::redis::Redis;

/// How long an instance may be silent before the others take it for dead, in ms.
const LEASE: u64 = 5_000;

const DEADLINE: Duration = Duration::from_secs(1);

/// Renews the lease; answers whether it was gone, and who else's ran out.
const RENEW: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local new = redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return {new, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)}";

/// Takes out what an instance has in the lists: when its lease has run out, or when it is its own wish. The
/// entries go to exactly one caller.
const SWEEP: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] == '0' and (not lease or tonumber(lease) > now) then return {} end
local left = {}
for _, room in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local list = redis.call('HGETALL', ARGV[2] .. room)
  for n = 1, #list, 2 do
    if cjson.decode(list[n + 1]).i == ARGV[1] then
      redis.call('HDEL', ARGV[2] .. room, list[n])
      left[#left + 1] = {room, list[n], list[n + 1]}
    end
  end
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return left";

/// The instances whose lease runs, each with what it tells about itself.
const RUNNING: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local running = {}
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  running[#running + 1] = {instance, redis.call('HGET', KEYS[2], instance) or ''}
end
return running";

/// Presence lists in Redis, with this instance's own entries kept here to put them back.
#[derive(Debug)]
pub(crate) struct RedisPresence {
    redis: Redis,
    prefix: String,
    instance: String,
    /// What this instance tells about itself.
    about: String,
    own: MemoryPresence,
    /// Whether a change could not be stored: then the lists are made right at the next beat.
    missed: AtomicBool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "i")]
    instance: String,
    #[serde(rename = "m")]
    meta: Value,
}

impl RedisPresence {
    pub(crate) fn new(redis: Redis, key: &str, instance: &str, about: String) -> Self {
        Self {
            redis,
            prefix: prefix(key),
            instance: instance.to_owned(),
            about,
            own: MemoryPresence::default(),
            missed: AtomicBool::new(false),
        }
    }

    fn room_key(&self, room: &str) -> String {
        format!("{}room:{room}", self.prefix)
    }

    fn rooms_key(&self, instance: &str) -> String {
        format!("{}rooms:{instance}", self.prefix)
    }

    fn leases_key(&self) -> String {
        format!("{}leases", self.prefix)
    }

    fn about_key(&self) -> String {
        format!("{}about", self.prefix)
    }

    async fn store(&self, room: &str, who: &Present) -> Result<()> {
        let stored = Stored { instance: self.instance.clone(), meta: who.meta.clone() };
        let mut both = pipe();
        both.cmd("HSET").arg(self.room_key(room)).arg(&who.id).arg(serde_json::to_string(&stored)?).ignore();
        both.cmd("SADD").arg(self.rooms_key(&self.instance)).arg(room).ignore();
        Ok(self.redis.query::<()>(&both, DEADLINE).await?)
    }

    fn renew(&self) -> Cmd {
        let mut renew = cmd("EVAL");
        renew.arg(RENEW).arg(1).arg(self.leases_key()).arg(&self.instance).arg(LEASE);
        renew
    }

    async fn sweep(&self, instance: &str, alive: bool) -> Result<Vec<Entry>> {
        let mut sweep = cmd("EVAL");
        sweep.arg(SWEEP).arg(3).arg(self.leases_key()).arg(self.rooms_key(instance)).arg(self.about_key());
        sweep.arg(instance).arg(self.room_key("")).arg(u8::from(alive));
        let left: Vec<(String, String, String)> = self.redis.query(&sweep, DEADLINE).await?;
        Ok(left.into_iter().map(|(room, id, stored)| Entry { room, who: present(id, &stored) }).collect())
    }

    /// Replaces what the store has of this instance by what is true, and tells the difference.
    async fn make_right(&self) -> Result<Beat> {
        self.missed.store(false, Ordering::Relaxed);
        let stored = self.watch(self.sweep(&self.instance, true).await)?;
        let mut back = pipe();
        back.cmd("HSET").arg(self.about_key()).arg(&self.instance).arg(&self.about).ignore();
        back.add_command(self.renew()).ignore();
        self.watch(self.redis.query::<()>(&back, DEADLINE).await.map_err(Into::into))?;
        let own: Vec<Entry> = self.own.all().into_iter().map(|(room, who)| Entry { room, who }).collect();
        for Entry { room, who } in &own {
            self.watch(self.store(room, who).await)?;
        }
        let has = |list: &[Entry], entry: &Entry| {
            list.iter().any(|e| e.room == entry.room && e.who.id == entry.who.id)
        };
        let left = stored.iter().filter(|entry| !has(&own, entry)).cloned().collect();
        let back = own.iter().filter(|entry| !has(&stored, entry)).cloned().collect();
        Ok(Beat { left, back })
    }

    /// Remembers that something could not be stored.
    fn watch<T>(&self, stored: Result<T>) -> Result<T> {
        if stored.is_err() {
            self.missed.store(true, Ordering::Relaxed);
        }
        stored
    }
}

fn prefix(key: &str) -> String {
    format!("{key}:presence:")
}

/// The instances that run with this `key` in this Redis, each with what it tells about itself.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn running(redis: &Redis, key: &str) -> Result<Vec<(String, String)>> {
    let prefix = prefix(key);
    let mut question = cmd("EVAL");
    question.arg(RUNNING).arg(2).arg(format!("{prefix}leases")).arg(format!("{prefix}about"));
    Ok(redis.query(&question, DEADLINE).await?)
}

fn present(id: String, stored: &str) -> Present {
    let meta = serde_json::from_str::<Stored>(stored).map_or(Value::Null, |stored| stored.meta);
    Present { id, meta }
}

impl PresenceStore for RedisPresence {
    fn put<'a>(&'a self, room: &'a str, who: &'a Present) -> BoxFuture<'a, Result<()>> {
        self.own.insert(room, who);
        Box::pin(async move { self.watch(self.store(room, who).await) })
    }

    fn remove<'a>(&'a self, room: &'a str, id: &'a str) -> BoxFuture<'a, Result<()>> {
        self.own.take(room, id);
        Box::pin(async move {
            let mut remove = cmd("HDEL");
            remove.arg(self.room_key(room)).arg(id);
            self.watch(self.redis.query::<()>(&remove, DEADLINE).await.map_err(Into::into))
        })
    }

    fn list<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<Vec<Present>>> {
        Box::pin(async move {
            let mut list = cmd("HGETALL");
            list.arg(self.room_key(room));
            let stored: HashMap<String, String> = self.redis.query(&list, DEADLINE).await?;
            let mut list: Vec<_> = stored.into_iter().map(|(id, stored)| present(id, &stored)).collect();
            list.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(list)
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat>> {
        Box::pin(async move {
            let (new, dead): (u8, Vec<String>) = self.redis.query(&self.renew(), DEADLINE).await?;
            let mut beat = Beat::default();
            if new == 1 || self.missed.load(Ordering::Relaxed) {
                beat = self.make_right().await?;
            }
            for instance in dead {
                tracing::warn!(instance, "an instance is silent: its sockets are gone");
                beat.left.extend(self.sweep(&instance, false).await?);
            }
            Ok(beat)
        })
    }

    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut clear = pipe();
            for (room, who) in self.own.all() {
                clear.cmd("HDEL").arg(self.room_key(&room)).arg(who.id).ignore();
            }
            clear.cmd("DEL").arg(self.rooms_key(&self.instance)).ignore();
            clear.cmd("ZREM").arg(self.leases_key()).arg(&self.instance).ignore();
            clear.cmd("HDEL").arg(self.about_key()).arg(&self.instance).ignore();
            Ok(self.redis.query::<()>(&clear, DEADLINE).await?)
        })
    }
}
