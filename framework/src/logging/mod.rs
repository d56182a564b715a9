//! Structured logs: every line names the instance; every line of a request, the request; no line a secret.

mod fields;
mod format;
mod levels;
mod recent;
mod redact;
mod within;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Result;
use crate::config::{Config, LogFormat};
use fields::{Fields, TextFields};
use format::Named;
pub(crate) use levels::{check_level, set_level};
use recent::Output;
pub(crate) use recent::{keep, recent};
use redact::Redact;
pub(crate) use within::within;

/// Starts logging to standard error as `config/log.toml` says; `RUST_LOG` wins over its level.
///
/// A process that logs already, such as a test with its own subscriber, keeps what it has.
///
/// # Errors
/// A level that can't be understood.
pub(crate) fn start(config: &Config, instance: &str) -> Result<()> {
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| config.log.level.clone());
    let (filter, handle) = levels::filter(&level)?;
    let redact = Redact::new(config);
    let json = match config.log.format {
        Some(format) => format == LogFormat::Json,
        None => config.environment.is_production(),
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Output);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        let format = tracing_subscriber::fmt::format().json().flatten_event(true).with_span_list(false);
        let lines = lines.fmt_fields(Fields::new());
        registry.with(lines.event_format(Named::json(format, instance, redact))).try_init()
    } else {
        let format = tracing_subscriber::fmt::format().with_target(false).compact();
        let lines = lines.fmt_fields(TextFields::new());
        registry.with(lines.event_format(Named::text(format, instance, redact))).try_init()
    };
    match started {
        Ok(()) => levels::adopt(handle),
        Err(_) => tracing::debug!("this process logs already"),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
