//! The counts of every instance, one script a request. Redis' clock counts, not the instances'.

use std::fmt;
use std::time::Duration;

use redis::Script;

use super::Standing;
use crate::Result;
use crate::config::SecurityConfig;
use crate::redis::Redis;

const COUNT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local free_at = tonumber(redis.call('GET', KEYS[1]) or '0')
if free_at < now then free_at = now end
local next = free_at + interval
local early = next - now - span
if early > 0 then return { early, free_at - now } end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 0, next - now }
";

pub(super) struct Counts {
    redis: Redis,
    script: Script,
    prefix: String,
    deadline: Duration,
}

impl Counts {
    pub(super) fn new(redis: Redis, config: &SecurityConfig) -> Self {
        Self {
            redis,
            script: Script::new(COUNT),
            prefix: config.rate_limit_prefix.clone(),
            deadline: config.rate_limit_deadline.get(),
        }
    }

    pub(super) async fn count(&self, key: &str, interval: u64, span: u64) -> Result<Standing> {
        let mut question = self.script.key(format!("{}{key}", self.prefix));
        question.arg(interval).arg(span);
        let (early, used): (u64, u64) = self.redis.query(&question, self.deadline).await?;
        Ok(Standing::new(early, used, interval, span))
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").field("redis", &self.redis).finish_non_exhaustive()
    }
}
