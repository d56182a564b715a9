//! A release of an app as one archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{self, Build};
use crate::{Error, Result, process};

mod contents;
mod manifest;
mod secrets;

pub use manifest::Package;

/// What is packed, and where the archive goes.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The app's folder.
    pub root: &'a Path,
    /// The folder of the archive, made when it is missing.
    pub out: &'a Path,
    /// With optimisations.
    pub optimised: bool,
}

/// A file of an archive.
#[derive(Debug)]
pub struct Packed {
    /// Its path inside.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// A written archive.
#[derive(Debug)]
pub struct Archive {
    /// Where it is.
    pub archive: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What is in it, by path.
    pub files: Vec<Packed>,
}

/// Builds the app and packs it as `NAME-VERSION-ARCH-OS.tar.gz`, with everything below `NAME-VERSION/`.
///
/// # Errors
/// When a file of `config/` holds a secret, the app does not build, or `tar` is missing; an archive is there whole or not at all.
pub fn pack(release: &Release<'_>) -> Result<Archive> {
    let package = Package::read(release.root)?;
    secrets::expect_none(release.root)?;
    let binary = cargo::build(&Build { root: release.root, release: release.optimised, target_dir: None })?;

    fs::create_dir_all(release.out).map_err(Error::file("create", release.out))?;
    let stage = tempfile::Builder::new().prefix(".regatta-build-").tempdir_in(release.out);
    let stage = stage.map_err(Error::file("write into", release.out))?;
    let top = package.folder();
    let folder = stage.path().join(&top);
    fs::create_dir(&folder).map_err(Error::file("create", &folder))?;

    let copied = folder.join(&package.name);
    fs::copy(&binary, &copied).map_err(Error::file("copy", &binary))?;
    strip(&copied)?;
    make_units(&binary, release.root, &folder.join("deploy"))?;
    contents::copy(release.root, &folder)?;

    let files = contents::list(stage.path())?;
    let archive = release.out.join(package.archive());
    let written = stage.path().join("archive.tar.gz");
    tar(stage.path(), &top, &written)?;
    fs::rename(&written, &archive).map_err(Error::file("create", &archive))?;
    let bytes = fs::metadata(&archive).map_err(Error::file("read", &archive))?.len();
    Ok(Archive { archive, bytes, files })
}

/// Takes the names of functions out of a binary; without binutils it stays as it is, and only larger.
fn strip(binary: &Path) -> Result<()> {
    let Some(program) = process::find_program("strip") else { return Ok(()) };
    succeed(Command::new(program).arg(binary), "Install binutils again")
}

/// The files of service managers, as the app's configuration says.
fn make_units(binary: &Path, root: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let mut deploy = Command::new(binary);
    deploy.args(["deploy", "systemd", "upstart", "--out"]).arg(folder).current_dir(root);
    succeed(&mut deploy, "Mend what it says, then type the same command again")
}

/// The same files give the same archive: sorted, without their owners.
fn tar(stage: &Path, top: &str, archive: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go-w", "-czf"]);
    succeed(tar.arg(archive).arg("-C").arg(stage).arg(top), "Install GNU tar and gzip")
}

/// Runs a program whose words are only shown when it fails.
fn succeed(command: &mut Command, remedy: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Error::Start {
        program: program.clone(),
        source,
        remedy: remedy.to_owned(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Pack {
        reason: format!("{program} failed ({}): {said}", output.status),
        remedy: remedy.to_owned(),
    })
}
