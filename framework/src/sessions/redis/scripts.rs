//! What Redis does with a session in one step.

use std::sync::LazyLock;

use redis::Script;

/// A script with the functions it names before its body: Redis makes them anew at each call.
macro_rules! script {
    ($($part:ident),*; $body:literal) => {
        LazyLock::new(|| Script::new(concat!($($part!(),)* $body)))
    };
}

/// The server's time in milliseconds, and a number as Redis takes it.
macro_rules! time {
    () => {
        "local function now()
           local time = redis.call('TIME')
           return time[1] * 1000 + math.floor(time[2] / 1000)
         end
         local function whole(number)
           return string.format('%d', number)
         end\n"
    };
}

/// Writes at the time `now`. Arguments from `at` on: how many fields to set, then each with its value, then the fields to
/// remove.
macro_rules! apply {
    () => {
        "local function apply(key, now, lifetime, at)
           local first_removed = at + 1 + 2 * ARGV[at]
           local from = at + 1
           repeat
             local to = math.min(from + 99, first_removed - 1)
             redis.call('HSET', key, '_s', whole(now), unpack(ARGV, from, to))
             from = to + 1
           until from >= first_removed
           for i = first_removed, #ARGV do
             redis.call('HDEL', key, ARGV[i])
           end
           redis.call('PEXPIRE', key, whole(lifetime))
         end\n"
    };
}

/// The idle time begins anew, once a tenth of it is over.
macro_rules! prolong {
    () => {
        "local function prolong(key, idle, ends)
           if redis.call('PTTL', key) < idle * 0.9 then
             redis.call('PEXPIRE', key, whole(math.max(1, math.min(idle, ends - now()))))
           end
         end\n"
    };
}

