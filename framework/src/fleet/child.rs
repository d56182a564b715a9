//! One instance as its parent sees it: a process, and the line to it.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{self, SignalKind};

use super::handover::HANDED;
use super::line::Line;
use super::listeners::{FIRST_FD, fd};
use super::logs::Logs;
use super::orders::{CHILD, ToChild, ToParent};
use super::private::of_instance;
use crate::config::Environment;
use crate::http::{Door, random_id};
use crate::{Error, Result};

/// Tells a child how many instances its parent runs.
pub(super) const INSTANCES: &str = "REGATTA_INSTANCES";

/// Tells a child where its private listener shall be.
pub(super) const PRIVATE: &str = "REGATTA_PRIVATE";

/// What every child is started from.
#[derive(Debug)]
pub(super) struct Start {
    /// Looked up at each start: an upgrade puts another file there.
    pub(super) program: PathBuf,
    pub(super) environment: Environment,
    pub(super) variables: Vec<(String, String)>,
    /// How many instances there are.
    pub(super) count: AtomicUsize,
    /// Whether what instances must share is somewhere they all reach.
    pub(super) may_be_several: bool,
    pub(super) logs: Arc<Logs>,
    /// The control socket, beside which children have their private listeners; nothing when they have none.
    pub(super) private: Option<PathBuf>,
}

/// What is known about a child for as long as it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) pid: i32,
    pub(super) started: SystemTime,
}

/// A running child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) known: Known,
    pid: Pid,
    line: Option<Line<ToParent>>,
    /// SIGCHLD.
    exits: unix::Signal,
}

/// What a child did.
#[derive(Debug)]
pub(super) enum Event {
    Said(ToParent),
    /// It is gone, and how.
    Ended(String),
}

impl Start {
    fn private_of(&self, id: &str) -> Option<PathBuf> {
        self.private.as_deref().map(|control| of_instance(control, id))
    }

    /// Takes away what a child that has ended may have left.
    pub(super) fn clear(&self, id: &str) {
        if let Some(path) = self.private_of(id) {
            // It was there only when the child was killed.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Starts a child behind these listeners.
    ///
    /// # Errors
    /// When the program can't be started.
    pub(super) fn child(&self, doors: &[Door]) -> Result<Child> {
        let id = random_id()?;
        let mappings = doors
            .iter()
            .zip(FIRST_FD..)
            .map(|(door, child_fd)| Ok(FdMapping { parent_fd: fd(door)?, child_fd }))
            .collect::<Result<Vec<_>>>()?;
        let (own, line) = UnixStream::pair()?;
        // Heard from before it can end.
        let exits = unix::signal(SignalKind::child())?;
        let mut command = Command::new(&self.program);
        command
            .args(["lift", "--env", self.environment.as_str()])
            .env("REGATTA_INSTANCE", &id)
            .env(CHILD, "1")
            .env(INSTANCES, self.count.load(Ordering::Relaxed).to_string())
            .env("LISTEN_FDS", doors.len().to_string())
            .env(PRIVATE, self.private_of(&id).unwrap_or_default())
            .env_remove(HANDED)
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDNAMES")
            .env_remove("LISTEN_FDS_FIRST_FD")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // A Ctrl-C in the terminal is for the parent, which tells its children in good order.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(line)))
            .fd_mappings(mappings)
            .map_err(|error| Error::internal(error.to_string()))?;
        let process = command.spawn().map_err(|error| {
            Error::internal(format!("{} can't be started: {error}", self.program.display()))
        })?;
        let pid = Pid::from_child(&process);
        let known = Known { id, pid: pid.as_raw_nonzero().get(), started: SystemTime::now() };
        tracing::info!(child = known.id, pid = known.pid, "instance started");
        let child = Child { known, pid, line: Some(Line::new(own)?), exits };
        for question in self.logs.questions() {
            child.tell(&question);
        }
        Ok(child)
    }
}

impl Child {
    /// A child that the program before this one in the same process started.
    ///
    /// # Errors
    /// When its line or its signals can't be heard.
    pub(super) fn taken_over(known: Known, line: UnixStream) -> Result<Self> {
        let pid = Pid::from_raw(known.pid).ok_or_else(|| Error::internal("a child has an id"))?;
        Ok(Self { known, pid, line: Some(Line::new(line)?), exits: unix::signal(SignalKind::child())? })
    }

    /// What it does next. Nothing is lost when this is not waited for to its end.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Some(how) = self.ended() {
                return Event::Ended(how);
            }
            let said = async {
                match &mut self.line {
                    Some(line) => line.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.exits.recv() => {}
                said = said => match said {
                    Some(said) => return Event::Said(said),
                    None => self.line = None,
                },
            }
        }
    }

    fn ended(&self) -> Option<String> {
        match waitpid(Some(self.pid), WaitOptions::NOHANG) {
            Ok(None) => None,
            Ok(Some((_, status))) => Some(words(status)),
            Err(error) => Some(format!("was lost: {error}")),
        }
    }

    /// Whether it heard that.
    pub(super) fn tell(&self, order: &ToChild) -> bool {
        self.line.as_ref().is_some_and(|line| line.tell(order))
    }

    /// Tells it to end in good order.
    pub(super) fn stop(&self, replaced: bool) {
        if !self.tell(&ToChild::Stop { replaced }) {
            self.signal(Signal::TERM);
        }
    }

    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process(self.pid, signal) {
            tracing::debug!(%error, "an instance had ended already");
        }
    }

    /// What the next program in this process needs to keep it.
    ///
    /// # Errors
    /// When its line is gone.
    pub(super) fn hand_over(self) -> Result<(Known, OwnedFd)> {
        let line = self.line.ok_or_else(|| Error::internal("an instance without a line to its parent"))?;
        Ok((self.known, line.into_fd()?))
    }
}

fn words(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
