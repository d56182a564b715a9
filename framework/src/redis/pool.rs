//! Connections that are lent out one at a time.

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};

use super::target::Target;
use super::{CONNECT_TIMEOUT, RedisError, connection_config};
use crate::config::DatastoreConfig;

/// The connections of the pool when the datastore's `pool_size` is 0.
const POOL_SIZE: usize = 16;

/// What is lent: returned when dropped.
pub(crate) type Lent = Object<Lender>;

pub(super) type Pool = managed::Pool<Lender>;

pub(crate) struct Lender {
    target: Target,
    config: AsyncConnectionConfig,
}

impl managed::Manager for Lender {
    type Type = MultiplexedConnection;
    type Error = redis::RedisError;

    async fn create(&self) -> RedisResult<MultiplexedConnection> {
        self.target.connect(&self.config).await
    }

    /// Whether a returned connection still works; nothing of the last borrower's transaction stays.
    async fn recycle(
        &self,
        connection: &mut MultiplexedConnection,
        _: &Metrics,
    ) -> RecycleResult<redis::RedisError> {
        let mut both = redis::pipe();
        both.cmd("UNWATCH").ignore().cmd("PING");
        let (answer,): (String,) = both.query_async(connection).await?;
        if answer == "PONG" { Ok(()) } else { Err(RecycleError::message("it answered another question")) }
    }
}

pub(super) fn open(config: &DatastoreConfig, target: Target) -> Result<Pool, RedisError> {
    let size = match config.pool_size {
        0 => POOL_SIZE,
        size => size as usize,
    };
    let connection = connection_config().set_response_timeout(Some(config.timeout.get()));
    Pool::builder(Lender { target, config: connection })
        .max_size(size)
        .wait_timeout(Some(config.acquire_timeout.get()))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| RedisError::Pool { address: config.address().into(), reason: error.to_string() })
}
