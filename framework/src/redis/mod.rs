//! Redis: a pipelined connection of each worker, and one of everything else, for what is asked often; a pool for what needs a
//! connection of its own.
//!
//! All but the workers' own live on the runtime given to [`Redis::open`], which outlives them. Nothing waits
//! longer than its deadline, and while Redis is away every command fails at once.

mod backoff;
mod check;
mod error;
mod hosts;
mod link;
mod near;
mod pool;
#[cfg(feature = "redis-sentinel")]
mod sentinel;
mod server;
mod target;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, RedisResult, ScriptInvocation};
use tokio::runtime::Handle;
use tokio::time::timeout;

pub(crate) use backoff::Backoff;
pub(crate) use error::RedisError;
use link::{Doubt, Link, Voice};
use pool::{Lent, Pool};
pub(crate) use server::RedisServer;
#[cfg(all(test, feature = "redis-sentinel"))]
pub(crate) use server::watched::Watched;
use target::Target;
pub(crate) use wire::{Ear, Heard, Line, Mouth};

use crate::config::DatastoreConfig;
use crate::health::Check;

/// How long a connection may take to be made, greeting included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A Redis server, reached when there is something to ask. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Inner>);

struct Inner {
    number: u64,
    target: Target,
    address: Arc<str>,
    runtime: Handle,
    link: Arc<Link>,
    pool: Pool,
}

impl Redis {
    /// Prepares the connections to `config.url`; returns at once, whether the server is there or not.
    ///
    /// # Errors
    /// When the URL is no Redis address, or asks for an encryption that can't be had.
    pub(crate) fn open(config: &DatastoreConfig, runtime: &Handle) -> Result<Self, RedisError> {
        let address: Arc<str> = config.address().into();
        let target = Target::of(config)?;
        let pool = pool::open(config, target.clone())?;
        let link = Arc::new(Link::open(target.clone(), address.clone(), runtime, Voice::Loud));
        let number = near::number();
        Ok(Self(Arc::new(Inner { number, target, address, runtime: runtime.clone(), link, pool })))
    }

    /// The address without its password.
    pub(crate) fn address(&self) -> &Arc<str> {
        &self.0.address
    }

    /// The host and port of the address; nothing when it is a file of this machine.
    pub(crate) fn host(&self) -> Option<(&str, u16)> {
        self.0.target.host()
    }

    /// The runtime the connections live on.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// A further connection, on which these channels are heard from now on. Call it on [`Redis::runtime`].
    ///
    /// # Errors
    /// When the server is away, or does not let this app hear them.
    pub(crate) async fn listen(&self, patterns: &[String], channels: &[String]) -> RedisResult<(Mouth, Ear)> {
        self.0.target.listen(patterns, channels).await
    }

    /// Asks on the calling worker's connection, or the shared one.
    ///
    /// # Errors
    /// While there is no connection, after `deadline`, and when Redis answers with an error.
    pub(crate) async fn query<T>(&self, question: &impl Question, deadline: Duration) -> Result<T, RedisError>
    where
        T: FromRedisValue + Send + Sync,
    {
        let link = self.link();
        let asked = async {
            let (id, mut connection) = link.connection().await?;
            Ok((id, question.ask::<T>(&mut connection).await))
        };
        match timeout(deadline, asked).await {
            Ok(Ok((_, Ok(answer)))) => Ok(answer),
            Ok(Ok((id, Err(source)))) => {
                let error = RedisError::answer(self.address(), source);
                if let Some(doubt) = error.doubt() {
                    link.doubt(id, doubt);
                }
                Err(error)
            }
            Ok(Err(away)) => Err(away),
            Err(_) => {
                link.doubt_current(Doubt::Slow);
                Err(RedisError::Late { address: self.address().clone(), deadline })
            }
        }
    }

    /// A connection of the pool, for what must not share one: blocking commands, transactions, locks.
    ///
    /// # Errors
    /// When none is free within the datastore's `acquire_timeout`, or the server is away.
    #[allow(dead_code, reason = "for locks and administration, which come with upper floors")]
    pub(crate) async fn dedicated(&self) -> Result<Lent, RedisError> {
        let pool = self.0.pool.clone();
        let got = self.0.runtime.spawn(async move { pool.get().await }).await;
        match got {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => {
                Err(RedisError::Pool { address: self.address().clone(), reason: error.to_string() })
            }
            Err(_) => Err(RedisError::Away { address: self.address().clone(), reason: "it stops".into() }),
        }
    }

    /// A further connection whose commands wait for as long as it lives. Call it on [`Redis::runtime`].
    pub(crate) async fn connect(&self) -> RedisResult<Line> {
        self.0.target.line(|| {}).await
    }

    /// Asks whether Redis answers, which version it is, and whether it takes what is written.
    pub(crate) fn check(&self) -> Check {
        let redis = self.clone();
        Check::new("redis", move || check::run(redis.clone())).for_readiness()
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.0.address).finish()
    }
}

/// Without limits of its own: [`Target`] and whoever asks have theirs.
fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

/// What can be asked: a command, a pipeline, or a script (sent by its hash; its text only when Redis does not
/// have it yet).
pub(crate) trait Question: Sync {
    fn ask<T: FromRedisValue + Send + Sync>(
        &self,
        connection: &mut Line,
    ) -> impl Future<Output = RedisResult<T>> + Send;
}

impl Question for Cmd {
    async fn ask<T: FromRedisValue + Send + Sync>(&self, connection: &mut Line) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

impl Question for Pipeline {
    async fn ask<T: FromRedisValue + Send + Sync>(&self, connection: &mut Line) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

impl Question for ScriptInvocation<'_> {
    async fn ask<T: FromRedisValue + Send + Sync>(&self, connection: &mut Line) -> RedisResult<T> {
        self.invoke_async(connection).await
    }
}
