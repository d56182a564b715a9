//! Blueprints: the automatic REST + realtime API of a model, on its run-time schema.
//!
//! Routes, shapes and status codes are Sails' (<https://sailsjs.com/documentation/reference/blueprint-api>):
//! a create answers 200 with the record, what is not there is the text `Not Found`. Over a socket the
//! requester is subscribed to the records it gets.

mod batch;
mod call;
mod find;
mod members;
mod pages;
mod params;
mod query;
mod routes;
mod subscribe;
mod write;

use std::sync::Arc;

pub(crate) use routes::{actions, routes};

use crate::config::{BlueprintsConfig, Config};
use crate::models::Schema;
use crate::routes::OptionHook;
use call::Call;
use params::Params;

/// What the blueprints of an app have in common.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    config: Arc<BlueprintsConfig>,
    shortcuts: bool,
}

impl Settings {
    pub(crate) fn new(config: &Config) -> Self {
        let blueprints = config.blueprints.clone();
        let shortcuts = blueprints.shortcuts.unwrap_or(!config.environment.is_production());
        Self { config: Arc::new(blueprints), shortcuts }
    }
}

/// What the blueprints of one model work with.
struct Blueprint {
    schema: Arc<Schema>,
    config: Arc<BlueprintsConfig>,
    hooks: Vec<OptionHook>,
}

#[cfg(test)]
mod tests;
