//! How many connections the server takes, and what time it has there.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::time::Duration;

use super::{Pool, Store};

/// How long a question waits.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PATIENCE: Duration = Duration::from_secs(2);

/// The lowest of what the server, the database and the user may have, without what is kept for administrators.
#[cfg(feature = "postgres")]
const POSTGRES_ROOM: &str = "
SELECT least(
  current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
  (SELECT CASE WHEN rolconnlimit < 0 THEN 2147483647 ELSE rolconnlimit END FROM pg_roles WHERE rolname = current_user),
  (SELECT CASE WHEN datconnlimit < 0 THEN 2147483647 ELSE datconnlimit END FROM pg_database
    WHERE datname = current_database()))::bigint";
#[cfg(feature = "postgres")]
const POSTGRES_TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

#[cfg(feature = "mysql")]
const MYSQL_ROOM: &str = "
SELECT CAST(IF(@@max_user_connections > 0, LEAST(@@max_connections, @@max_user_connections), @@max_connections) AS SIGNED)";
#[cfg(feature = "mysql")]
const MYSQL_TIME: &str = "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

impl Store {
    /// How many connections the server lets this app open; nothing for a file, and while it does not answer.
    pub(crate) async fn room(&self) -> Option<u32> {
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => count(within(sqlx::query_scalar(POSTGRES_ROOM).fetch_one(pool)).await?),
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => count(within(sqlx::query_scalar(MYSQL_ROOM).fetch_one(pool)).await?),
        }
    }

    /// The server's clock, in milliseconds since 1970.
    pub(crate) async fn time(&self) -> Option<i64> {
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => within(sqlx::query_scalar(POSTGRES_TIME).fetch_one(pool)).await,
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => within(sqlx::query_scalar(MYSQL_TIME).fetch_one(pool)).await,
        }
    }

    /// The most connections this instance opens.
    pub(crate) fn pool_size(&self) -> u32 {
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.options().get_max_connections(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.options().get_max_connections(),
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => pool.options().get_max_connections(),
        }
    }

    /// Whether it is a file of this host.
    pub(crate) fn is_file(&self) -> bool {
        self.engine() == super::Engine::Sqlite
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn count(room: i64) -> Option<u32> {
    u32::try_from(room).ok()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn within(asked: impl Future<Output = Result<i64, sqlx::Error>>) -> Option<i64> {
    tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()
}

#[cfg(test)]
mod tests;
