//! One instance as its parent sees it: started, restarted, stopped.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::sync::watch;

use super::signals::CHILD;
use crate::config::Environment;
use crate::http::random_id;
use crate::{Error, Result};

/// Where the LISTEN_FDS protocol starts counting.
const FIRST_FD: i32 = 3;
/// A child that lived this long was well; its next restart is at once.
const WELL: Duration = Duration::from_secs(10);
/// After this time at most a child hears signals.
const HEARS: Duration = Duration::from_secs(1);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Failures in a row before a child that was never well is given up.
const ATTEMPTS: u32 = 5;

/// What one child is started from, again and again.
pub(super) struct Child {
    program: PathBuf,
    listener: TcpListener,
    environment: Environment,
    variables: Vec<(String, String)>,
    /// How long it may take to stop.
    patience: Duration,
}

impl Child {
    pub(super) fn new(
        listener: TcpListener,
        environment: Environment,
        variables: Vec<(String, String)>,
        patience: Duration,
    ) -> Result<Self> {
        Ok(Self { program: std::env::current_exe()?, listener, environment, variables, patience })
    }

    /// Keeps the child running until told to stop; ends early when it can't be started at all.
    /// Tells it to read the log's level again when `read_again` changes.
    pub(super) async fn keep(self, mut stopped: watch::Receiver<bool>, mut read_again: watch::Receiver<()>) {
        let mut failures = 0;
        let mut was_well = false;
        loop {
            let started = Instant::now();
            let ended = match self.start() {
                Ok((id, mut process)) => {
                    // Held here: waiting would close it, and the child take that for the parent's end.
                    let _alive = process.stdin.take();
                    let pid = pid(&process);
                    let status = loop {
                        tokio::select! {
                            status = process.wait() => break status,
                            () = told(&mut stopped) => return self.stop(process).await,
                            Ok(()) = read_again.changed() => {
                                // A program that has not begun to hear signals is ended by them.
                                tokio::time::sleep(HEARS.saturating_sub(started.elapsed())).await;
                                signal(pid, Signal::USR1);
                            }
                        }
                    };
                    match status {
                        Ok(status) => format!("instance {id} ended: {status}"),
                        Err(error) => format!("instance {id} was lost: {error}"),
                    }
                }
                Err(error) => format!("an instance could not be started: {error}"),
            };
            failures = if started.elapsed() >= WELL { 0 } else { failures + 1 };
            was_well |= failures == 0;
            if failures >= ATTEMPTS && !was_well {
                tracing::error!("{ended}; given up after {ATTEMPTS} attempts: its log says what to mend");
                return;
            }
            let wait = wait(failures);
            tracing::error!("{ended}; restarted in {} ms", wait.as_millis());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = told(&mut stopped) => return,
            }
        }
    }

    fn start(&self) -> Result<(String, tokio::process::Child)> {
        let id = random_id()?;
        let listener: OwnedFd = self.listener.try_clone()?.into();
        let mut command = std::process::Command::new(&self.program);
        command
            .args(["lift", "--env", self.environment.as_str()])
            .env("REGATTA_INSTANCE", &id)
            .env(CHILD, "1")
            .env("LISTEN_FDS", "1")
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDNAMES")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .fd_mappings(vec![FdMapping { parent_fd: listener, child_fd: FIRST_FD }])
            .map_err(|error| Error::internal(error.to_string()))?;
        let process = Command::from(command).kill_on_drop(true).spawn()?;
        tracing::info!(child = id, pid = process.id(), "instance started");
        Ok((id, process))
    }

    /// SIGTERM, then patience, then SIGKILL.
    async fn stop(&self, mut process: tokio::process::Child) {
        signal(pid(&process), Signal::TERM);
        if tokio::time::timeout(self.patience, process.wait()).await.is_err() {
            tracing::error!("an instance did not stop within {} s: killed", self.patience.as_secs());
            let _ = process.kill().await;
        }
    }
}

fn pid(process: &tokio::process::Child) -> Option<Pid> {
    process.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw)
}

fn signal(pid: Option<Pid>, signal: Signal) {
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, "an instance had ended already");
    }
}

async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The first restart is at once; then ever slower.
fn wait(failures: u32) -> Duration {
    match failures {
        0 | 1 => FIRST_WAIT,
        n => FIRST_WAIT.saturating_mul(1 << (n - 1).min(10)).min(LONGEST_WAIT),
    }
}
