//! What can go wrong, each message ending with what to do.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A command that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app's name can't name a crate.
    #[error("`{name}` can't name an app: {reason}.\nType:  regatta new {suggestion}")]
    Name {
        /// The name as typed.
        name: String,
        /// Why it was refused.
        reason: String,
        /// The nearest path that is accepted.
        suggestion: String,
    },
    /// The folder of the new app holds something already.
    #[error("{} is not an empty folder; nothing was changed.\nChoose another name, or empty it first", .0.display())]
    Occupied(PathBuf),
    /// The framework is not where the generated manifest would point.
    #[error(
        "{reason}.\nType:  regatta new NAME --framework-path DIR    (DIR is the `framework` folder of a Regatta checkout)"
    )]
    Framework {
        /// What is missing, with the folder.
        reason: String,
    },
    /// The embedded template or a file of the generated app is not what this CLI was written for.
    #[error("{file}: {reason}.\nBuild this `regatta` again from a clean checkout")]
    Template {
        /// The file inside the app.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The current folder is not inside an app.
    #[error("{} is not inside an app: no folder from here up has both a Cargo.toml and a config/ folder.\nGo to your app (cd my-app), or make one:  regatta new my-app", .0.display())]
    OutsideApp(PathBuf),
    /// Cargo refused to build the app; it has said why.
    #[error("the app in {} does not build.\nMend what cargo says above, then type the same command again", .0.display())]
    Build(PathBuf),
    /// Cargo built no binary, or several of which none stands out.
    #[error("the package in {} has {found}.\nKeep one src/main.rs, or name the app's binary in its Cargo.toml:  default-run = \"…\"", .root.display())]
    Binary {
        /// The app's folder.
        root: PathBuf,
        /// What cargo built instead of one binary.
        found: String,
    },
    /// A program could not be started.
    #[error("can't start {program}: {source}.\n{remedy}")]
    Start {
        /// The program as called.
        program: String,
        /// The system's reason.
        source: std::io::Error,
        /// What to do.
        remedy: String,
    },
    /// Something the demo started ended by itself.
    #[error(
        "{name} ended by itself ({status}). Its last lines:\n{tail}\nMend what they say, then type the same command again"
    )]
    Ended {
        /// What it was.
        name: String,
        /// Its exit status.
        status: String,
        /// The end of its log.
        tail: String,
    },
    /// Something the demo started did not answer in time.
    #[error(
        "{name} is not ready after {seconds} s: {last}. Its last lines:\n{tail}\nEnd what else keeps this machine busy, then type the command again"
    )]
    NotReady {
        /// What it was.
        name: String,
        /// How long it was waited for.
        seconds: u64,
        /// The last answer, or why there was none.
        last: String,
        /// The end of its log.
        tail: String,
    },
    /// The demo's check needs programs that are not here.
    #[error("the cluster can't be checked without {missing}.\n{remedy}")]
    Missing {
        /// The programs.
        missing: String,
        /// How to install them.
        remedy: String,
    },
    /// The demo's check saw something else than it should.
    #[error("check failed: {0}.\nRun the demo without --check and look at its logs")]
    Check(String),
    /// The app can't be packed.
    #[error("{reason}.\n{remedy}")]
    Pack {
        /// What stands in the way.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A file could not be read or written.
    #[error("can't {action} {}: {source}.\nCheck the folder's permissions and free space", .path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No free ports were found.
    #[error("no {0} free ports in a row were found.\nEnd some of the programs that listen on this machine")]
    Ports(u16),
    /// Ctrl-C or SIGTERM before the work was done.
    #[error(
        "stopped before it was ready; everything that was started is ended.\nType the command again to start over"
    )]
    Interrupted,
}

impl Error {
    /// An [`Error::File`] from the system's error, for `map_err`.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }

    /// 130 when a signal stopped the command (as shells count it), else 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Interrupted => ExitCode::from(130),
            _ => ExitCode::FAILURE,
        }
    }
}
