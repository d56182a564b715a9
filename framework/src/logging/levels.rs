//! Which lines are written, changeable while the app runs.

use std::sync::OnceLock;

use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::reload::{self, Handle};

use crate::{Error, Result};

/// The filter of this process.
static FILTER: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// The filter for a level, and what the process needs to change it; `adopt` it once logging has started.
pub(super) fn filter(level: &str) -> Result<(reload::Layer<Targets, Registry>, Handle<Targets, Registry>)> {
    Ok(reload::Layer::new(parse(level)?))
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
