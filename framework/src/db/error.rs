//! What goes wrong with a database, the same for every engine.

#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use crate::Error;
use crate::tls::{self, TlsError};

/// A failed statement or connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error(
        "`{address}` is no database this app can use: write sqlite://path, postgres://user:password@host/name or \
         mysql://user:password@host/name, and switch on the feature `sqlite`, `postgres` or `mysql` of regatta"
    )]
    Url { address: String },
    #[cfg(feature = "sqlite")]
    #[error(
        "the database file {} can't be written ({source}): make it and its folder writable for this user, \
         or name another one as `url` in config/datastores.toml or in DATABASE_URL",
        path.display()
    )]
    Unwritable { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the database at {address} can't be reached: {todo}")]
    Unavailable { address: String, todo: String, source: sqlx::Error },
    #[error(
        "the database at {address} takes no changes now ({source}): let its `url` name the one that does"
    )]
    ReadOnly { address: String, source: sqlx::Error },
    #[error("the database at {address} has no room left ({source}): give it more disk or memory")]
    Full { address: String, source: sqlx::Error },
    #[error("every connection to the database stayed busy: raise pool_size, or look for slow statements")]
    Busy,
    #[error("the database did not answer within `timeout` of config/datastores.toml")]
    Timeout,
    /// The database undid what was done because another one was in its way: the same again may well succeed.
    #[error("several requests changed the same records at once and this one had to give way: try again")]
    Deadlock,
    #[error("another connection kept what this one waited for locked too long: look for slow transactions")]
    Locked,
    #[error("a value is longer, greater or other than its column takes: send one that fits")]
    DoesNotFit,
    #[error("a record already exists with conflicting value(s)")]
    Unique { constraint: Option<String>, columns: Vec<String> },
    #[error("the statement refers to a record that does not exist, or removes one that others need")]
    ForeignKey,
    #[error("a text with a NUL in it can't be stored or compared: send it without")]
    NotText,
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
            | sqlx::Error::Tls(_) => Self::unavailable(error, address),
            other => Self::Other(other),
        }
    }

    fn unavailable(source: sqlx::Error, address: &str) -> Self {
        let todo = match (tls::advice(&source), &source) {
            (Some(advice), _) => advice,
            (None, sqlx::Error::Tls(reason)) => {
                format!("{reason}; switch encryption on there, or ask for none in its `url`")
            }
            (None, sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("a file its `url` names is not there ({error}): correct it")
            }
            _ => "check that it runs and that its `url` is right".to_owned(),
        };
        Self::Unavailable { address: address.to_owned(), todo, source }
    }

    fn of_database(error: Box<dyn sqlx::error::DatabaseError>, address: &str) -> Self {
        use sqlx::error::ErrorKind;

        match error.kind() {
            ErrorKind::UniqueViolation => Self::Unique {
                constraint: error.constraint().or_else(|| failed_key(error.message())).map(str::to_owned),
                columns: failed_columns(error.message()),
            },
            ErrorKind::ForeignKeyViolation => Self::ForeignKey,
            ErrorKind::NotNullViolation => Self::NotNull { column: not_null_column(&*error) },
            _ => match Code::of(&*error) {
                Code::Away => Self::unavailable(sqlx::Error::Database(error), address),
                Code::ReadOnly => {
                    Self::ReadOnly { address: address.to_owned(), source: sqlx::Error::Database(error) }
                }
                Code::Full => {
                    Self::Full { address: address.to_owned(), source: sqlx::Error::Database(error) }
                }
                Code::Cancelled => Self::Timeout,
                Code::Locked => Self::Locked,
                Code::Deadlock => Self::Deadlock,
                Code::NotText => Self::NotText,
                Code::DoesNotFit => Self::DoesNotFit,
                Code::Other => Self::Other(sqlx::Error::Database(error)),
            },
        }
    }
}

/// Whether somebody else held a lock for too long.
#[cfg(feature = "sqlite")]
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| matches!(Code::of(error), Code::Locked))
}

/// What an engine's number for an error means.
enum Code {
    /// Connection lost, shutting down, starting up, out of connections.
    Away,
    /// A replica, or switched to reading only.
    ReadOnly,
    /// Out of disk or memory.
    Full,
    /// The deadline of a statement passed.
    Cancelled,
    /// Somebody else held a lock for too long.
    Locked,
    Deadlock,
    /// Text with a NUL.
    NotText,
    DoesNotFit,
    Other,
}

