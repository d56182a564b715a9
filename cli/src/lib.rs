//! The `regatta` command line: it scaffolds an app, builds it and runs its binary.
//!
//! | module | what it does |
//! |---|---|
//! | [`commands`] | one file per command, and the dispatch |
//! | [`scaffold`] | a new app from the embedded template: its name, its manifest, its files |
//! | [`app`] | finds the app around the current folder |
//! | [`cargo`] | builds an app and names its binary |
//! | [`package`] | a release of an app as one archive |
//! | `output` | what it prints |
//! | [`process`] | programs that this command started and ends again |
//! | [`demo`] | a whole cluster on this machine: Redis, three instances, nginx |
//!
//! It does not depend on the framework: what needs a model or a loaded config is a command of the app's own binary.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub mod app;
pub mod cargo;
pub mod commands;
pub mod demo;
pub mod error;
mod output;
pub mod package;
pub mod process;
pub mod scaffold;

pub use error::{Error, Result};

/// Parses `arguments` (the program's name first), runs the command and says how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match commands::Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(usage) => {
            // A closed pipe (`regatta --help | head -1`) is no failure.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit_code()
        }
    }
}
