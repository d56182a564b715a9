//! The files of an archive besides the binary.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use super::Packed;
use crate::{Error, Result};

/// What is one machine's own, wherever it lies.
const LOCAL: &str = "local.toml";
/// Endings of what is secret.
const SECRET: [&str; 4] = ["key", "pem", "p12", "pfx"];

/// Copies what the running app reads, and the app's own deploy files over those that were made.
pub(super) fn copy(root: &Path, to: &Path) -> Result<()> {
    let (views, assets) = folders(root)?;
    for folder in ["config", &views, &assets, "migrations", "deploy"] {
        let from = root.join(folder);
        if from.is_dir() {
            copy_folder(&from, &to.join(folder), root)?;
        }
    }
    Ok(())
}

/// The files below a folder, by path, with their sizes.
pub(super) fn list(folder: &Path) -> Result<Vec<Packed>> {
    let mut files = Vec::new();
    visit(folder, &mut |path, bytes| {
        let path = path.strip_prefix(folder).unwrap_or(path).to_path_buf();
        files.push(Packed { path, bytes });
    })?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Where templates and assets lie, as `config/views.toml` says for production.
fn folders(root: &Path) -> Result<(String, String)> {
    let file = root.join("config/views.toml");
    let text = if file.is_file() {
        fs::read_to_string(&file).map_err(Error::file("read", &file))?
    } else {
        String::new()
    };
    let document: DocumentMut = text.parse().map_err(|error| Error::Pack {
        reason: format!("{}: {error}", file.display()),
        remedy: "Mend that file".to_owned(),
    })?;
    let production = document.get("production");
    let value = |key: &str| {
        let own = production.and_then(|table| table.get(key)).or_else(|| document.get(key));
        own.and_then(|value| value.as_str()).map(str::to_owned)
    };
    let folders = (
        value("folder").unwrap_or_else(|| "views".to_owned()),
        value("assets").unwrap_or_else(|| "assets".to_owned()),
    );
    for folder in [&folders.0, &folders.1] {
        let inside =
            Path::new(folder).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            return Err(Error::Pack {
                reason: format!("{} names the folder {folder}, outside the app", file.display()),
                remedy: "An archive holds the app's own folder only: move it in, or name one inside"
                    .to_owned(),
            });
        }
    }
    Ok(folders)
}

fn copy_folder(from: &Path, to: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
        let path = entry.map_err(Error::file("read", from))?.path();
        if is_left_out(&path) {
            continue;
        }
        // What a link names is packed, if it is the app's.
        let real = path.canonicalize().map_err(Error::file("read", &path))?;
        if !root.canonicalize().is_ok_and(|root| real.starts_with(root)) {
            return Err(Error::Pack {
                reason: format!("{} is a link to {}, outside the app", path.display(), real.display()),
                remedy: "Put a copy in its place".to_owned(),
            });
        }
        let target = to.join(path.file_name().unwrap_or_default());
        if real.is_dir() {
            copy_folder(&path, &target, root)?;
            continue;
        }
        fs::create_dir_all(to).map_err(Error::file("create", to))?;
        fs::copy(&real, &target).map_err(Error::file("copy", &path))?;
    }
    Ok(())
}

/// Hidden files, keys, and what is one machine's own.
fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    name.starts_with('.') || name.ends_with('~') || name == LOCAL || SECRET.contains(&&*ending)
}

fn visit(folder: &Path, found: &mut impl FnMut(&Path, u64)) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path: PathBuf = entry.map_err(Error::file("read", folder))?.path();
        let kind = fs::metadata(&path).map_err(Error::file("read", &path))?;
        if kind.is_dir() { visit(&path, found)? } else { found(&path, kind.len()) }
    }
    Ok(())
}
