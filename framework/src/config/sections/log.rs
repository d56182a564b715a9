use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `config/log.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "log")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`; per module as `info,regatta::bus=debug`. SIGUSR1 has it read again.
    #[setting(default = "info".to_owned())]
    pub level: String,
    /// `text` or `json`; unset: `json` in production.
    pub format: Option<LogFormat>,
}
