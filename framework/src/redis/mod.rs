//! Redis: one pipelined connection for what is asked often, a pool for what needs a connection of its own.
//!
//! Every connection lives on the runtime given to [`Redis::open`], which outlives the workers. Nothing waits
//! longer than its deadline, and while Redis is away every command fails at once.

mod backoff;
mod check;
mod error;
mod link;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Manager, Pool, Runtime};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisResult,
    ScriptInvocation,
};
use tokio::runtime::Handle;
use tokio::time::timeout;

pub(crate) use backoff::Backoff;
pub(crate) use error::RedisError;
use link::{Doubt, Link};
pub(crate) use server::RedisServer;

use crate::config::DatastoreConfig;
use crate::health::Check;

/// How long a connection may take to be made, greeting included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long sent bytes may stay unacknowledged by the server's host before the kernel gives up.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);
/// The connections of the pool when the datastore's `pool_size` is 0.
const POOL_SIZE: usize = 16;

/// A Redis server, reached when there is something to ask. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    address: Arc<str>,
    runtime: Handle,
    link: Link,
    pool: Pool,
}

impl Redis {
    /// Prepares the connections to `config.url`; returns at once, whether the server is there or not.
    ///
    /// # Errors
    /// When the URL is no Redis address.
    pub(crate) fn open(config: &DatastoreConfig, runtime: &Handle) -> Result<Self, RedisError> {
        let address: Arc<str> = config.address().into();
        let bad_url = |source| RedisError::Url { address: address.clone(), source };
        let info = config.url.as_str().into_connection_info().map_err(bad_url)?;
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(TCP_USER_TIMEOUT);
        let info = info.set_tcp_settings(tcp);
        let client = Client::open(info.clone()).map_err(bad_url)?;
        let pool = pool(config, info).map_err(bad_url)?;
        let link = Link::open(client.clone(), address.clone(), runtime);
        Ok(Self(Arc::new(Inner { client, address, runtime: runtime.clone(), link, pool })))
    }

    /// The address without its password.
    pub(crate) fn address(&self) -> &Arc<str> {
        &self.0.address
    }

    /// The runtime the connections live on.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// What a subscriber connects with.
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    /// Asks on the shared connection.
    ///
    /// # Errors
    /// While there is no connection, after `deadline`, and when Redis answers with an error.
    pub(crate) async fn query<T>(&self, question: &impl Question, deadline: Duration) -> Result<T, RedisError>
    where
        T: FromRedisValue + Send + Sync,
    {
        let asked = async {
            let (id, mut connection) = self.0.link.connection().await?;
            Ok((id, question.ask::<T>(&mut connection).await))
        };
        match timeout(deadline, asked).await {
            Ok(Ok((_, Ok(answer)))) => Ok(answer),
            Ok(Ok((id, Err(source)))) => {
                let error = RedisError::answer(self.address(), source);
                if let Some(doubt) = error.doubt() {
                    self.0.link.doubt(id, doubt);
                }
                Err(error)
            }
            Ok(Err(away)) => Err(away),
            Err(_) => {
                self.0.link.doubt_current(Doubt::Slow);
                Err(RedisError::Late { address: self.address().clone(), deadline })
            }
        }
    }

    /// A connection of the pool, for what must not share one: blocking commands, transactions, locks.
    ///
    /// # Errors
    /// When none is free within the datastore's `acquire_timeout`, or the server is away.
    #[allow(dead_code, reason = "for locks and administration, which come with upper floors")]
    pub(crate) async fn dedicated(&self) -> Result<deadpool_redis::Connection, RedisError> {
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
    pub(crate) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = connection_config();
        link::within_deadline(self.0.client.get_multiplexed_async_connection_with_config(&config)).await
    }

    /// Asks whether Redis answers, which version it is, and whether it is one that keeps what is written.
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

fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT)).set_response_timeout(None)
}

fn pool(config: &DatastoreConfig, info: redis::ConnectionInfo) -> RedisResult<Pool> {
    let size = match config.pool_size {
        0 => POOL_SIZE,
        size => size as usize,
    };
    let connection = connection_config().set_response_timeout(Some(config.timeout.get()));
    let manager = Manager::new_with_config(info, connection)?;
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(config.acquire_timeout.get()))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| (redis::ErrorKind::InvalidClientConfig, "pool", error.to_string()).into())
}

/// What can be asked: a command, a pipeline, or a script (sent by its hash; its text only when Redis does not
/// have it yet).
pub(crate) trait Question: Sync {
    fn ask<T: FromRedisValue + Send + Sync>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> impl Future<Output = RedisResult<T>> + Send;
}

impl Question for Cmd {
    async fn ask<T: FromRedisValue + Send + Sync>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

impl Question for Pipeline {
    async fn ask<T: FromRedisValue + Send + Sync>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

impl Question for ScriptInvocation<'_> {
    async fn ask<T: FromRedisValue + Send + Sync>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        self.invoke_async(connection).await
    }
}
