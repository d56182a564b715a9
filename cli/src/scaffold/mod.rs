//! A new app from the embedded template.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

mod framework;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod template;
pub mod write;

pub use name::AppName;
pub use template::NewFile;

/// An app that is about to be written: everything about it is checked, nothing is on disk yet.
#[derive(Debug)]
pub struct NewApp {
    name: AppName,
    folder: PathBuf,
    framework: PathBuf,
}

impl NewApp {
    /// Checks the name in the last part of `path`, the folder and the framework to build on.
    pub fn plan(path: &Path, framework: Option<&Path>) -> Result<Self> {
        let name = name_of(path)?;
        write::expect_free(path)?;
        Ok(Self { name, folder: path.to_path_buf(), framework: framework::locate(framework)? })
    }

    /// The app's name.
    pub fn name(&self) -> &AppName {
        &self.name
    }

    /// The folder as it was asked for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes all files or none, and says how many.
    pub fn write(&self) -> Result<usize> {
        let files = template::render(&self.name, &self.framework)?;
        write::write(&files, &self.folder)?;
        Ok(files.len())
    }
}

fn name_of(path: &Path) -> Result<AppName> {
    let typed = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let reserved = manifest::direct_dependencies(&template::manifest()?)?;
    AppName::parse(&typed, &reserved).map_err(|refusal| Error::Name {
        name: typed.into_owned(),
        reason: refusal.reason,
        suggestion: quoted(&path.with_file_name(refusal.suggestion)).into_owned(),
    })
}

/// The path as it can be typed into a shell.
pub fn quoted(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}
