//! How much every instance has published: a Redis hash `<key>:published` from `<uid><namespace>` to
//! `<total> <time>`, where the time is when the field was written, in seconds.
//!
//! Publishers write it behind each batch. Whoever was cut off has it sent to itself, in one step and on the
//! connection on which it hears the others: what is counted came before it, what was not came after.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use redis::{Cmd, RedisResult, cmd};
use serde::Deserialize;
use tokio::time::sleep;

use super::channels::Channels;
use crate::protocol::classic;
use crate::redis::{Backoff, Line, Redis};

/// How long the total of an instance that says nothing is kept, in seconds.
const LEASE: u64 = 24 * 60 * 60;
/// How often an instance renews its own.
const RENEW: Duration = Duration::from_secs(60 * 60);
/// How long the others may take to be back after a loss that was everybody's, and to say what they published:
/// longer than noticing a silent server and subscribing again.
const SETTLE: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(1);

/// Writes the own totals where they are missing or older, takes out those whose time is over, and sends the others'.
/// A server that takes no writes at the moment still says what it has.
const AUDIT: &str = "
local now = redis.call('TIME')[1]
local uid, own, totals = ARGV[1], {}, {}
for n = 5, #ARGV, 2 do own[uid .. ARGV[n]] = tonumber(ARGV[n + 1]) end
local all = redis.call('HGETALL', KEYS[1])
for n = 1, #all, 2 do
  local total, written = string.match(all[n + 1], '^(%d+) (%d+)$')
  if own[all[n]] then
    own[all[n]] = math.max(own[all[n]], tonumber(total or 0))
  elseif not total or tonumber(written) + ARGV[4] < tonumber(now) then
    redis.pcall('HDEL', KEYS[1], all[n])
  else
    totals[all[n]] = total
  end
end
for field, total in pairs(own) do
  if total > 0 then redis.pcall('HSET', KEYS[1], field, string.format('%.0f %s', total, now)) end
end
return redis.call('PUBLISH', ARGV[2], cjson.encode({settled = ARGV[3] == '1', totals = totals}))";

/// What an audit sends to its own instance.
#[derive(Debug, Deserialize)]
struct Sent {
    settled: bool,
    totals: HashMap<String, String>,
}

/// The totals of the other instances by `<uid><namespace>`.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) settled: bool,
    pub(super) of: HashMap<String, u64>,
}

impl Totals {
    /// Those of namespaces that are heard: others miss nothing.
    pub(super) fn decode(payload: &[u8], channels: &Channels) -> Option<Self> {
        let Sent { settled, totals } = serde_json::from_slice(payload).ok()?;
        let read = |(field, total): (String, String)| {
            let (_, namespace) = field.split_at_checked(field.find('/')?)?;
            if channels.are_heard(namespace) { Some((field, total.parse().ok()?)) } else { None }
        };
        Some(Self { settled, of: totals.into_iter().filter_map(read).collect() })
    }
}

/// What a publisher writes behind a batch: the totals that have changed, if there are any.
pub(super) fn write(key: &str, uid: &str, namespaces: &[String], totals: &[Option<u64>]) -> Option<Cmd> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut write = cmd("HSET");
    write.arg(hash(key));
    for (namespace, total) in namespaces.iter().zip(totals) {
        if let Some(total) = total {
            write.arg(format!("{uid}{namespace}")).arg(format!("{total} {now}"));
        }
    }
    totals.iter().any(Option::is_some).then_some(write)
}

/// The own totals by namespace as Redis knows them; 0 where it knows none.
pub(super) async fn published(
    connection: &mut Line,
    key: &str,
    uid: &str,
    namespaces: &[String],
) -> RedisResult<Vec<u64>> {
    // The first field is nobody's: without any the command would be none.
    let mut read = cmd("HMGET");
    read.arg(hash(key)).arg(uid);
    for namespace in namespaces {
        read.arg(format!("{uid}{namespace}"));
    }
    let stored: Vec<Option<String>> = read.query_async(connection).await?;
    let total = |stored: Option<String>| stored.and_then(|stored| stored.split(' ').next()?.parse().ok());
    Ok(stored.into_iter().skip(1).map(|stored| total(stored).unwrap_or_default()).collect())
}

/// Has the totals sent while the subscription is held: at once, when everybody had time to settle, and from
/// then on each time the own ones are renewed. `published` is how much this instance has, by namespace.
pub(super) async fn keep(
    redis: &Redis,
    key: &str,
    uid: &str,
    namespaces: &[String],
    published: impl Fn() -> Vec<u64>,
) {
    let mut pause = SETTLE;
    for settled in std::iter::once(false).chain(std::iter::repeat(true)) {
        let mut backoff = Backoff::default();
        let mut told = false;
        loop {
            let mut audit = cmd("EVAL");
            audit.arg(AUDIT).arg(1).arg(hash(key)).arg(uid);
            audit.arg(classic::totals_channel(key, uid)).arg(u8::from(settled)).arg(LEASE);
            for (namespace, total) in namespaces.iter().zip(published()) {
                audit.arg(namespace).arg(total);
            }
            match redis.query::<u64>(&audit, DEADLINE).await {
                Ok(_) => break,
                Err(error) if !told => {
                    told = true;
                    tracing::debug!(%error, "how much others published is not known yet");
                }
                Err(_) => {}
            }
            sleep(backoff.next()).await;
        }
        sleep(pause).await;
        pause = RENEW;
    }
}

fn hash(key: &str) -> String {
    format!("{key}:published")
}
