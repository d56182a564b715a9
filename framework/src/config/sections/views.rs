use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

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
    /// Whether templates are read once; unset: in production.
    pub cache: Option<bool>,
}
