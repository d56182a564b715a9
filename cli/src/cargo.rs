//! Building an app with cargo and finding the binary it made.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use serde_json::Value;
use toml_edit::DocumentMut;

use crate::{Error, Result};

/// One build of one app.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// The app's folder.
    pub root: &'a Path,
    /// With optimisations.
    pub release: bool,
    /// Where compiled things go; cargo's own choice without it.
    pub target_dir: Option<&'a Path>,
}

impl Build<'_> {
    /// The cargo call: progress goes to standard error, what was built to standard output, one JSON object a line.
    pub fn command(&self) -> Command {
        // Under `cargo run` CARGO names the cargo of that toolchain.
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--bins", "--message-format=json-render-diagnostics"]);
        if self.release {
            command.arg("--release");
        }
        if let Some(folder) = self.target_dir {
            command.arg("--target-dir").arg(folder);
        }
        command.current_dir(self.root).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Why cargo could not be started, with what to do.
    pub fn not_started(source: io::Error) -> Error {
        Error::Start {
            program: "cargo".to_owned(),
            source,
            remedy: "Install Rust from https://rustup.rs, then open a new terminal".to_owned(),
        }
    }

    /// Reads what cargo built to its end and names the app's binary in it.
    ///
    /// With several binaries it is the manifest's `default-run`, else the one called as the package.
    pub fn binary(&self, messages: impl BufRead) -> Result<PathBuf> {
        let manifest = self.root.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(Error::file("read", &manifest))?;
        let mut built = Vec::new();
        for line in messages.lines() {
            let line = line.map_err(Error::file("read cargo's answer for", &manifest))?;
            built.extend(executable(&line, &manifest));
        }
        match built.as_slice() {
            [(_, path)] => return Ok(path.clone()),
            [] => return Err(Error::Binary { root: self.root.to_path_buf(), found: "no binary".to_owned() }),
            _ => {}
        }
        let preferred = preferred_binary(&manifest)?;
        let names: Vec<_> = built.iter().map(|(name, _)| name.clone()).collect();
        built.into_iter().find(|(name, _)| Some(name) == preferred.as_ref()).map(|(_, path)| path).ok_or_else(
            || Error::Binary {
                root: self.root.to_path_buf(),
                found: format!("several binaries: {}", names.join(", ")),
            },
        )
    }
}

/// Builds an app in the foreground, its progress shown, and names its binary.
pub fn build(build: &Build<'_>) -> Result<PathBuf> {
    let mut cargo = build.command().spawn().map_err(Build::not_started)?;
    let binary = match cargo.stdout.take() {
        Some(messages) => build.binary(io::BufReader::new(messages)),
        None => Err(Error::Build(build.root.to_path_buf())),
    };
    let status = cargo.wait().map_err(Build::not_started)?;
    if status.success() { binary } else { Err(Error::Build(build.root.to_path_buf())) }
}

/// The target folder this very binary lies in, when cargo built it there.
pub fn own_target_dir() -> Option<PathBuf> {
    let binary = env::current_exe().ok()?;
    let target = binary.parent()?.parent()?;
    target.join(".rustc_info.json").is_file().then(|| target.to_path_buf())
}

/// The name and path in one line of cargo's, if it tells of a binary of the package in `manifest`.
fn executable(line: &str, manifest: &Path) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message["executable"].as_str()?;
    if Path::new(message["manifest_path"].as_str()?) != manifest {
        return None;
    }
    Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(path)))
}

fn preferred_binary(manifest: &Path) -> Result<Option<String>> {
    let text = fs::read_to_string(manifest).map_err(Error::file("read", manifest))?;
    // Cargo has read it already, so a mistake in it can only mean that it was changed this moment.
    let Ok(document) = text.parse::<DocumentMut>() else { return Ok(None) };
    let package = document.get("package");
    let name = package.and_then(|package| package.get("default-run").or_else(|| package.get("name")));
    Ok(name.and_then(|name| name.as_str()).map(str::to_owned))
}
