//! The embedded app template, and the app that it becomes under another name.
//!
//! The template is a real app, compiled and tested as it stands: its files hold its names, no placeholders.

use std::path::{Path, PathBuf};

use super::{AppName, lock, manifest};
use crate::{Error, Result};

/// One file of the template.
#[derive(Debug)]
pub struct TemplateFile {
    /// Its path inside the app.
    pub path: &'static str,
    /// Its bytes.
    pub contents: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// One file of a new app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewFile {
    /// Its path inside the app.
    pub path: PathBuf,
    /// Its bytes.
    pub contents: Vec<u8>,
}

const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
const GIT_IGNORE: &str = ".gitignore";
/// What building, running and configuring an app on one machine leaves there.
const IGNORED: &str = "/target\n/.tmp\n/config/local.toml\n";

/// The template's own `Cargo.toml`.
pub fn manifest() -> Result<String> {
    let file = FILES.iter().find(|file| file.path == MANIFEST);
    let text = file.and_then(|file| std::str::from_utf8(file.contents).ok());
    text.map(str::to_owned)
        .ok_or_else(|| Error::Template { file: MANIFEST.to_owned(), reason: "it is missing".to_owned() })
}

/// Every file of the app called `name` that builds on the framework in the folder `framework`.
pub fn render(name: &AppName, framework: &Path) -> Result<Vec<NewFile>> {
    let mut files: Vec<NewFile> = FILES
        .iter()
        .filter(|file| file.path != MANIFEST)
        .map(|file| NewFile {
            path: renamed(file.path, name).into(),
            contents: renamed_bytes(file.contents, name),
        })
        .collect();
    let manifest = manifest::standalone(&renamed(&manifest()?, name), WORKSPACE_MANIFEST, framework)?;
    files.push(NewFile { path: MANIFEST.into(), contents: manifest.into_bytes() });
    files.push(NewFile { path: LOCK.into(), contents: lock::for_app(WORKSPACE_LOCK, name)?.into_bytes() });
    if !files.iter().any(|file| file.path == Path::new(GIT_IGNORE)) {
        files.push(NewFile { path: GIT_IGNORE.into(), contents: IGNORED.into() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// `text` with the template's three names replaced by the app's.
fn renamed(text: &str, name: &AppName) -> String {
    text.replace(lock::TEMPLATE, name.as_str())
        .replace("app_template", &name.ident())
        .replace("App Template", &name.title())
}

/// A picture or a font stays as it is.
fn renamed_bytes(contents: &[u8], name: &AppName) -> Vec<u8> {
    match std::str::from_utf8(contents) {
        Ok(text) => renamed(text, name).into_bytes(),
        Err(_) => contents.to_vec(),
    }
}
