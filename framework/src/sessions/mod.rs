//! Sessions that every instance shares: handlers take `actix_session::Session`, the rest happens around them.
//!
//! A request loads its session, the handler changes it, and only the keys it changed are committed, in one step
//! that refuses when the session has ended meanwhile. So requests of one session on different instances never
//! undo each other's writes, and nothing brings a session back that was logged out. What a handler does to the
//! session after it has answered, in a streamed body say, is not kept.
//!
//! A request without a session cookie costs the store nothing unless it writes. While the store is away,
//! requests with a session get 503 and the others pass.

mod cookie;
mod flash;
mod id;
mod memory;
mod middleware;
mod redis;
mod secrets;
mod service;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::config::Config;
use crate::redis::Redis;
use crate::{Error, Result};

pub(crate) use flash::Received;
pub use flash::{Flash, FlashMessage};
pub(crate) use id::Id;
pub(crate) use middleware::{serve, start};
pub(crate) use secrets::load as secrets;
pub use service::Sessions;

/// What a session holds: its keys with their values as JSON text.
pub(crate) type Values = HashMap<String, String>;

/// What a store knows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// It lives and holds this.
    Alive(Values),
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
}

impl Delta {
    pub(crate) fn between(before: &Values, after: &Values) -> Self {
        let changed = |(key, value): &(&String, &String)| before.get(*key) != Some(value);
        let set = after.iter().filter(changed).map(|(key, value)| (key.clone(), value.clone())).collect();
        let removed = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        Self { set, removed }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }
}

/// The port to where sessions live. Each call is one step that others see whole or not at all; a failed call is
/// an error, never a missing session. Stores end sessions by themselves once idle or old enough.
pub(crate) trait Store: Debug + Send + Sync {
    /// What is known of the session; counts as a use of it.
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>>;

    /// Starts a session.
    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<()>>;

    /// Applies a change; `false` when the session has ended: then nothing is written.
    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>>;

    /// Moves the session to the id `to` and applies a change; `false` as for `commit`. From then on `id` is
    /// dead: for some seconds as [`Loaded::Renewed`], then as [`Loaded::Gone`].
    fn renew<'a>(&'a self, id: &'a Id, to: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>>;

    /// Ends the session.
    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>>;
}

/// Sessions in the memory of this process: for one instance.
pub(crate) fn memory(config: &Config) -> Arc<dyn Store> {
    Arc::new(memory::MemoryStore::new(&config.session))
}

/// Sessions in Redis: shared by every instance.
pub(crate) fn redis(redis: Redis, config: &Config) -> Arc<dyn Store> {
    Arc::new(self::redis::RedisStore::new(redis, &config.session))
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
        "the session would hold {bytes} bytes, more than {max}: keep large values in a model, or raise max_bytes in config/session.toml"
    )]
    TooLarge { bytes: usize, max: usize },
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
