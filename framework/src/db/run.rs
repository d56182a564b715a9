//! Running statements.

use sea_query_sqlx::{SqlxBinder, SqlxValues};

use super::transaction::Open;
use super::{DbError, Kind, Pool, Retry, Store, Transaction, Value};

/// A statement as text of one engine, with its parameters beside it.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(super) sql: String,
    pub(super) values: SqlxValues,
}

impl Query {
    /// A text of [`Store::build`] with values for its parameters.
    pub(crate) fn new(sql: &str, values: sea_query::Values) -> Self {
        Self { sql: sql.to_owned(), values: SqlxValues(values) }
    }

    /// Whether its parameters have these values.
    pub(crate) fn takes(&self, values: &sea_query::Values) -> bool {
        self.values.0 == *values
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

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

    /// A record's values before they are read.
    pub(super) fn blank(&self) -> Vec<Value> {
        // `vec!` would clone one after the other.
        std::iter::repeat_with(|| Value::Null).take(self.width).collect()
    }

    pub(super) fn slots(&self) -> &[(usize, Kind)] {
        &self.slots
    }
}

/// What a statement did that returns no rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// The first of the numbers that the database counted for new rows.
    pub(crate) first_id: i64,
    /// How many rows it found, inserted or removed.
    pub(crate) rows: u64,
}

/// A statement whose rows are decoded as they arrive.
macro_rules! decoding {
    ($engine:ident, $query:expr, $layout:expr) => {
        sqlx::query_with(sqlx::AssertSqlSafe($query.sql), $query.values)
            .try_map(|row| crate::db::$engine::decode(&row, $layout))
    };
}
pub(super) use decoding;

/// A statement whose rows are nobody's matter.
macro_rules! plain {
    ($query:expr) => {
        sqlx::query_with(sqlx::AssertSqlSafe($query.sql), $query.values)
    };
}

/// Runs a statement on a connection of a pool. One that missed the deadline is in the middle of something: it never
/// goes back to the pool.
macro_rules! pooled {
    ($store:expr, $pool:expr, $statement:expr, $run:ident) => {{
        $store.about_to_take();
        let mut connection = $pool.acquire().await.map_err(|error| $store.failed(error))?;
        let outcome = $store.within($statement.$run(&mut *connection)).await;
        if outcome.is_err() {
            drop(connection.detach());
        }
        outcome?.map_err(|error| $store.failed(error))?
    }};
}

impl Store {
    /// Writes a statement in the engine's dialect.
    pub(crate) fn build(&self, statement: &impl SqlxBinder) -> Query {
        let (sql, values) = match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => statement.build_sqlx(sea_query::SqliteQueryBuilder),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => statement.build_sqlx(sea_query::PostgresQueryBuilder),
            #[cfg(feature = "mysql")]
            Pool::MySql(_) => statement.build_sqlx(sea_query::MysqlQueryBuilder),
        };
        Query { sql, values }
    }

    /// Runs a statement on a connection of the pool, or inside `transaction`, and reads its rows. One that had to give
    /// way to others runs again, if it is alone.
    pub(crate) async fn rows(
        &self,
        query: Query,
        layout: &Layout,
        transaction: Option<&Transaction>,
    ) -> Result<Rows, DbError> {
        let rows = match transaction {
            Some(transaction) => self.rows_within(query, layout, transaction).await?,
            None => self.rows_alone(query, layout).await?,
        };
        self.heard();
        Ok(rows)
    }

    async fn rows_alone(&self, mut query: Query, layout: &Layout) -> Result<Rows, DbError> {
        let mut retry = Retry::default();
        loop {
            // Reads give way to nobody.
            let again = (!query.sql.starts_with("SELECT")).then(|| query.clone());
            match (self.rows_pooled(query, layout).await, again) {
                (Err(DbError::Deadlock), Some(again)) if retry.again().await => query = again,
                (rows, _) => return rows,
            }
        }
    }

    async fn rows_pooled(&self, query: Query, layout: &Layout) -> Result<Rows, DbError> {
        Ok(match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pooled!(self, pool, decoding!(sqlite, query, layout), fetch_all),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pooled!(self, pool, decoding!(postgres, query, layout), fetch_all),
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => pooled!(self, pool, decoding!(mysql, query, layout), fetch_all),
        })
    }

    async fn rows_within(
        &self,
        query: Query,
        layout: &Layout,
        transaction: &Transaction,
    ) -> Result<Rows, DbError> {
        let mut open = transaction.open().await;
        let rows = match open.as_mut() {
            None => return Err(transaction.why_over()),
            #[cfg(feature = "sqlite")]
            Some(Open::Sqlite(connection)) => {
                self.within(decoding!(sqlite, query, layout).fetch_all(&mut **connection)).await
            }
            #[cfg(feature = "postgres")]
            Some(Open::Postgres(connection)) => {
                self.within(decoding!(postgres, query, layout).fetch_all(&mut **connection)).await
            }
            #[cfg(feature = "mysql")]
            Some(Open::MySql(connection)) => {
                self.within(decoding!(mysql, query, layout).fetch_all(&mut **connection)).await
            }
        };
        self.end_of(transaction, &mut open, rows)
    }

    /// Runs a statement inside `transaction` and tells what it did: for engines that return no rows of what they wrote.
    pub(crate) async fn execute(&self, query: Query, transaction: &Transaction) -> Result<Done, DbError> {
        let mut open = transaction.open().await;
        let done = match open.as_mut() {
            None => return Err(transaction.why_over()),
            #[cfg(feature = "sqlite")]
            Some(Open::Sqlite(connection)) => self
                .within(plain!(query).execute(&mut **connection))
                .await
                .map(|done| done.map(|done| (done.last_insert_rowid(), done.rows_affected()))),
            // It has no such number: its statements return rows.
            #[cfg(feature = "postgres")]
            Some(Open::Postgres(connection)) => self
                .within(plain!(query).execute(&mut **connection))
                .await
                .map(|done| done.map(|done| (0, done.rows_affected()))),
            #[cfg(feature = "mysql")]
            Some(Open::MySql(connection)) => {
                self.within(plain!(query).execute(&mut **connection)).await.map(|done| {
                    done.map(|done| {
                        (i64::try_from(done.last_insert_id()).unwrap_or(i64::MAX), done.rows_affected())
                    })
                })
            }
        };
        let (first_id, rows) = self.end_of(transaction, &mut open, done)?;
        self.heard();
        Ok(Done { first_id, rows })
    }

    /// What a statement inside a transaction came to. One that missed the deadline is in the middle of something, and one
    /// that gave way was undone with all before it: after either the transaction is over.
    fn end_of<T>(
        &self,
        transaction: &Transaction,
        open: &mut Option<Open>,
        outcome: Result<Result<T, sqlx::Error>, DbError>,
    ) -> Result<T, DbError> {
        let outcome =
            outcome.and_then(|outcome| outcome.map_err(|error| transaction.watch(self.failed(error))));
        if matches!(outcome, Err(DbError::Timeout | DbError::Deadlock)) {
            *open = None;
        }
        outcome
    }

    /// The error every engine gives alike.
    pub(crate) fn failed(&self, error: sqlx::Error) -> DbError {
        let size = match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.size(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.size(),
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => pool.size(),
        };
        let error = DbError::of(error, self.address(), size);
        if matches!(error, DbError::Busy) {
            self.0.timeouts.add(1);
        }
        error
    }
}
