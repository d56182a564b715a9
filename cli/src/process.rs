//! Programs this command started: watched while they run, ended by their own ids, never by name.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::{Error, Result};

/// How often a running program is looked at.
pub const POLL: Duration = Duration::from_millis(50);
/// How long a program may take to end in good order before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How much of a log goes into an error message.
const TAIL_LINES: usize = 20;

/// A running program with its descendants, in a process group of its own; ended when dropped.
///
/// A group of its own, so that a Ctrl-C in the terminal reaches only `regatta`, which then ends its programs in order.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: Option<PathBuf>,
    /// Set once it is reaped; until then its id can't become another program's.
    status: Option<ExitStatus>,
}

impl Program {
    /// Starts `command` with its output in the file `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = File::create(log).map_err(Error::file("write", log))?;
        let errors = output.try_clone().map_err(Error::file("write", log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.process_group(0).spawn().map_err(|source| Error::Start {
            program: name.to_owned(),
            source,
            remedy: "Check that it is installed and may be run".to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), child, log: Some(log.to_path_buf()), status: None })
    }

    /// Takes over a child that was spawned with `process_group(0)`.
    pub fn adopt(name: &str, child: Child) -> Self {
        Self { name: name.to_owned(), child, log: None, status: None }
    }

    /// The program's standard output, if it was piped and not taken before.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its process id, which is its group's id too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, or nothing while it runs; its descendants are ended with it.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() && !self.runs() {
            self.reap()?;
        }
        Ok(self.status)
    }

    /// An error with the end of its log when it has ended by itself.
    pub fn expect_running(&mut self) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => {
                Err(Error::Ended { name: self.name.clone(), status: status.to_string(), tail: self.tail() })
            }
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last lines it wrote.
    pub fn tail(&self) -> String {
        let text = self.log.as_deref().and_then(|log| fs::read(log).ok()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// Asks it to end, waits up to 10 s, then kills what is left of its group.
    pub fn stop(&mut self) {
        if self.status.is_some() {
            return;
        }
        if let Some(id) = self.pid() {
            let _ = rustix::process::kill_process(id, Signal::TERM);
        }
        let deadline = Instant::now() + GRACE;
        while self.runs() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        let _ = self.reap();
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    /// Whether the leader still runs; leaves an ended one unreaped.
    fn runs(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.pid().is_some_and(|id| matches!(rustix::process::waitid(WaitId::Pid(id), look), Ok(None)))
    }

    /// Kills the whole group, then collects the leader: in this order, as a reaped id may be anybody's.
    fn reap(&mut self) -> Result<()> {
        if let Some(id) = self.pid() {
            let _ = rustix::process::kill_process_group(id, Signal::KILL);
        }
        let status = self.child.wait().map_err(|source| Error::Start {
            program: self.name.clone(),
            source,
            remedy: "Look at it with:  ps -ef".to_owned(),
        })?;
        self.status = Some(status);
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The executable file called `name` on `PATH`, or in the system folders that ordinary users' `PATH` lacks.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file).unwrap_or(false))
}

fn is_executable(file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(file)?;
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
