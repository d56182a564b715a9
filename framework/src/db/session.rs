//! A connection of one's own: for work that needs more than one transaction, and may take as long as it needs.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _};

use super::run::{Rows, decoding};
use super::{DbError, Layout, Pool, Query, Store};

/// A connection that no one else uses, without a deadline for its statements. Dropped it is closed, which undoes
/// an open transaction and gives back what it locked.
#[derive(Debug)]
pub(crate) struct Session {
    store: Store,
    open: Open,
}

#[derive(Debug)]
enum Open {
    #[cfg(feature = "sqlite")]
    Sqlite(Box<sqlx::SqliteConnection>),
    /// A database in memory lives as long as its one connection.
    #[cfg(feature = "sqlite")]
    Memory(sqlx::pool::PoolConnection<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Box<sqlx::PgConnection>),
    #[cfg(feature = "mysql")]
    MySql(Box<sqlx::MySqlConnection>),
}

impl Store {
    /// Takes a connection out of the pool.
    pub(crate) async fn session(&self) -> Result<Session, DbError> {
        let open = async {
            self.about_to_take();
            Ok(match self.pool() {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) if pool.options().get_max_lifetime().is_none() => {
                    Open::Memory(pool.acquire().await?)
                }
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => Open::Sqlite(Box::new(pool.acquire().await?.detach())),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => Open::Postgres(Box::new(pool.acquire().await?.detach())),
                #[cfg(feature = "mysql")]
                Pool::MySql(pool) => Open::MySql(Box::new(pool.acquire().await?.detach())),
            })
        };
        let open = self.within(open).await?.map_err(|error| self.failed(error))?;
        Ok(Session { store: self.clone(), open })
    }
}

impl Session {
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Runs one or more statements as they are, and reads nothing.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), DbError> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = match &mut self.open {
            #[cfg(feature = "sqlite")]
            Open::Sqlite(connection) => query.execute(&mut **connection).await.map(drop),
            #[cfg(feature = "sqlite")]
            Open::Memory(connection) => query.execute(&mut **connection).await.map(drop),
            #[cfg(feature = "postgres")]
            Open::Postgres(connection) => query.execute(&mut **connection).await.map(drop),
            #[cfg(feature = "mysql")]
            Open::MySql(connection) => query.execute(&mut **connection).await.map(drop),
        };
        done.map_err(|error| self.store.failed(error))
    }

    /// Runs a statement and reads its rows.
    pub(crate) async fn rows(&mut self, query: Query, layout: &Layout) -> Result<Rows, DbError> {
        let rows = match &mut self.open {
            #[cfg(feature = "sqlite")]
            Open::Sqlite(connection) => decoding!(sqlite, query, layout).fetch_all(&mut **connection).await,
            #[cfg(feature = "sqlite")]
            Open::Memory(connection) => decoding!(sqlite, query, layout).fetch_all(&mut **connection).await,
            #[cfg(feature = "postgres")]
            Open::Postgres(connection) => {
                decoding!(postgres, query, layout).fetch_all(&mut **connection).await
            }
            #[cfg(feature = "mysql")]
            Open::MySql(connection) => decoding!(mysql, query, layout).fetch_all(&mut **connection).await,
        };
        rows.map_err(|error| self.store.failed(error))
    }

    /// Says goodbye to the server, for at most `patience`.
    pub(crate) async fn close(self, patience: Duration) {
        let bye = async {
            match self.open {
                #[cfg(feature = "sqlite")]
                Open::Sqlite(connection) => drop(connection.close().await),
                #[cfg(feature = "sqlite")]
                Open::Memory(connection) => drop(connection),
                #[cfg(feature = "postgres")]
                Open::Postgres(connection) => drop(connection.close().await),
                #[cfg(feature = "mysql")]
                Open::MySql(connection) => drop(connection.close().await),
            }
        };
        let _ = tokio::time::timeout(patience, bye).await;
    }
}
