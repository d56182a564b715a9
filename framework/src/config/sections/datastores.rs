use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// The connections by name; `default` holds the models, `redis` what instances share.
pub(crate) type Datastores = BTreeMap<String, DatastoreConfig>;

/// A table of `config/datastores.toml`: a named connection.
#[derive(Clone, Deserialize, Serialize, Settings)]
#[settings(section = "datastores")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DatastoreConfig {
    /// `sqlite://path`, `postgres://user:password@host:port/database` or `redis://host:port/number`;
    /// `rediss://` and `?sslmode=verify-full` encrypt.
    pub url: String,
    /// The most connections one instance holds; 0: chosen from the number of workers.
    pub pool_size: u32,
    /// How long a request waits for a free connection before it gets 503.
    #[setting(default = Span::seconds(3))]
    pub acquire_timeout: Span,
    /// How long one command or statement may take.
    #[setting(default = Span::seconds(10))]
    pub timeout: Span,
    /// A PEM file with the certificates of the authorities that may have signed the server's; without one, those of
    /// `SSL_CERT_FILE` or of the system. Needs the feature `tls`.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with this app's own certificate, for a server that asks for one.
    pub cert_file: Option<PathBuf>,
    /// The PEM file with the key of `cert_file`.
    pub key_file: Option<PathBuf>,
    /// The name of the Redis that Sentinels watch. `url` then lists the Sentinels (`redis://:password@s1,s2:26379,s3/0`); user,
    /// password, number and encryption are the master's. Needs the feature `redis-sentinel`.
    pub master: Option<String>,
    /// The password of the Sentinels, when they have one.
    pub sentinel_password: Option<String>,
}

impl std::fmt::Debug for DatastoreConfig {
    /// Without the password a URL may hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatastoreConfig")
            .field("url", &self.address())
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}

impl DatastoreConfig {
    /// A datastore at `url` with the defaults.
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }

    /// Names of files start from the app's folder.
    pub(crate) fn below(mut self, root: &Path) -> Self {
        for file in [&mut self.ca_file, &mut self.cert_file, &mut self.key_file].into_iter().flatten() {
            *file = root.join(&*file);
        }
        self
    }

    /// The URL without user and password, for logs and messages.
    pub fn address(&self) -> String {
        match (self.url.split_once("://"), self.url.rfind('@')) {
            (Some((scheme, _)), Some(at)) => format!("{scheme}://{}", &self.url[at + 1..]),
            _ => self.url.clone(),
        }
    }
}
