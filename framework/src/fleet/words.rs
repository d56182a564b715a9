//! What is asked and answered over the control socket: JSON, one message a line.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::metrics::Usage;

/// What the parent is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Which instances run.
    Status,
    /// Run so many instances from now on.
    Scale(u16),
    /// Replace every instance, one after the other.
    Restart,
    /// End all instances in good order.
    Stop,
    /// Let every instance log these levels, in the words of `level` in `config/log.toml`.
    LogLevel(String),
    /// The last lines of every instance's log, and with `follow` those that come.
    Logs { lines: usize, follow: bool },
    /// The figures of all instances.
    Metrics,
}

/// What the parent answers: some parts, then the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// A line to show.
    Line(String),
    Status(Status),
    /// All is done.
    Done,
    /// It could not be done.
    Failed(String),
}

/// The fleet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) app: String,
    /// The parent's process id.
    pub(crate) parent: u32,
    /// Where clients come in.
    pub(crate) listens: Vec<String>,
    pub(crate) instances: Vec<Row>,
}

/// One process of the fleet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) pid: i32,
    pub(crate) state: State,
    /// Seconds since it has been in that state.
    pub(crate) for_seconds: u64,
    /// How often the instance in this place was replaced because it had ended.
    pub(crate) restarts: u32,
    /// Resident memory, in bytes.
    pub(crate) rss_bytes: Option<u64>,
    /// Processor time so far, in milliseconds.
    pub(crate) cpu_ms: Option<u64>,
    /// Of one core, since it was asked before; 100 is all of it.
    pub(crate) cpu_percent: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Starting,
    Ready,
    Draining,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }
}

impl Row {
    pub(super) fn new(id: &str, pid: i32, state: State, since: SystemTime, restarts: u32) -> Self {
        let usage = Usage::of(pid);
        Self {
            id: id.to_owned(),
            pid,
            state,
            for_seconds: since.elapsed().unwrap_or(Duration::ZERO).as_secs(),
            restarts,
            rss_bytes: usage.rss,
            cpu_ms: usage.cpu.map(|cpu| cpu.as_millis() as u64),
            cpu_percent: None,
        }
    }
}
