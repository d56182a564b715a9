//! Which lines are written, changeable while the app runs.

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::reload::{self, Handle};

use crate::{Error, Result};

/// The filter of this process.
static FILTER: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// The filter as a layer: each place in the code that logs is judged once, until the levels change.
///
/// It passes on what is about such places alone. What is about spans means nothing to a filter, and asking the one inside
/// would take a lock for each step of each request.
pub(super) struct Levels<S>(reload::Layer<Targets, S>);

impl<S: Subscriber> Layer<S> for Levels<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.register_callsite(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        self.0.enabled(metadata, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.max_level_hint()
    }
}

/// The filter for a level, and what the process needs to change it; `adopt` it once logging has started.
pub(super) fn filter(level: &str) -> Result<(Levels<Registry>, Handle<Targets, Registry>)> {
    let (filter, handle) = reload::Layer::new(parse(level)?);
    Ok((Levels(filter), handle))
}

pub(super) fn adopt(handle: Handle<Targets, Registry>) {
    // A process that logs already keeps its first one.
    let _ = FILTER.set(handle);
}

/// From now on lines of this level are written, in the words of `level` in `config/log.toml`.
///
/// # Errors
/// A level that can't be understood; then everything stays as it was.
pub(crate) fn set_level(level: &str) -> Result<()> {
    let filter = parse(level)?;
    let Some(handle) = FILTER.get() else {
        return Err(Error::internal("this process has a log of its own: change its level there"));
    };
    handle.reload(filter).map_err(Error::internal)
}

/// Whether this can be a level, in the same words.
///
/// # Errors
/// When it can't be understood.
pub(crate) fn check_level(level: &str) -> Result<()> {
    parse(level).map(|_| ())
}

fn parse(level: &str) -> Result<Targets> {
    // What the server says about its own threads, and about every client that speaks no HTTP, is for who asks.
    format!("actix_server=warn,actix_http=off,{level}").parse().map_err(|_| {
        Error::internal(format!("`{level}` is no level of the log: write info, or info,regatta=debug"))
    })
}
