use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

/// `config/openapi.toml`: the OpenAPI document of the app's HTTP API.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "openapi")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenapiConfig {
    /// Whether the app serves its document; unset: not in production.
    pub enabled: Option<bool>,
    /// Where.
    #[setting(default = "/openapi.json".to_owned())]
    pub path: String,
    /// What the API is called; unset: as the app.
    pub title: Option<String>,
    /// The API's own version.
    #[setting(default = "1.0.0".to_owned())]
    pub version: String,
    /// What people should know first, in CommonMark.
    pub description: Option<String>,
}
