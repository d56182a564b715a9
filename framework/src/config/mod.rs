//! The configuration: one struct per section, layered from files, environment and flags.
//!
//! Layers, low to high: the struct's defaults, `config/<section>.toml`, that file's table for the current
//! environment (`[production]`), `config/local.toml`, environment variables, command line flags. Strings may
//! say `${NAME}` or `${NAME:-otherwise}`. A key no struct knows is refused with its file, line and the
//! nearest known key.

mod environment;
mod error;
mod expand;
mod file;
mod layers;
mod problems;
mod sections;
mod settings;
mod span;

use std::path::{Path, PathBuf};

pub use environment::Environment;
pub use error::ConfigError;
pub(crate) use problems::unread_variables;
pub(crate) use sections::Datastores;
pub use sections::{
    Adapter, BlueprintsConfig, CacheConfig, Compression, DatastoreConfig, FleetConfig, HttpConfig, Listen,
    LogConfig, LogFormat, MetricsConfig, Migrate, ModelsConfig, OpenapiConfig, Relay, SameSite,
    SecurityConfig, SessionAdapter, SessionConfig, SessionImport, SocketsConfig, Transport, UploadsConfig,
    ViewsConfig,
};
pub use settings::{Key, Settings};
pub use span::Span;

/// Everything an app was told before it started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// `development`, `test` or `production`.
    pub environment: Environment,
    /// The app's folder: relative paths are relative to it.
    pub root: PathBuf,
    /// `config/http.toml`
    pub http: HttpConfig,
    /// `config/fleet.toml`
    pub fleet: FleetConfig,
    /// `config/sockets.toml`
    pub sockets: SocketsConfig,
    /// `config/session.toml`
    pub session: SessionConfig,
    /// `config/cache.toml`
    pub cache: CacheConfig,
    /// `config/datastores.toml`
    pub(crate) datastores: Datastores,
    /// `config/models.toml`
    pub models: ModelsConfig,
    /// `config/blueprints.toml`
    pub blueprints: BlueprintsConfig,
    /// `config/openapi.toml`
    pub openapi: OpenapiConfig,
    /// `config/uploads.toml`
    pub uploads: UploadsConfig,
    /// `config/views.toml`
    pub views: ViewsConfig,
    /// `config/security.toml`
    pub security: SecurityConfig,
    /// `config/log.toml`
    pub log: LogConfig,
    /// `config/metrics.toml`
    pub metrics: MetricsConfig,
}

/// A value given on the command line or by a test: the highest layer.
pub(crate) type Override = (&'static str, String);

impl Config {
    /// Loads the configuration of the app in `root`.
    ///
    /// # Errors
    /// A file that is not TOML, an unknown key, a value of the wrong type, a `${NAME}` without a value: the
    /// error names file and line.
    pub fn load(root: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let environment = Environment::current()?;
        Self::load_with(root.as_ref(), environment, &[])
    }

    pub(crate) fn load_with(
        root: &Path,
        environment: Environment,
        overrides: &[Override],
    ) -> Result<Self, ConfigError> {
        let merged = layers::merge(root, environment, overrides)?;
        let config = Self {
            environment,
            root: root.to_owned(),
            http: layers::section(&merged)?,
            fleet: layers::section(&merged)?,
            sockets: layers::section(&merged)?,
            session: layers::section(&merged)?,
            cache: layers::section(&merged)?,
            datastores: layers::datastores(&merged, root)?,
            models: layers::section(&merged)?,
            blueprints: layers::section(&merged)?,
            openapi: layers::section(&merged)?,
            uploads: layers::section(&merged)?,
            views: layers::section(&merged)?,
            security: layers::section(&merged)?,
            log: layers::section(&merged)?,
            metrics: layers::section(&merged)?,
        };
        Ok(config)
    }

    /// The named connection of `config/datastores.toml`.
    ///
    /// # Errors
    /// [`ConfigError::NoDatastore`] when no table of that file has the name.
    pub fn datastore(&self, name: &str) -> Result<&DatastoreConfig, ConfigError> {
        self.datastores.get(name).ok_or_else(|| ConfigError::NoDatastore {
            name: name.to_owned(),
            known: self.datastores.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// What happens to the tables when an instance starts.
    pub fn migrate(&self) -> Migrate {
        let otherwise = if self.environment.is_production() { Migrate::Safe } else { Migrate::Alter };
        self.models.migrate.unwrap_or(otherwise)
    }

    /// The sessions' adapter: their own when set, else the sockets'.
    pub fn session_adapter(&self) -> SessionAdapter {
        self.session.adapter.unwrap_or(match self.sockets.adapter {
            Adapter::Memory => SessionAdapter::Memory,
            Adapter::Redis => SessionAdapter::Redis,
        })
    }

    /// The name of the datastore that holds the sessions: their own when set, else the sockets' or, for the adapter
    /// `sql`, the models'.
    pub fn session_datastore(&self) -> &str {
        let otherwise = match self.session_adapter() {
            SessionAdapter::Sql => &self.models.datastore,
            SessionAdapter::Memory | SessionAdapter::Redis => &self.sockets.datastore,
        };
        self.session.datastore.as_deref().unwrap_or(otherwise)
    }

    /// The response cache's adapter: its own when set, else the sockets'.
    pub fn cache_adapter(&self) -> Adapter {
        self.cache.adapter.unwrap_or(self.sockets.adapter)
    }

    /// The name of the datastore that holds kept answers: its own when set, else the sockets'.
    pub fn cache_datastore(&self) -> &str {
        self.cache.datastore.as_deref().unwrap_or(&self.sockets.datastore)
    }

    /// `path` inside the app's folder; an absolute path as it is.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }
}

#[cfg(test)]
mod tests;
