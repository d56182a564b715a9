//! Where the framework is that a new app builds on.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use crate::{Error, Result};

/// The framework of the checkout this CLI was built from: until it is published there is no other source.
const OWN_CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../framework");

/// The absolute path of the framework's folder, `chosen` or this CLI's own.
pub(super) fn locate(chosen: Option<&Path>) -> Result<PathBuf> {
    let folder = chosen.unwrap_or(Path::new(OWN_CHECKOUT));
    if is_framework(folder) {
        return folder.canonicalize().map_err(Error::file("read", folder));
    }
    let nested = folder.join("framework");
    let reason = match chosen {
        None => format!("the checkout this CLI was built from is gone: {} is not there", folder.display()),
        Some(_) if is_framework(&nested) => {
            format!("{} is a Regatta checkout; the framework is {}", folder.display(), nested.display())
        }
        Some(_) => format!("{} has no Cargo.toml of package `regatta`", folder.display()),
    };
    Err(Error::Framework { reason })
}

fn is_framework(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else { return false };
    let Ok(manifest) = text.parse::<DocumentMut>() else { return false };
    let name = manifest.get("package").and_then(|package| package.get("name"));
    name.and_then(|name| name.as_str()) == Some("regatta")
}
