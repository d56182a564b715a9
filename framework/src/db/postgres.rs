//! PostgreSQL.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow, PgSslMode};
use sqlx::{Connection as _, PgPool, Row};

use super::encryption::{Encryption, Wish, Words};
use super::given_up::GivenUp;
use super::value::date;
use super::{DbError, Kind, Layout, Value};
use crate::config::DatastoreConfig;

/// A connection that rested longer is asked whether it still works before it is used.
const RESTED: Duration = Duration::from_secs(1);

pub(super) fn open(config: &DatastoreConfig, workers: usize, given_up: &GivenUp) -> Result<PgPool, DbError> {
    let given_up = given_up.clone();
    let options =
        PgConnectOptions::from_str(&config.url).map_err(|_| DbError::Url { address: config.address() })?;
    let options = encrypted(config, options)?
        .application_name("regatta")
        .statement_cache_capacity(200)
        .options([("statement_timeout", config.timeout.get().as_millis().to_string())]);
    let size = match config.pool_size {
        0 => u32::try_from(workers * 8).unwrap_or(32).clamp(8, 32),
        size => size,
    };
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(config.acquire_timeout.get())
        // A round trip for every statement would be the price of the pool's own test.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move { Ok(about.idle_for < RESTED || connection.ping().await.is_ok()) })
        })
        .after_release(move |connection, _| {
            let given_up = given_up.clone();
            Box::pin(async move { Ok(given_up.is_sound(connection).await) })
        });
    Ok(pool.connect_lazy_with(options))
}

const WORDS: Words = Words { keys: ["sslmode", "ssl-mode", "sslrootcert"], strictest: "sslmode=verify-full" };

fn encrypted(config: &DatastoreConfig, mut options: PgConnectOptions) -> Result<PgConnectOptions, DbError> {
    let wish = match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow => Wish::Never,
        PgSslMode::Prefer => Wish::Offered,
        PgSslMode::Require => Wish::Always,
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => Wish::Checked,
    };
    let Encryption { files, is_strictest } = Encryption::of(config, wish, &WORDS)?;
    if is_strictest {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(authorities) = files.authorities {
        options = options.ssl_root_cert_from_pem(authorities);
    }
    if let Some((cert, key)) = files.own {
        options = options.ssl_client_cert_from_pem(cert).ssl_client_key_from_pem(key);
    }
    Ok(options)
}

/// A row's values in their slots.
pub(super) fn decode(row: &PgRow, layout: &Layout) -> Result<Vec<Value>, sqlx::Error> {
    let mut values = layout.blank();
    for (column, &(slot, kind)) in layout.slots().iter().enumerate() {
        let value = match kind {
            Kind::Text => row.try_get::<Option<String>, _>(column)?.map(Value::Text),
            Kind::Integer => integer(row, column)?.map(Value::Integer),
            Kind::Float => float(row, column)?.map(Value::Float),
            Kind::Boolean => row.try_get::<Option<bool>, _>(column)?.map(Value::Boolean),
            Kind::Timestamp => integer(row, column)?.map(Value::Timestamp),
            Kind::Json => row
                .try_get::<Option<sqlx::types::JsonValue>, _>(column)?
                .map(|json| Value::Json(Box::new(json))),
            Kind::Decimal { scale, .. } => decimal(row, column, scale)?.map(Value::Decimal),
            Kind::Date => row.try_get::<Option<time::Date>, _>(column)?.map(date).transpose()?,
            Kind::Uuid => row.try_get::<Option<uuid::Uuid>, _>(column)?.map(Value::Uuid),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(column)?.map(Value::Bytes),
        };
        if let (Some(value), Some(place)) = (value, values.get_mut(slot)) {
            *place = value;
        }
    }
    Ok(values)
}

/// Tables that existed before the models may have narrower columns.
fn integer(row: &PgRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
    row.try_get::<Option<i64>, _>(column)
        .or_else(|error| row.try_get::<Option<i32>, _>(column).map(|n| n.map(i64::from)).map_err(|_| error))
}

fn float(row: &PgRow, column: usize) -> Result<Option<f64>, sqlx::Error> {
    row.try_get::<Option<f64>, _>(column)
        .or_else(|error| row.try_get::<Option<f32>, _>(column).map(|n| n.map(f64::from)).map_err(|_| error))
}

/// With at least the places behind the point that the column is to have: a sum may come with fewer.
fn decimal(row: &PgRow, column: usize, scale: u8) -> Result<Option<rust_decimal::Decimal>, sqlx::Error> {
    let found = row.try_get::<Option<rust_decimal::Decimal>, _>(column)?;
    Ok(found.map(|found| super::decimal::padded(found, scale)))
}