impl Code {
    fn of(error: &dyn sqlx::error::DatabaseError) -> Self {
        #[cfg(feature = "mysql")]
        if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            return Self::of_mysql(error.number());
        }
        let code = error.code();
        let code = code.as_deref().unwrap_or_default();
        // SQLite's codes are numbers, whose lowest byte is the reason; PostgreSQL's have five characters.
        match (code.len(), code.parse::<u32>()) {
            // Another one wrote since this transaction began to read.
            (..5, Ok(517)) => Self::Deadlock,
            (..5, Ok(number)) if matches!(number & 0xff, 5 | 6) => Self::Locked,
            (..5, Ok(number)) if number & 0xff == 8 => Self::ReadOnly,
            (..5, Ok(7 | 13)) => Self::Full,
            (..5, Ok(18)) => Self::DoesNotFit,
            (5, _) => Self::of_postgres(code),
            _ => Self::Other,
        }
    }

    /// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_postgres(code: &str) -> Self {
        match code {
            "57P01" | "57P02" | "57P03" | "53300" => Self::Away,
            "25006" => Self::ReadOnly,
            "53100" | "53200" => Self::Full,
            "57014" => Self::Cancelled,
            "55P03" => Self::Locked,
            "40001" | "40P01" => Self::Deadlock,
            // Not in the encoding of the database, which here only a NUL is.
            "22021" => Self::NotText,
            "22001" | "22003" | "22P02" | "54000" => Self::DoesNotFit,
            code if code.starts_with("08") => Self::Away,
            _ => Self::Other,
        }
    }

    /// See <https://mariadb.com/kb/en/mariadb-error-codes/>.
    #[cfg(feature = "mysql")]
    fn of_mysql(number: u16) -> Self {
        match number {
            // Too many connections, shutting down, killed.
            1040 | 1053 | 1152 | 1184 | 1203 | 1226 | 1927 | 3169 | 4031 => Self::Away,
            1290 | 1836 => Self::ReadOnly,
            1021 | 1037 | 1038 | 1041 | 1114 => Self::Full,
            1317 | 1969 | 3024 => Self::Cancelled,
            1205 | 3572 => Self::Locked,
            1020 | 1213 => Self::Deadlock,
            // Out of range, too long, not of the type, larger than a packet.
            1153 | 1264 | 1292 | 1366 | 1406 => Self::DoesNotFit,
            _ => Self::Other,
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable { .. }
            | DbError::ReadOnly { .. }
            | DbError::Full { .. }
            | DbError::Busy
            | DbError::Timeout
            | DbError::Deadlock
            | DbError::Locked => Self::unavailable(error.to_string()).with_source(error),
            DbError::NotText | DbError::DoesNotFit => Self::bad_request(error.to_string()).with_source(error),
            DbError::ForeignKey => Self::conflict(error.to_string()).with_source(error),
            other => Self::internal(other),
        }
    }
}

/// The columns SQLite names: `UNIQUE constraint failed: person.name, person.town`.
fn failed_columns(message: &str) -> Vec<String> {
    let Some((_, columns)) = message.split_once("constraint failed: ") else { return Vec::new() };
    columns.split(", ").filter_map(|column| column.rsplit('.').next()).map(str::to_owned).collect()
}

/// The key MySQL names: `Duplicate entry 'ann' for key 'person.person_name_key'`; MariaDB names no table.
fn failed_key(message: &str) -> Option<&str> {
    let (_, key) = message.strip_suffix('\'')?.rsplit_once('\'')?;
    Some(key.rsplit_once('.').map_or(key, |(_, key)| key))
}

/// The column MySQL names: `Column 'name' cannot be null`, `Field 'name' doesn't have a default value`.
#[cfg(feature = "mysql")]
fn mysql_column(message: &str) -> String {
    message.split('\'').nth(1).unwrap_or_default().to_owned()
}

fn not_null_column(error: &dyn sqlx::error::DatabaseError) -> String {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return error.column().unwrap_or_default().to_owned();
    }
    #[cfg(feature = "mysql")]
    if error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().is_some() {
        return mysql_column(error.message());
    }
    failed_columns(error.message()).pop().unwrap_or_default()
}
