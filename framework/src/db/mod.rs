//! One SQL datastore: a pool of connections that opens by itself, statements with a deadline, rows as values.

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("regatta needs a database: switch on its feature `sqlite`, `postgres` or `mysql`");

mod check;
mod date;
pub(crate) mod decimal;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod encryption;
mod error;
mod figures;
mod given_up;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod retry;
mod room;
mod run;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod transaction;
mod value;
mod within;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use date::{Date, NoDate};
pub(crate) use error::DbError;
pub(crate) use figures::report;
use given_up::GivenUp;
pub(crate) use retry::Retry;
pub(crate) use run::{Done, Layout, Query};
pub(crate) use session::Session;
pub(crate) use transaction::Transaction;
pub use value::{Kind, Value};

use crate::config::DatastoreConfig;
use crate::metrics::Counter;

/// A SQL datastore. Cloning is cheap; connections are opened when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    /// How long one statement may take.
    timeout: Duration,
    /// The URL without its secrets, for messages.
    address: String,
    opened: Instant,
    /// Milliseconds from `opened` to the last answer: tells a busy database from a dead one.
    answered: AtomicU64,
    /// How often a connection had to be waited for, and how often in vain.
    waits: Counter,
    timeouts: Counter,
    given_up: GivenUp,
}

#[derive(Debug)]
pub(crate) enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    #[cfg(feature = "mysql")]
    MySql(sqlx::MySqlPool),
}

/// What speaks a dialect of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "an app built for one engine never meets the other")
)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Engine {
    /// Whether a statement that writes gives back the rows it wrote.
    pub(crate) fn returns_rows(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::MySql => false,
        }
    }
}

impl Store {
    /// Opens the datastore without waiting for it. `root` is the folder relative SQLite paths start from,
    /// `workers` the number of threads that will ask for connections.
    ///
    /// # Errors
    /// A URL of another kind, or a SQLite file that can't be written.
    #[cfg_attr(not(feature = "sqlite"), expect(unused_variables, reason = "only SQLite has a file"))]
    pub(crate) fn open(config: &DatastoreConfig, root: &Path, workers: usize) -> Result<Self, DbError> {
        let given_up = GivenUp::default();
        let pool = match config.url.split(':').next() {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => Pool::Sqlite(sqlite::open(config, root, workers)?),
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Pool::Postgres(postgres::open(config, workers, &given_up)?),
            #[cfg(feature = "mysql")]
            Some("mysql" | "mariadb") => Pool::MySql(mysql::open(config, workers, &given_up)?),
            _ => return Err(DbError::Url { address: config.address() }),
        };
        Ok(Self(Arc::new(Inner {
            pool,
            timeout: config.timeout.get(),
            address: config.address(),
            opened: Instant::now(),
            answered: AtomicU64::new(0),
            waits: Counter::default(),
            timeouts: Counter::default(),
            given_up,
        })))
    }

    /// The pool of connections.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Engine::Postgres,
            #[cfg(feature = "mysql")]
            Pool::MySql(_) => Engine::MySql,
        }
    }

    /// Closes every connection; statements in flight finish first.
    pub(crate) async fn close(&self) {
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.close().await,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.close().await,
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => pool.close().await,
        }
    }

    /// Remembers that the database answered just now.
    fn heard(&self) {
        let since = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.answered.store(since, Ordering::Relaxed);
    }

    /// How long ago the database answered; nothing when it never did.
    fn last_heard(&self) -> Option<Duration> {
        let answered = Duration::from_millis(self.0.answered.load(Ordering::Relaxed));
        (!answered.is_zero()).then(|| self.0.opened.elapsed().saturating_sub(answered))
    }

    fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// The URL without its secrets.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }
}
