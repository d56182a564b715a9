//! How much of a form is taken.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::{Config, UploadsConfig};

/// A file that a killed process left behind is removed after this time, when an instance starts.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// The bounds, and where files lie meanwhile. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Limits(Arc<(UploadsConfig, PathBuf)>);

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        let folder = config.path(&config.uploads.folder);
        sweep(&folder);
        Self(Arc::new((config.uploads.clone(), folder)))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0.1
    }
}

impl std::ops::Deref for Limits {
    type Target = UploadsConfig;

    fn deref(&self) -> &UploadsConfig {
        &self.0.0
    }
}

/// Removes what is so old that no request can be using it.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let is_old = |path: &Path| {
        let changed = path.metadata().and_then(|meta| meta.modified()).ok();
        changed
            .and_then(|time| SystemTime::now().duration_since(time).ok())
            .is_some_and(|age| age > FORGOTTEN)
    };
    let ours = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "upload") && is_old(path);
    for path in entries.flatten().map(|entry| entry.path()).filter(ours) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, file = %path.display(), "a forgotten upload stays: remove it");
        }
    }
}
