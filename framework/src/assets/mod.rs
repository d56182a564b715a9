//! The files of the app's `assets/` folder, served under `/assets/`.

use actix_files::Files;

use crate::config::Config;

/// The service for the folder; nothing when the app has none.
pub(crate) fn service(config: &Config) -> Option<Files> {
    let folder = config.path(&config.views.assets);
    let files = || Files::new("/assets", &folder).prefer_utf8(true).use_etag(true).use_last_modified(true);
    folder.is_dir().then(files)
}
