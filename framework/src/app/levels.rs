//! The log's level while an instance runs.

use crate::config::{Config, Environment};
use crate::{Result, logging};

/// That of `config/log.toml`, read again.
pub(super) fn read_again(environment: Environment) {
    match of_file(environment) {
        Ok(level) => tracing::info!(filter = level, "the log's level was read again"),
        Err(error) => tracing::error!(%error, "the log keeps its level"),
    }
}

/// These levels besides those of the file, or a level instead of it, until it is read again.
pub(super) fn set(environment: Environment, levels: &str) {
    match beside_file(environment, levels) {
        Ok(level) => tracing::info!(filter = level, "the log's level was changed"),
        Err(error) => tracing::error!(%error, "the log keeps its level"),
    }
}

fn beside_file(environment: Environment, levels: &str) -> Result<String> {
    let config = Config::load_with(&super::command::root(), environment, &[])?;
    let all = if levels.contains('=') { format!("{},{levels}", config.log.level) } else { levels.to_owned() };
    logging::set_level(&all)?;
    Ok(all)
}

fn of_file(environment: Environment) -> Result<String> {
    let config = Config::load_with(&super::command::root(), environment, &[])?;
    logging::set_level(&config.log.level)?;
    Ok(config.log.level)
}
