use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Environment;

/// `config/views.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "views")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ViewsConfig {
    /// The folder of the templates.
    #[setting(default = "views".to_owned())]
    pub folder: String,
    /// The folder of the files served under `/assets/`.
    #[setting(default = "assets".to_owned())]
    pub assets: String,
    /// Whether templates and assets are read once, and assets get addresses with fingerprints; unset: in production.
    pub cache: Option<bool>,
}

impl ViewsConfig {
    /// Whether templates and assets stay as they are at the start.
    pub(crate) fn is_cached(&self, environment: Environment) -> bool {
        self.cache.unwrap_or(environment.is_production())
    }
}
