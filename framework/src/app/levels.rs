//! SIGUSR1: the level of `config/log.toml` is read again.

use crate::config::{Config, Environment};
use crate::{Result, fleet, logging};

/// Follows the file whenever this process is told to, for as long as it runs.
pub(super) async fn follow(environment: Environment) {
    let Some(mut told) = fleet::told_to_read_again() else { return };
    while told.recv().await.is_some() {
        match read_again(environment) {
            Ok(level) => tracing::info!(filter = level, "the log's level was read again"),
            Err(error) => tracing::error!(%error, "the log keeps its level"),
        }
    }
}

fn read_again(environment: Environment) -> Result<String> {
    let config = Config::load_with(&super::command::root(), environment, &[])?;
    logging::set_level(&config.log.level)?;
    Ok(config.log.level)
}
