//! The app around the current folder, and its binary's commands.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;

use crate::cargo::{self, Build};
use crate::output::say;
use crate::{Error, Result, commands};

/// The nearest folder from `start` up that has a `Cargo.toml` and a `config/` folder.
pub fn find(start: &Path) -> Result<PathBuf> {
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("config").is_dir())
        .map(Path::to_path_buf)
        .ok_or_else(|| Error::OutsideApp(start.to_path_buf()))
}

/// Builds the app around the current folder, then replaces this process by its binary's `command`.
///
/// All `arguments` are the app's but `--release`, which is the build's. Comes back only with an error.
pub fn run(command: &'static str, mut arguments: Vec<OsString>) -> Result<()> {
    let here = std::env::current_dir().map_err(Error::file("read", Path::new(".")))?;
    let root = match find(&here) {
        Ok(root) => root,
        Err(_) if arguments.iter().any(|argument| argument == "--help" || argument == "-h") => {
            return print_help(command);
        }
        Err(outside) => return Err(outside),
    };
    let release = arguments.iter().position(|argument| argument == "--release");
    if let Some(position) = release {
        arguments.remove(position);
    }
    let binary = cargo::build(&Build { root: &root, release: release.is_some(), target_dir: None })?;
    // The app finds its config, views and assets in the current folder.
    let source = Command::new(&binary).arg(command).args(arguments).current_dir(&root).exec();
    Err(Error::Start {
        program: binary.display().to_string(),
        source,
        remedy: format!("Build it by hand:  cd {} && cargo build", root.display()),
    })
}

/// Outside an app only the CLI itself can say what the command is for.
fn print_help(command: &str) -> Result<()> {
    let mut cli = commands::Cli::command().bin_name("regatta");
    cli.build();
    if let Some(command) = cli.find_subcommand_mut(command) {
        say!("{}", command.render_help());
    }
    Ok(())
}
