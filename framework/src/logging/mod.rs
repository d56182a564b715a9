//! Structured logs: every line names the instance; every line of a request, the request.

mod fields;
mod format;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};
use crate::{Error, Result};
use fields::Fields;
use format::Named;

/// Starts logging to standard error as `config/log.toml` says; `RUST_LOG` wins over its level.
///
/// A process that logs already, such as a test with its own subscriber, keeps what it has.
///
/// # Errors
/// A level that can't be understood.
pub(crate) fn start(config: &Config, instance: &str) -> Result<()> {
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| config.log.level.clone());
    // What the server says about its own threads, and about every client that speaks no HTTP, is for who asks.
    let filter: Targets = format!("actix_server=warn,actix_http=off,{level}").parse().map_err(|_| {
        Error::internal(format!("level in config/log.toml is `{level}`: write info, or info,regatta=debug"))
    })?;
    let json = match config.log.format {
        Some(format) => format == LogFormat::Json,
        None => config.environment.is_production(),
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        let format = tracing_subscriber::fmt::format().json().flatten_event(true).with_span_list(false);
        let lines = lines.fmt_fields(Fields::new());
        registry.with(lines.event_format(Named::json(format, instance))).try_init()
    } else {
        let format = tracing_subscriber::fmt::format().with_target(false).compact();
        registry.with(lines.event_format(Named::text(format, instance))).try_init()
    };
    if started.is_err() {
        tracing::debug!("this process logs already");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
