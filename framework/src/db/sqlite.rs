//! SQLite: a file of its own, written ahead so that readers never wait for the writer.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Executor as _, Row, SqliteConnection, SqlitePool, TypeInfo as _, ValueRef as _};
use tokio::time::sleep;

use super::error::is_locked;
use super::value::date;
use super::{DbError, Kind, Layout, Value, decimal};
use crate::config::DatastoreConfig;

/// A database in memory lives as long as its one connection.
const FOREVER: Option<Duration> = None;

/// How long to wait before asking again for the write-ahead log.
const AGAIN: Duration = Duration::from_millis(10);

pub(super) fn open(config: &DatastoreConfig, root: &Path, workers: usize) -> Result<SqlitePool, DbError> {
    let in_memory = config.url.contains(":memory:") || config.url.contains("mode=memory");
    let mut options = SqliteConnectOptions::from_str(&config.url)
        .map_err(|_| DbError::Url { address: config.address() })?
        .foreign_keys(true)
        .busy_timeout(config.acquire_timeout.get())
        .statement_cache_capacity(200)
        // `contains` and its kin compare case on every engine alike.
        .pragma("case_sensitive_like", "ON");
    let mut pool = SqlitePoolOptions::new().acquire_timeout(config.acquire_timeout.get());
    if in_memory {
        pool = pool.max_connections(1).idle_timeout(FOREVER).max_lifetime(FOREVER);
    } else {
        let path = root.join(options.get_filename());
        make_writable(&path).map_err(|source| DbError::Unwritable { path: path.clone(), source })?;
        options = options.filename(path).create_if_missing(true).synchronous(SqliteSynchronous::Normal);
        let patience = config.acquire_timeout.get();
        pool = pool.after_connect(move |connection, _| Box::pin(write_ahead(connection, patience)));
        pool = pool.max_connections(match config.pool_size {
            0 => u32::try_from(workers * 2).unwrap_or(16).clamp(4, 16),
            size => size,
        });
    }
    Ok(pool.test_before_acquire(false).connect_lazy_with(options))
}

/// Turns the write-ahead log on. SQLite does not wait by itself when another process changes the mode of a new
/// database in the same moment.
async fn write_ahead(connection: &mut SqliteConnection, patience: Duration) -> sqlx::Result<()> {
    let started = Instant::now();
    loop {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if is_locked(&error) && started.elapsed() < patience => {
                sleep(AGAIN).await;
            }
            outcome => return outcome.map(drop),
        }
    }
}

/// Says at start, with the path, what would otherwise fail at the first request.
fn make_writable(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path).map(drop)
}

/// A row's values in their slots. SQLite's columns have no fixed type, so each is read as the kind asked for.
pub(super) fn decode(row: &SqliteRow, layout: &Layout) -> Result<Vec<Value>, sqlx::Error> {
    let mut values = layout.blank();
    for (column, &(slot, kind)) in layout.slots().iter().enumerate() {
        let value = match kind {
            Kind::Text => row.try_get_unchecked::<Option<String>, _>(column)?.map(Value::Text),
            Kind::Integer => row.try_get_unchecked::<Option<i64>, _>(column)?.map(Value::Integer),
            Kind::Float => row.try_get_unchecked::<Option<f64>, _>(column)?.map(Value::Float),
            Kind::Boolean => row.try_get_unchecked::<Option<bool>, _>(column)?.map(Value::Boolean),
            Kind::Timestamp => row.try_get_unchecked::<Option<i64>, _>(column)?.map(Value::Timestamp),
            Kind::Json => row
                .try_get_unchecked::<Option<sqlx::types::JsonValue>, _>(column)?
                .map(|json| Value::Json(Box::new(json))),
            Kind::Decimal { scale, .. } => exact(row, column, scale)?.map(Value::Decimal),
            Kind::Date => row.try_get_unchecked::<Option<time::Date>, _>(column)?.map(date).transpose()?,
            Kind::Uuid => row.try_get_unchecked::<Option<uuid::Uuid>, _>(column)?.map(Value::Uuid),
            Kind::Bytes => row.try_get_unchecked::<Option<Vec<u8>>, _>(column)?.map(Value::Bytes),
        };
        if let (Some(value), Some(place)) = (value, values.get_mut(slot)) {
            *place = value;
        }
    }
    Ok(values)
}

fn exact(row: &SqliteRow, column: usize, scale: u8) -> Result<Option<rust_decimal::Decimal>, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(None);
    }
    let found = if raw.type_info().name() == "INTEGER" {
        decimal::from_units(row.try_get_unchecked::<i64, _>(column)?, scale)
    } else {
        decimal::from_text(&row.try_get_unchecked::<String, _>(column)?, scale)
    };
    found.map(Some).ok_or_else(|| sqlx::Error::Decode("it is no decimal of at most 28 digits".into()))
}
