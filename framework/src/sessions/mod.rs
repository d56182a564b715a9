//! Sessions that every instance shares: handlers take `actix_session::Session`, the rest happens around them.
//!
//! A request loads its session, the handler changes it, and only the keys it changed are committed, in one step
//! that refuses when the session has ended meanwhile. So requests of one session on different instances never
//! undo each other's writes, and nothing brings a session back that was logged out. What a handler does to the
//! session after it has answered, in a streamed body say, is not kept.
//!
//! A request without a session cookie costs the store nothing unless it writes. While the store is away,
//! requests with a session get 503 and the others pass.

mod breaker;
mod cookie;
mod figures;
mod flash;
mod id;
mod import;
mod list;
mod memory;
mod middleware;
mod redis;
mod secrets;
mod service;
mod shared;
mod sql;
mod turn;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{self, BoxFuture, FutureExt};

use crate::config::Config;
use crate::db::{self, DbError};
use crate::redis::Redis;
use crate::{Error, Result};

pub(crate) use flash::Received;
pub use flash::{Flash, FlashMessage};
pub(crate) use id::Id;
pub use list::SignedIn;
pub(crate) use list::{Owner, Which};
pub(crate) use middleware::{serve, start};
pub(crate) use secrets::{judge as judge_secret, load as secrets};
pub use service::Sessions;
pub use shared::SharedSession;
pub(crate) use turn::take as take_turn;

/// What a session holds: its keys with their values as JSON text.
pub(crate) type Values = HashMap<String, String>;

/// What a store knows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// It lives, holds this, and somebody may be signed in with it.
    Alive { values: Values, user: Option<String> },
    /// It lives on under another id, for which this request came too late.
    Renewed,
    /// There is none.
    Gone,
}

/// What a request changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    /// Keys with their new values.
    pub(crate) set: Vec<(String, String)>,
    /// Keys that go.
    pub(crate) removed: Vec<String>,
    /// Who signs in; with a new session or a new id only.
    pub(crate) owner: Option<Owner>,
}

impl Delta {
    pub(crate) fn between(before: &Values, after: &Values) -> Self {
        let changed = |(key, value): &(&String, &String)| before.get(*key) != Some(value);
        let set = after.iter().filter(changed).map(|(key, value)| (key.clone(), value.clone())).collect();
        let removed = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        Self { set, removed, owner: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty() && self.owner.is_none()
    }

    /// What it says about one key.
    fn only(mut self, key: &str) -> Self {
        self.set.retain(|(other, _)| other == key);
        self.removed.retain(|other| other == key);
        self
    }

    fn touches(&self, key: &str) -> bool {
        self.set.iter().any(|(other, _)| other == key) || self.removed.iter().any(|other| other == key)
    }

    fn apply(&self, values: &mut Values) {
        for key in &self.removed {
            values.remove(key);
        }
        values.extend(self.set.iter().cloned());
    }
}

/// The port to where sessions live. Each call is one step that others see whole or not at all; a failed call is
/// an error, never a missing session. Stores end sessions by themselves once idle or old enough.
pub(crate) trait Store: Debug + Send + Sync {
    /// What is known of the session; counts as a use of it.
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>>;

    /// Starts a session. When its user has too many, the oldest end: those are returned, by the hashes of their ids.
    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<Vec<String>>>;

    /// Applies a change; `false` when the session has ended: then nothing is written.
    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>>;

    /// Moves the session to the id `to` and applies a change; nothing when it has ended, else what `create` returns.
    /// From then on `id` is dead: for some seconds as [`Loaded::Renewed`], then as [`Loaded::Gone`].
    fn renew<'a>(
        &'a self,
        id: &'a Id,
        to: &'a Id,
        delta: &'a Delta,
    ) -> BoxFuture<'a, Result<Option<Vec<String>>>>;

    /// Ends the session.
    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>>;

    /// The living sessions of a user, those of older sign-ins first.
    fn of_user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SignedIn>>>;

