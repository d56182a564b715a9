//! What an archive is called.

use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::{Error, Result};

/// The app's package as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, which is the binary's too.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Package {
    /// Reads the app's `Cargo.toml`.
    ///
    /// # Errors
    /// When it has no name or no version of its own.
    pub fn read(root: &Path) -> Result<Self> {
        let manifest = root.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(Error::file("read", &manifest))?;
        Self::parse(&text).ok_or_else(|| Error::Pack {
            reason: format!("{} names no package with a version", manifest.display()),
            remedy: "Give it both:  [package] name = \"…\" version = \"0.1.0\"".to_owned(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let document: DocumentMut = text.parse().ok()?;
        let package = document.get("package")?;
        let value = |key: &str| package.get(key)?.as_str().map(str::to_owned);
        Some(Self { name: value("name")?, version: value("version")? })
    }

    /// The one folder of the archive: versions lie side by side.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The archive's file name.
    pub fn archive(&self) -> String {
        let (machine, system) = (std::env::consts::ARCH, std::env::consts::OS);
        format!("{}-{machine}-{system}.tar.gz", self.folder())
    }
}
