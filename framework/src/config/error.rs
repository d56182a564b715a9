//! Why a configuration is refused; every message says where and what to write instead.

use std::path::PathBuf;

use crate::Error;

/// A configuration that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `REGATTA_ENV` is not one of the three names.
    #[error("REGATTA_ENV is `{0}`: set it to development, test or production")]
    Environment(String),

    /// A file could not be read.
    #[error("{path}: {source}; check that the file can be read", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// A file is not TOML.
    #[error("{path}:{line}: not valid TOML: {message}")]
    Syntax {
        /// The file, relative to the app.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What the parser expected.
        message: String,
    },

    /// A key that no section has.
    #[error("{place}: unknown key `{key}`{hint}")]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// The key as written.
        key: String,
        /// `; did you mean …` or the list of known keys.
        hint: String,
    },

    /// `${NAME}` names a variable that is not set.
    #[error(
        "{place}: ${{{name}}} is not set: set the environment variable {name}, or write ${{{name}:-VALUE}}"
    )]
    MissingVariable {
        /// File and line.
        place: String,
        /// The variable.
        name: String,
    },

    /// A value has the wrong type or is out of range.
    #[error("{0}")]
    Value(String),

    /// A section names a datastore that does not exist.
    #[error(
        "there is no datastore `{name}` in config/datastores.toml (it has: {known}): add a table [{name}] with a url"
    )]
    NoDatastore {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::internal(error)
    }
}
