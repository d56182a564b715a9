//! How much every instance has published: a Redis hash `<key>:published` from uid to `<total> <time>`, where
//! the time is when the field was written, in seconds.
//!
//! Publishers write it behind each batch. Whoever was cut off has it sent to itself, in one step and on the
//! connection on which it hears the others: what is counted came before it, what was not came after.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, cmd};
use serde::Deserialize;
use tokio::time::sleep;

use crate::protocol::classic;
use crate::redis::{Backoff, Redis};

/// How long the total of an instance that says nothing is kept, in seconds.
const LEASE: u64 = 24 * 60 * 60;
/// How often an instance renews its own.
const RENEW: Duration = Duration::from_secs(60 * 60);
/// How long the others may take to be back after a loss that was everybody's, and to say what they published:
/// longer than noticing a silent server and subscribing again.
const SETTLE: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(1);

/// Writes the own total where it is missing or older, takes out those whose time is over, and sends the others'.
/// A server that takes no writes at the moment still says what it has.
const AUDIT: &str = "
local now = redis.call('TIME')[1]
local all = redis.call('HGETALL', KEYS[1])
local totals, own = {}, tonumber(ARGV[2])
for n = 1, #all, 2 do
  local total, written = string.match(all[n + 1], '^(%d+) (%d+)$')
  if all[n] == ARGV[1] then
    own = math.max(own, tonumber(total or 0))
  elseif not total or tonumber(written) + ARGV[5] < tonumber(now) then
    redis.pcall('HDEL', KEYS[1], all[n])
  else
    totals[all[n]] = total
  end
end
if own > 0 then redis.pcall('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', own, now)) end
return redis.call('PUBLISH', ARGV[3], cjson.encode({settled = ARGV[4] == '1', totals = totals}))";

/// What an audit sends to its own instance.
#[derive(Debug, Deserialize)]
struct Sent {
    settled: bool,
    totals: HashMap<String, String>,
}

/// The totals of the other instances.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) settled: bool,
    pub(super) of: HashMap<String, u64>,
}

impl Totals {
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let Sent { settled, totals } = serde_json::from_slice(payload).ok()?;
        let of = totals.into_iter().filter_map(|(uid, total)| Some((uid, total.parse().ok()?))).collect();
        Some(Self { settled, of })
    }
}

/// What a publisher writes behind a batch.
pub(super) fn total(key: &str, uid: &str, total: u64) -> Cmd {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut write = cmd("HSET");
    write.arg(hash(key)).arg(uid).arg(format!("{total} {}", now.as_secs()));
    write
}

/// The own total as Redis knows it; 0 when it knows none.
pub(super) async fn published(
    connection: &mut MultiplexedConnection,
    key: &str,
    uid: &str,
) -> RedisResult<u64> {
    let stored: Option<String> = cmd("HGET").arg(hash(key)).arg(uid).query_async(connection).await?;
    let total = stored.as_deref().and_then(|stored| stored.split(' ').next()?.parse().ok());
    Ok(total.unwrap_or_default())
}

/// Has the totals sent while the subscription is held: at once, when everybody had time to settle, and from
/// then on each time the own one is renewed. `published` is how much this instance has.
pub(super) async fn keep(redis: &Redis, key: &str, uid: &str, published: impl Fn() -> u64) {
    let mut pause = SETTLE;
    for settled in std::iter::once(false).chain(std::iter::repeat(true)) {
        let mut backoff = Backoff::default();
        let mut told = false;
        loop {
            let mut audit = cmd("EVAL");
            audit.arg(AUDIT).arg(1).arg(hash(key)).arg(uid).arg(published());
            audit.arg(classic::totals_channel(key, uid)).arg(u8::from(settled)).arg(LEASE);
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
