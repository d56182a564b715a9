//! The database before the first request: its tables, then what runs once.

use super::once;
use super::server::Parts;
use crate::Result;
use crate::config::Migrate;
use crate::models::once::Outcome;

/// What the names of bootstraps begin with, in the database and in messages.
const KIND: &str = "bootstrap";

/// Brings the tables to the models as the config says, then runs the app's bootstraps that never ran.
pub(super) async fn run(parts: &Parts) -> Result<()> {
    let config = &parts.config;
    for migrations in parts.migrations() {
        match config.migrate() {
            Migrate::Alter => {
                for step in migrations.alter().await? {
                    tracing::info!("{step}");
                }
            }
            Migrate::Up => {
                migrations.up(&|done| tracing::info!("{done}")).await?;
            }
            Migrate::Safe => {}
        }
    }
    parts.sessions.prepare().await?;
    bootstrap(parts).await
}

async fn bootstrap(parts: &Parts) -> Result<()> {
    let bootstraps = &parts.app.bootstraps;
    once::check_names(KIND, bootstraps)?;
    if bootstraps.is_empty() {
        return Ok(());
    }
    let once = once::open(parts).await?;
    for task in bootstraps {
        if task.run(KIND, &once, &parts.db, false).await? == Outcome::Done {
            tracing::info!("the bootstrap `{}` ran: it never does again on this database", task.name);
        }
    }
    Ok(())
}
