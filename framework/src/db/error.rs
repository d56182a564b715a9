//! What goes wrong with a database, the same for every engine.

use std::path::PathBuf;

use crate::Error;

/// A failed statement or connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error(
        "`{address}` is no database this app can use: write sqlite://path or postgres://user:password@host/name"
    )]
    Url { address: String },
    #[error(
        "the database file {} can't be written ({source}): make it and its folder writable for this user, \
         or name another one as `url` in config/datastores.toml or in DATABASE_URL",
        path.display()
    )]
    Unwritable { path: PathBuf, source: std::io::Error },
    #[error("the database at {address} can't be reached: check that it runs and that its `url` is right")]
    Unavailable { address: String, source: sqlx::Error },
    #[error("every connection to the database stayed busy: raise pool_size, or look for slow statements")]
    Busy,
    #[error("the database did not answer within `timeout` of config/datastores.toml")]
    Timeout,
    #[error("a record already exists with conflicting value(s)")]
    Unique { constraint: Option<String>, columns: Vec<String> },
    #[error("the statement refers to a record that does not exist, or removes one that others need")]
    ForeignKey,
    #[error("the column `{column}` needs a value")]
    NotNull { column: String },
    #[error("the transaction is over: use the handle only inside its function")]
    TransactionOver,
    #[error(transparent)]
    Other(sqlx::Error),
}

impl DbError {
    pub(super) fn of(error: sqlx::Error, address: &str, size: u32) -> Self {
        match error {
            sqlx::Error::PoolTimedOut if size > 0 => Self::Busy,
            sqlx::Error::Database(inner) => Self::of_database(inner, address),
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => Self::Unavailable { address: address.to_owned(), source: error },
            other => Self::Other(other),
        }
    }

    fn of_database(error: Box<dyn sqlx::error::DatabaseError>, address: &str) -> Self {
        use sqlx::error::ErrorKind;

        match error.kind() {
            ErrorKind::UniqueViolation => Self::Unique {
                constraint: error.constraint().map(str::to_owned),
                columns: failed_columns(error.message()),
            },
            ErrorKind::ForeignKeyViolation => Self::ForeignKey,
            ErrorKind::NotNullViolation => Self::NotNull { column: not_null_column(&*error) },
            _ => match error.code().as_deref() {
                Some(code) if is_away(code) => {
                    Self::Unavailable { address: address.to_owned(), source: sqlx::Error::Database(error) }
                }
                Some(code) if is_cancelled(code) => Self::Timeout,
                Some(code) if is_locked(code) => Self::Busy,
                _ => Self::Other(sqlx::Error::Database(error)),
            },
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable { .. } | DbError::Busy | DbError::Timeout => {
                Self::unavailable(error.to_string()).with_source(error)
            }
            DbError::ForeignKey => Self::conflict(error.to_string()).with_source(error),
            other => Self::internal(other),
        }
    }
}

/// PostgreSQL: connection lost, shutting down, starting up, out of connections.
fn is_away(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "53300")
}

/// PostgreSQL: `statement_timeout` passed.
fn is_cancelled(code: &str) -> bool {
    code == "57014"
}

/// SQLite: another connection held its lock for longer than `busy_timeout`; the lowest byte is the reason.
fn is_locked(code: &str) -> bool {
    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// The columns SQLite names: `UNIQUE constraint failed: person.name, person.town`.
fn failed_columns(message: &str) -> Vec<String> {
    let Some((_, columns)) = message.split_once("constraint failed: ") else { return Vec::new() };
    columns.split(", ").filter_map(|column| column.rsplit('.').next()).map(str::to_owned).collect()
}

fn not_null_column(error: &dyn sqlx::error::DatabaseError) -> String {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return error.column().unwrap_or_default().to_owned();
    }
    failed_columns(error.message()).pop().unwrap_or_default()
}
