//! MySQL and MariaDB.

use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlPool, Row};

use super::encryption::{Encryption, Wish, Words};
use super::given_up::GivenUp;
use super::value::date;
use super::{DbError, Kind, Layout, Value};
use crate::config::DatastoreConfig;

/// A connection that rested longer is asked whether it still works before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// Nothing is cut, rounded or guessed: what does not fit is an error. Zero is a number, not the next one.
const MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,\
                    NO_AUTO_VALUE_ON_ZERO,ONLY_FULL_GROUP_BY";

pub(super) fn open(
    config: &DatastoreConfig,
    workers: usize,
    given_up: &GivenUp,
) -> Result<MySqlPool, DbError> {
    let given_up = given_up.clone();
    let options =
        MySqlConnectOptions::from_str(&config.url).map_err(|_| DbError::Url { address: config.address() })?;
    let options = encrypted(config, options)?
        .charset("utf8mb4")
        .timezone("+00:00".to_owned())
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(200);
    let size = match config.pool_size {
        0 => u32::try_from(workers * 8).unwrap_or(32).clamp(8, 32),
        size => size,
    };
    let settings = settings(config.timeout.get());
    let pool = MySqlPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(config.acquire_timeout.get())
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(
                async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await.map(drop) },
            )
        })
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

const WORDS: Words = Words { keys: ["ssl-mode", "sslmode", "ssl-ca"], strictest: "ssl-mode=VERIFY_IDENTITY" };

fn encrypted(
    config: &DatastoreConfig,
    mut options: MySqlConnectOptions,
) -> Result<MySqlConnectOptions, DbError> {
    let wish = match options.get_ssl_mode() {
        MySqlSslMode::Disabled => Wish::Never,
        MySqlSslMode::Preferred => Wish::Offered,
        MySqlSslMode::Required => Wish::Always,
        MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity => Wish::Checked,
    };
    let Encryption { files, is_strictest } = Encryption::of(config, wish, &WORDS)?;
    if is_strictest {
        options = options.ssl_mode(MySqlSslMode::VerifyIdentity);
    }
    if let Some(authorities) = files.authorities {
        options = options.ssl_ca_from_pem(authorities);
    }
    if let Some((cert, key)) = files.own {
        options = options.ssl_client_cert_from_pem(cert).ssl_client_key_from_pem(key);
    }
    Ok(options)
}

/// What a connection is told first. A comment with `M!` is for MariaDB alone, one with `!80000` for MySQL, whose
/// deadline is for reads only: its writes wait for locks no longer than that.
///
/// READ COMMITTED is what PostgreSQL does too: each statement sees what others have committed, and locks no gaps
/// between records, so that there are fewer deadlocks.
fn settings(deadline: Duration) -> String {
    let (millis, whole) = (deadline.as_millis(), deadline.as_secs().max(1));
    format!(
        "SET SESSION sql_mode = '{MODE}', innodb_lock_wait_timeout = {whole} \
         /*M! , max_statement_time = {:.3} */ /*!80000 , max_execution_time = {millis} */; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        deadline.as_secs_f64()
    )
}

/// A row's values in their slots. Columns are read as the kind asked for: there is no type for true and false, and
/// MariaDB's JSON is text.
pub(super) fn decode(row: &MySqlRow, layout: &Layout) -> Result<Vec<Value>, sqlx::Error> {
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
            Kind::Decimal { scale, .. } => row
                .try_get_unchecked::<Option<rust_decimal::Decimal>, _>(column)?
                .map(|found| Value::Decimal(super::decimal::padded(found, scale))),
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