    /// Ends sessions of a user; returns which, by the hashes of their ids.
    fn end<'a>(&'a self, user: &'a str, which: Which<'a>) -> BoxFuture<'a, Result<Vec<String>>>;

    /// Whether each of these sessions lives, by the hashes of their ids; no use of them.
    fn alive<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<bool>>>;

    /// Adds to the whole number under `key`, which counts as 0 when there is none.
    fn add<'a>(&'a self, id: &'a Id, key: &'a str, by: i64) -> BoxFuture<'a, Result<Added>>;

    /// Puts `new` under `key` if `old` stands there (nothing: no such key).
    fn swap<'a>(
        &'a self,
        id: &'a Id,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Swapped>>;

    /// Takes the session's lock for `lease`, unless somebody else has it; whether it did.
    fn lock<'a>(&'a self, id: &'a Id, token: &'a str, lease: Duration) -> BoxFuture<'a, Result<bool>>;

    /// Gives the lock back, if it is still held with `token`.
    fn unlock<'a>(&'a self, id: &'a Id, token: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Makes what the store needs, before its first use.
    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        future::ready(Ok(())).boxed()
    }

    /// Removes what has expired, where that does not happen by itself.
    fn sweep(&self) -> BoxFuture<'_, Result<()>> {
        future::ready(Ok(())).boxed()
    }
}

/// What came of adding to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// The number is now this.
    Now(i64),
    /// The session has ended: nothing was written.
    Gone,
    /// There is something else than a whole number of 64 bits, or the sum would be none.
    NoNumber,
}

/// What came of replacing a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Swapped {
    Done,
    /// The session has ended: nothing was written.
    Gone,
    /// This stands there instead.
    Holds(Option<String>),
}

/// Sessions in the memory of this process: for one instance.
pub(crate) fn memory(config: &Config) -> Arc<dyn Store> {
    Arc::new(memory::MemoryStore::new(&config.session))
}

/// Sessions in Redis: shared by every instance.
pub(crate) fn redis(redis: Redis, config: &Config) -> Arc<dyn Store> {
    Arc::new(self::redis::RedisStore::new(redis, &config.session))
}

/// Sessions in a SQL database: shared by every instance that uses it.
pub(crate) fn sql(store: db::Store, config: &Config) -> Arc<dyn Store> {
    Arc::new(sql::SqlStore::new(store, &config.session))
}

/// Why sessions can't be had as configured, or a change not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(
        "SESSION_SECRET is not set: in production it signs the session cookies, the same on every instance; \
         make one with: openssl rand -hex 32"
    )]
    NoSecret,
    #[error(
        "a secret in SESSION_SECRET or session.secret is shorter than {} characters: make one with: openssl rand -hex 32",
        secrets::MIN_LENGTH
    )]
    ShortSecret,
    #[error(
        "a secret in SESSION_SECRET or session.secret is a sample that everybody knows: make one with: openssl rand -hex 32"
    )]
    SampleSecret,
    #[error("{path} can't be used ({reason}): delete it, or set SESSION_SECRET", path = .path.display())]
    SecretFile { path: std::path::PathBuf, reason: String },
    #[error("the cookie name `{0}` is none: use letters, digits, `-` and `_` in session.cookie_name")]
    CookieName(String),
    #[error(
        "browsers refuse a cookie named `{0}` that is not secure: set session.cookie_secure = true or another session.cookie_name"
    )]
    InsecureName(String),
    #[error(
        "browsers refuse a cookie with SameSite=None that is not secure: set session.cookie_secure = true, or session.same_site \
         = \"lax\""
    )]
    InsecureSameSite,
    #[error(
        "the session would hold {bytes} bytes, more than {max}: keep large values in a model, or raise max_bytes in config/session.toml"
    )]
    TooLarge { bytes: usize, max: usize },
    #[error(
        "`{0}` in the session is no whole number of 64 bits, or would be none: `incr` counts with numbers only"
    )]
    NoNumber(String),
    #[error(
        "session.import needs the secret the old fleet signs its cookies with: put it into import_secret of \
         config/session.toml, such as import_secret = [\"${{SAILS_SECRET}}\"]"
    )]
    NoImportSecret,
    #[error(
        "the table `regatta_sessions`, which holds the sessions, can't be made ({why}): let the database's user create \
         tables, or make it yourself: CREATE TABLE regatta_sessions ({columns})"
    )]
    NoTable { why: DbError, columns: String },
    #[error("`{0}` can't sign in: a user's id has 1 to {max} bytes", max = list::LONGEST_USER)]
    User(String),
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
