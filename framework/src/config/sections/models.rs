use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// What `lift` does to the database's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// Adds the tables and columns the models have and the database lacks. Never drops anything.
    Alter,
    /// Leaves the database as it is.
    Safe,
}

/// `config/models.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "models")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelsConfig {
    /// `alter` or `safe`; unset: `safe` in production, `alter` elsewhere.
    pub migrate: Option<Migrate>,
    /// The datastore that holds the models.
    #[setting(default = "default".to_owned())]
    pub datastore: String,
    /// How long an instance that starts waits for another one that runs a bootstrap or a seed.
    #[setting(default = Span::seconds(120))]
    pub bootstrap_timeout: Span,
}

/// `config/blueprints.toml`: the automatic REST + realtime API of the models.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "blueprints")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BlueprintsConfig {
    /// What comes before every model's path, such as `/api`.
    pub prefix: String,
    /// Records of a list when the client names no `limit`.
    #[setting(default = 30)]
    pub default_limit: u64,
    /// The most records a client can ask for at once.
    #[setting(default = 1_000)]
    pub max_limit: u64,
    /// Records of one populated collection.
    #[setting(default = 30)]
    pub populate_limit: u64,
    /// Comparisons in one `where`.
    #[setting(default = 50)]
    pub max_conditions: usize,
    /// How deep `and`, `or` may be nested in one `where`.
    #[setting(default = 5)]
    pub max_depth: usize,
    /// Values in one `in` list.
    #[setting(default = 500)]
    pub max_list: usize,
    /// Whether a socket that lists a model's records also hears of new ones.
    #[setting(default = true)]
    pub auto_watch: bool,
}
