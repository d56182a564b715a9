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
    /// Applies the files in `migrations/` that were not applied yet.
    Up,
}

/// `config/models.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "models")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelsConfig {
    /// What `lift` does to the tables: `alter` adds what they lack, `up` applies pending files of `migrations/`,
    /// `safe` does nothing; unset: `safe` in production, `alter` elsewhere.
    pub migrate: Option<Migrate>,
    /// How long an instance waits for another one that changes tables, and a migration for tables in use.
    #[setting(default = Span::seconds(60))]
    pub migrate_timeout: Span,
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
    /// Whether models have REST routes: `GET /message`, `PATCH /message/{id}` and so on.
    #[setting(default = true)]
    pub rest: bool,
    /// Whether models also have routes to type into a browser, such as `/message/create?body=hi`; unset: not in
    /// production.
    pub shortcuts: Option<bool>,
    /// Whether the actions of a controller have routes by their names.
    pub actions: bool,
    /// What comes before every path, such as `/api`.
    pub prefix: String,
    /// What comes before REST paths, behind `prefix`.
    pub rest_prefix: String,
    /// Whether paths have models in the plural, such as `/messages`.
    pub pluralize: bool,
    /// Records of a list when the client names no `limit`.
    #[setting(default = 30)]
    pub default_limit: u64,
    /// The most records a client can ask for, or change at once.
    #[setting(default = 1_000)]
    pub max_limit: u64,
    /// Records of one populated collection when the client names no `limit`.
    #[setting(default = 30)]
    pub populate_limit: u64,
    /// How many associations a path such as `pets.vets` may follow.
    #[setting(default = 2)]
    pub populate_depth: usize,
    /// The most records one request may populate, all paths together.
    #[setting(default = 50_000)]
    pub max_populated: u64,
    /// Comparisons in one `where`.
    #[setting(default = 50)]
    pub max_conditions: usize,
    /// How deep `and`, `or` may be nested in one `where`.
    #[setting(default = 5)]
    pub max_depth: usize,
    /// Values in one `in` list, and ids in one list of members.
    #[setting(default = 500)]
    pub max_list: usize,
    /// Whether clients may create, change and remove several records with one request.
    pub batch: bool,
    /// Whether a collection that is replaced may be given ids that do not exist: `false` leaves them out, `true`
    /// answers 404.
    pub strict: bool,
    /// Whether a socket that lists a model's records also hears of new ones.
    #[setting(default = true)]
    pub auto_watch: bool,
    /// Whether a socket also hears of the changes it makes itself.
    pub mirror: bool,
}
