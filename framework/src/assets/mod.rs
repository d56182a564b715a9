//! The files of the app's `assets/` folder, served under `/assets/`.
//!
//! A template writes `{{ asset(path="chat.js") }}`. In production that is an address with the file's fingerprint in it,
//! which browsers keep for a year: a changed file has another address. Under their plain names files are asked for again
//! each time, and answered 304 when they are the same.

mod fingerprints;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;

use crate::Result;
use crate::config::Config;
use fingerprints::Fingerprints;
pub(crate) use serve::service;

/// The app's files. Clones share what is known of them.
#[derive(Debug, Clone)]
pub(crate) struct Assets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// Of the files as they were at the start; nothing while they change under the developer's hands.
    fingerprints: Option<Fingerprints>,
}

impl Assets {
    /// Looks at every file below the folder when the app's views are cached, as in production.
    ///
    /// # Errors
    /// A file that can't be read, or more than 20,000 of them.
    pub(crate) fn load(config: &Config) -> Result<Self> {
        let folder = config.path(&config.views.assets);
        let fixed = config.views.is_cached(config.environment);
        let fingerprints = fixed.then(|| Fingerprints::of(&folder)).transpose()?;
        Ok(Self(Arc::new(Shared { folder, fingerprints })))
    }

    /// The address of the file `path`; nothing when there is no such file.
    pub(crate) fn url(&self, path: &str) -> Option<String> {
        let path = path.trim_start_matches('/');
        let name = self.0.fingerprints.as_ref().and_then(|known| known.name(path));
        let plain = || self.0.folder.join(path).is_file().then(|| path.to_owned());
        name.or_else(plain).map(|name| format!("/assets/{name}"))
    }
}

#[cfg(test)]
mod tests;
