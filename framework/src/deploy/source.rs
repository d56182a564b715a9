//! What an image of the app is built from: its manifest tells whether the framework lies beside it.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::{Site, plain, refused};
use crate::Result;

/// Where the build happens inside the image.
const PLACE: &str = "/src";

/// How the image's builder sees the app and the framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    /// The folder of the app in the image.
    place: String,
    /// The folder of the framework's checkout, when the manifest names a path.
    framework: Option<String>,
    /// Whether there is a library beside the binary.
    has_library: bool,
    /// The folders the running app reads, besides `config`.
    folders: Vec<String>,
}

impl Source {
    pub(super) fn of(site: &Site) -> Result<Self> {
        let root = site.root.as_path();
        let manifest = root.join("Cargo.toml");
        let unread =
            |error: String| refused(format!("{}: {error}: run it in the app's folder", manifest.display()));
        let text = std::fs::read_to_string(&manifest).map_err(|error| unread(error.to_string()))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| unread(error.to_string()))?;
        let path = table
            .get("dependencies")
            .and_then(|dependencies| dependencies.get("regatta"))
            .and_then(|regatta| regatta.get("path"))
            .and_then(toml::Value::as_str);
        let has_library = root.join("src/lib.rs").is_file();
        let read = [site.views.as_str(), site.assets.as_str(), "migrations"];
        let folders =
            read.into_iter().filter(|folder| root.join(folder).is_dir()).map(str::to_owned).collect();
        let Some(path) = path else {
            return Ok(Self { place: PLACE.to_owned(), framework: None, has_library, folders });
        };
        // A relative path is right in the image only if the app lies there as it lies here.
        let place = if Path::new(path).is_absolute() { Path::new(PLACE) } else { root };
        let framework = tidy(&place.join(path));
        let checkout = framework.parent().unwrap_or(&framework);
        Ok(Self {
            place: plain::file("the app's folder", &place.to_string_lossy())?,
            framework: Some(plain::file("the path of regatta in Cargo.toml", &checkout.to_string_lossy())?),
            has_library,
            folders,
        })
    }
}

/// The path without `..`, whether or not it exists.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, part| {
        match part {
            Component::ParentDir => drop(tidy.pop()),
            part => tidy.push(part),
        }
        tidy
    })
}
