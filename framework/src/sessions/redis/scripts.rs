//! What Redis does with a session in one step.

use std::sync::LazyLock;

use redis::Script;

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
pub(super) static CREATE: LazyLock<Script> = script!(
    "local started, idle, absolute = now(), tonumber(ARGV[1]), tonumber(ARGV[2])
     redis.call('HSET', KEYS[1], '_c', string.format('%d', started), '_a', string.format('%d', started + absolute))
     apply(KEYS[1], math.min(idle, absolute), 3)
     return 1"
);

/// Arguments: idle lifetime, then those of `apply`. Answers 0 when the session has ended.
pub(super) static COMMIT: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return 0 end
     apply(KEYS[1], math.min(tonumber(ARGV[1]), left), 2)
     return 1"
);

/// Arguments: idle lifetime, how long to remember, then those of `apply`. Answers 0 when the session has ended.
pub(super) static RENEW: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return 0 end
     redis.call('RENAME', KEYS[1], KEYS[2])
     redis.call('HSET', KEYS[1], '_r', '1')
     redis.call('PEXPIRE', KEYS[1], ARGV[2])
     apply(KEYS[2], math.min(tonumber(ARGV[1]), left), 3)
     return 1"
);

/// Arguments: idle lifetime, the field, what to add. Answers `{0}` when the session has ended, `{1, number}`, or `{2}`
/// when there is no number.
pub(super) static ADD: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return {0, ''} end
     local added = redis.pcall('HINCRBY', KEYS[1], ARGV[2], ARGV[3])
     if type(added) == 'table' and added.err then
       if string.find(added.err, 'integer') or string.find(added.err, 'overflow') then return {2, ''} end
       return added
     end
     redis.call('PEXPIRE', KEYS[1], string.format('%d', math.min(tonumber(ARGV[1]), left)))
     return {1, redis.call('HGET', KEYS[1], ARGV[2])}"
);

/// Arguments: idle lifetime, the field, the new value, the value that must stand there (none: no such field). Answers
/// `{0}` when the session has ended, `{1}` when it is done, `{2, value}` or `{3}` when another value or none stands there.
pub(super) static SWAP: LazyLock<Script> = script!(
    "local left = left(KEYS[1])
     if left <= 0 then return {0, ''} end
     local holds = redis.call('HGET', KEYS[1], ARGV[2])
     if holds ~= (ARGV[4] or false) then
       if holds then return {2, holds} end
       return {3, ''}
     end
     redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
     redis.call('PEXPIRE', KEYS[1], string.format('%d', math.min(tonumber(ARGV[1]), left)))
     return {1, ''}"
);

/// Argument: the token the lock was taken with.
pub(super) static UNLOCK: LazyLock<Script> = script!(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
     return 1"
);