/// `tie` writes who is signed in and the user's index, a sorted set of the hashes of ids by the time of sign-in; it answers
/// whose sessions had to end. Keys beside those of the session are made from the prefix: all must be on one server.
macro_rules! users {
    () => {
        "local function index(prefix, user)
           return prefix .. 'user:' .. user
         end
         local function tie(prefix, key, user, label, max, left)
           local index, ended = index(prefix, user), {}
           if redis.call('ZCARD', index) >= max then
             for _, other in ipairs(redis.call('ZRANGE', index, 0, -1)) do
               if redis.call('HEXISTS', prefix .. other, '_a') == 0 then redis.call('ZREM', index, other) end
             end
             while redis.call('ZCARD', index) >= max do
               local oldest = redis.call('ZRANGE', index, 0, 0)[1]
               redis.call('ZREM', index, oldest)
               redis.call('DEL', prefix .. oldest)
               ended[#ended + 1] = oldest
             end
           end
           redis.call('HSET', key, '_u', user, '_l', label)
           redis.call('ZADD', index, whole(now()), string.sub(key, #prefix + 1))
           redis.call('PEXPIRE', index, whole(math.max(redis.call('PTTL', index), left, 1)))
           return ended
         end\n"
    };
}

/// Arguments: prefix, idle and absolute lifetime, the most sessions of a user, the user (none: empty) and a label, then
/// those of `apply`. Answers the sessions that had to end.
pub(super) static CREATE: LazyLock<Script> = script!(time, apply, users;
    "local started, absolute = now(), tonumber(ARGV[3])
     redis.call('HSET', KEYS[1], '_c', whole(started), '_a', whole(started + absolute))
     apply(KEYS[1], started, math.min(tonumber(ARGV[2]), absolute), 7)
     if ARGV[5] == '' then return {} end
     return tie(ARGV[1], KEYS[1], ARGV[5], ARGV[6], tonumber(ARGV[4]), absolute)"
);

/// Arguments: idle lifetime, then those of `apply`. Answers 0 when the session has ended.
pub(super) static COMMIT: LazyLock<Script> = script!(time, apply;
    "local ends = redis.call('HGET', KEYS[1], '_a')
     if not ends then return 0 end
     local now = now()
     if now >= tonumber(ends) then return 0 end
     apply(KEYS[1], now, math.min(tonumber(ARGV[1]), ends - now), 2)
     return 1"
);

/// Arguments: prefix, idle lifetime, how long to remember, the most sessions of a user, the user (the same as before:
/// empty) and a label, then those of `apply`. Answers nothing when the session has ended, else as `CREATE`.
pub(super) static RENEW: LazyLock<Script> = script!(time, apply, users;
    "local ends = redis.call('HGET', KEYS[1], '_a')
     if not ends then return false end
     local now = now()
     local left = ends - now
     if left <= 0 then return false end
     local prefix, user, label = ARGV[1], ARGV[5], ARGV[6]
     redis.call('RENAME', KEYS[1], KEYS[2])
     redis.call('HSET', KEYS[1], '_r', '1')
     redis.call('PEXPIRE', KEYS[1], ARGV[3])
     apply(KEYS[2], now, math.min(tonumber(ARGV[2]), left), 7)
     local before = redis.call('HMGET', KEYS[2], '_u', '_l')
     if before[1] then
       redis.call('ZREM', index(prefix, before[1]), string.sub(KEYS[1], #prefix + 1))
       if user == '' then user, label = before[1], before[2] end
     end
     if user == '' then return {} end
     return tie(prefix, KEYS[2], user, label, tonumber(ARGV[4]), left)"
);

/// Argument: prefix.
pub(super) static DESTROY: LazyLock<Script> = script!(time, users;
    "local user = redis.call('HGET', KEYS[1], '_u')
     if user then redis.call('ZREM', index(ARGV[1], user), string.sub(KEYS[1], #ARGV[1] + 1)) end
     return redis.call('DEL', KEYS[1])"
);

/// The key is a user's index. Arguments: prefix. Answers the hash of the id, `_c`, `_s` and `_l` of each living session.
pub(super) static LIST: LazyLock<Script> = script!(;
    "local told = {}
     for _, own in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
       local known = redis.call('HMGET', ARGV[1] .. own, '_c', '_s', '_l')
       if known[1] then
         told[#told + 1] = {own, known[1], known[2] or known[1], known[3] or ''}
       else
         redis.call('ZREM', KEYS[1], own)
       end
     end
     return told"
);

/// The key is a user's index. Arguments: prefix, `one`, `but` or `all`, and the hash of an id. Answers the sessions that
/// ended.
pub(super) static END: LazyLock<Script> = script!(;
    "local ended = {}
     for _, own in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
       if ARGV[2] == 'all' or (ARGV[2] == 'one') == (own == ARGV[3]) then
         if redis.call('DEL', ARGV[1] .. own) == 1 then ended[#ended + 1] = own end
         redis.call('ZREM', KEYS[1], own)
       end
     end
     return ended"
);

/// Arguments: idle lifetime, the field, what to add. Answers `{0}` when the session has ended, `{1, number}`, or `{2}`
/// when there is no number.
pub(super) static ADD: LazyLock<Script> = script!(time, prolong;
    "local ends = redis.call('HGET', KEYS[1], '_a')
     if not ends then return {0, ''} end
     local added = redis.pcall('HINCRBY', KEYS[1], ARGV[2], ARGV[3])
     if type(added) == 'table' then
       if string.find(added.err, 'integer') or string.find(added.err, 'overflow') then return {2, ''} end
       return added
     end
     prolong(KEYS[1], tonumber(ARGV[1]), ends)
     if math.abs(added) > 9007199254740991 then added = redis.call('HGET', KEYS[1], ARGV[2]) end
     return {1, added}"
);

/// Arguments: idle lifetime, the field, the new value, the value that must stand there (none: no such field). Answers
/// `{0}` when the session has ended, `{1}` when it is done, `{2, value}` or `{3}` when another value or none stands there.
pub(super) static SWAP: LazyLock<Script> = script!(time, prolong;
    "local ends, holds = unpack(redis.call('HMGET', KEYS[1], '_a', ARGV[2]))
     if not ends then return {0, ''} end
     if holds ~= (ARGV[4] or false) then
       if holds then return {2, holds} end
       return {3, ''}
     end
     redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
     prolong(KEYS[1], tonumber(ARGV[1]), ends)
     return {1, ''}"
);

/// Argument: the token the lock was taken with.
pub(super) static UNLOCK: LazyLock<Script> = script!(;
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
     return 1"
);
