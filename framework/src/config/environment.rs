//! Which of the three environments an app runs in.

use std::fmt;
use std::str::FromStr;

use super::ConfigError;

/// `REGATTA_ENV`: decides which table of each file applies and how much errors tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Environment {
    /// On a developer's machine: helpful errors, templates reloaded, the database follows the models.
    #[default]
    Development,
    /// Under the app's own tests.
    Test,
    /// For users: strict, terse, cached.
    Production,
}

impl Environment {
    /// The value of `REGATTA_ENV`, `development` when unset.
    ///
    /// # Errors
    /// [`ConfigError::Environment`] for any other word.
    pub fn current() -> Result<Self, ConfigError> {
        match std::env::var("REGATTA_ENV") {
            Ok(name) if !name.is_empty() => name.parse(),
            _ => Ok(Self::Development),
        }
    }

    /// The name as written in files and variables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        }
    }

    /// Whether this is [`Environment::Production`].
    pub fn is_production(self) -> bool {
        self == Self::Production
    }

    pub(crate) const NAMES: [&str; 3] = ["development", "test", "production"];
}

impl FromStr for Environment {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "development" => Ok(Self::Development),
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            other => Err(ConfigError::Environment(other.to_owned())),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
