//! A child program that ends with its owner and whose output can be awaited.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

use crate::wait;

const GRACE: Duration = Duration::from_secs(15);
const TAIL: usize = 60;

/// A running program. Dropping it sends SIGTERM, waits up to 15 s, then kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    child: Mutex<Child>,
    log: PathBuf,
    stop: Signal,
}

impl Process {
    /// Starts `command` with an empty stdin and its output in `<folder>/<name>.log`.
    ///
    /// # Panics
    /// When the program can't be started.
    pub fn start(name: &str, command: &mut Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).expect("a log file for the program");
        let errors = file.try_clone().expect("a second handle of the log file");
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
        let child =
            child.unwrap_or_else(|error| panic!("can't start {}: {error}", command.get_program().display()));
        Self { name: name.to_owned(), pid: child.id(), child: Mutex::new(child), log, stop: Signal::TERM }
    }

    /// Chooses another signal than SIGTERM to end it.
    pub fn stop_with(&mut self, signal: Signal) {
        self.stop = signal;
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// All it has written so far, without terminal colours.
    pub fn log(&self) -> String {
        without_colours(&String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()))
    }

    /// Waits for a line of its output that contains `text`, and returns that line.
    ///
    /// # Panics
    /// When there is none within `deadline`, or at once when the program ends without it.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str, deadline: Duration) -> String {
        let what = format!("a line with {text:?} from {}", self.name);
        wait::until(&what, deadline, || {
            let ended = self.exit();
            let found = self.log().lines().find(|line| line.contains(text)).map(str::to_owned);
            if let (Some(status), None) = (ended, &found) {
                panic!("{} ended ({status}) without {what}", self.name);
            }
            found
        })
    }

    /// How it ended, or nothing while it runs.
    pub fn exit(&self) -> Option<ExitStatus> {
        self.child().try_wait().expect("the state of a child")
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it still runs after `deadline`.
    #[track_caller]
    pub fn wait_for_exit(&self, deadline: Duration) -> ExitStatus {
        wait::until(&format!("the end of {}", self.name), deadline, || self.exit())
    }

    /// Sends it a signal; does nothing when it has ended.
    pub fn signal(&self, signal: Signal) {
        if self.exit().is_none() {
            send(self.pid, signal);
        }
    }

    /// SIGTERM, up to 15 s of patience, then SIGKILL.
    pub fn end(&self) {
        self.signal(self.stop);
        if wait::poll(GRACE, || self.exit()).is_none() {
            let mut child = self.child();
            // Both fail only when it has just ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL)..];
            eprintln!("--- last lines of {} ({})\n{}", self.name, self.log.display(), tail.join("\n"));
        }
    }
}

/// Sends a signal to any process; a process that has ended is no error.
pub fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process with this id runs (a zombie does not).
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

/// The id of a process's parent, or nothing when it has ended.
pub fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.1.parse().ok()
}

/// The state letter and the parent's id from `/proc/<pid>/stat`.
fn stat(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in parentheses and may itself contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned);
    Some((fields.next()?, fields.next()?))
}

/// Cuts the `ESC [ … letter` sequences out of a text.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| letter.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(&part[end..]);
    }
    plain
}
