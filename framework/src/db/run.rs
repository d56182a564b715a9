//! Running statements.

use std::time::Duration;

use sea_query_sqlx::{SqlxBinder, SqlxValues};

use super::transaction::Open;
use super::{DbError, Kind, Pool, Store, Transaction, Value};

/// The server ends a statement at its deadline; this much later the client gives up on the server.
const GRACE: Duration = Duration::from_millis(500);

/// A statement as text of one engine, with its parameters beside it.
#[derive(Debug)]
pub(crate) struct Query {
    pub(super) sql: String,
    pub(super) values: SqlxValues,
}

impl Query {
    /// A statement of the engine's own SQL, with text as its parameters.
    pub(crate) fn of_text(sql: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| sea_query::Value::from(*value)).collect();
        Self { sql: sql.to_owned(), values: SqlxValues(sea_query::Values(values)) }
    }
}

/// The values of each row, in their slots.
pub(crate) type Rows = Vec<Vec<Value>>;

/// Which column of a row goes into which slot of a record.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    width: usize,
    slots: Vec<(usize, Kind)>,
}

impl Layout {
    /// Records of `width` values; the columns of a row fill `slots` in order.
    pub(crate) fn new(width: usize, slots: Vec<(usize, Kind)>) -> Self {
        Self { width, slots }
    }

    /// One column.
    pub(crate) fn single(kind: Kind) -> Self {
        Self::new(1, vec![(0, kind)])
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn slots(&self) -> &[(usize, Kind)] {
        &self.slots
    }
}

/// A statement whose rows are decoded as they arrive.
macro_rules! decoding {
    ($engine:ident, $query:expr, $layout:expr) => {
        sqlx::query_with(sqlx::AssertSqlSafe($query.sql), $query.values)
            .try_map(|row| crate::db::$engine::decode(&row, $layout))
    };
}
pub(super) use decoding;

impl Store {
    /// Writes a statement in the engine's dialect.
    pub(crate) fn build(&self, statement: &impl SqlxBinder) -> Query {
        let (sql, values) = match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => statement.build_sqlx(sea_query::SqliteQueryBuilder),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => statement.build_sqlx(sea_query::PostgresQueryBuilder),
        };
        Query { sql, values }
    }

    /// Runs a statement on a connection of the pool, or inside `transaction`, and reads its rows.
    pub(crate) async fn rows(
        &self,
        query: Query,
        layout: &Layout,
        transaction: Option<&Transaction>,
    ) -> Result<Rows, DbError> {
        let rows = match transaction {
            Some(transaction) => self.rows_within(query, layout, transaction).await?,
            None => self.rows_pooled(query, layout).await?,
        };
        self.heard();
        Ok(rows)
    }

    async fn rows_pooled(&self, query: Query, layout: &Layout) -> Result<Rows, DbError> {
        /// A connection that missed the deadline is in the middle of something: it never goes back to the pool.
        macro_rules! pooled {
            ($engine:ident, $pool:expr) => {{
                let mut connection = $pool.acquire().await.map_err(|error| self.failed(error))?;
                let rows = decoding!($engine, query, layout).fetch_all(&mut *connection);
                let rows = within(Some(self.timeout()), rows).await;
                if rows.is_err() {
                    drop(connection.detach());
                }
                rows?
            }};
        }
        let rows = match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pooled!(sqlite, pool),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pooled!(postgres, pool),
        };
        rows.map_err(|error| self.failed(error))
    }

    async fn rows_within(
        &self,
        query: Query,
        layout: &Layout,
        transaction: &Transaction,
    ) -> Result<Rows, DbError> {
        let mut open = transaction.open().await;
        let deadline = Some(self.timeout());
        let rows = match open.as_mut() {
            None => return Err(DbError::TransactionOver),
            #[cfg(feature = "sqlite")]
            Some(Open::Sqlite(connection)) => {
                within(deadline, decoding!(sqlite, query, layout).fetch_all(&mut **connection)).await
            }
            #[cfg(feature = "postgres")]
            Some(Open::Postgres(connection)) => {
                within(deadline, decoding!(postgres, query, layout).fetch_all(&mut **connection)).await
            }
        };
        if rows.is_err() {
            *open = None;
        }
        rows?.map_err(|error| self.failed(error))
    }

    /// The error every engine gives alike.
    pub(crate) fn failed(&self, error: sqlx::Error) -> DbError {
        let size = match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.size(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.size(),
        };
        DbError::of(error, self.address(), size)
    }
}

pub(super) async fn within<T>(
    deadline: Option<Duration>,
    work: impl Future<Output = T>,
) -> Result<T, DbError> {
    match deadline {
        Some(deadline) => tokio::time::timeout(deadline + GRACE, work).await.map_err(|_| DbError::Timeout),
        None => Ok(work.await),
    }
}
