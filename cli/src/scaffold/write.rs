//! Writing a new app, all of it or nothing.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::NewFile;
use crate::{Error, Result};

/// Refuses `folder` unless it is missing or an empty folder.
pub fn expect_free(folder: &Path) -> Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(Error::Occupied(folder.to_path_buf()));
        }
        Err(error) => return Err(Error::file("read", folder)(error)),
    };
    if entries.next().is_some() { Err(Error::Occupied(folder.to_path_buf())) } else { Ok(()) }
}

/// Writes `files` into `folder`, which must be missing or empty.
///
/// They are written beside it first and take its place in one step, so that nobody ever sees half an app.
/// After an error neither `folder` nor the folders above it are there if they were not before.
pub fn write(files: &[NewFile], folder: &Path) -> Result<()> {
    expect_free(folder)?;
    let folder = std::path::absolute(folder).map_err(Error::file("find", folder))?;
    let parent = folder.parent().ok_or_else(|| Error::Occupied(folder.clone()))?;
    let mut created = CreatedFolders::create(parent)?;

    let stage = tempfile::Builder::new().prefix(".regatta-new-").tempdir_in(parent);
    let stage = stage.map_err(Error::file("write into", parent))?;
    // Not the stage itself, which only its owner may enter.
    let app = stage.path().join("app");
    for file in files {
        let path = app.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        fs::write(&path, &file.contents).map_err(Error::file("write", &path))?;
    }
    fs::rename(&app, &folder).map_err(Error::file("create", &folder))?;
    created.keep();
    Ok(())
}

/// The missing folders of a path, created; removed again when dropped unless kept.
#[derive(Debug)]
struct CreatedFolders(Vec<PathBuf>);

impl CreatedFolders {
    fn create(folder: &Path) -> Result<Self> {
        let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        let mut created = Self(Vec::new());
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(Error::file("create", folder))?;
            created.0.push(folder.to_path_buf());
        }
        Ok(created)
    }

    fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for CreatedFolders {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // Only an empty one goes: somebody else may have put something there meanwhile.
            let _ = fs::remove_dir(folder);
        }
    }
}
