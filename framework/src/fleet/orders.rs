//! What an instance is told while it runs: by signals, and by its parent over the socket that is its standard input.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::line::Line;
use super::voice::Voice;
use crate::Result;

/// Set for a child of the parent process.
pub(super) const CHILD: &str = "REGATTA_CHILD";

/// What the parent says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ToChild {
    /// End in good order; `replaced`: another instance accepts at the same listener already.
    Stop { replaced: bool },
    /// The log's level, until it is read again.
    Level(String),
    /// Read the level of `config/log.toml` again.
    ReadLevelAgain,
    /// Tell the last lines of the log, and with `follow` those that come.
    Log { ask: u64, lines: usize, follow: bool },
    /// Nobody follows any longer.
    LogEnd { ask: u64 },
}

/// What a child says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ToParent {
    /// It accepts connections.
    Ready,
    /// It was told to stop.
    Draining,
    /// A line of its log.
    Log { ask: u64, line: String },
    /// There are no more lines.
    LogEnd { ask: u64 },
}

/// What an instance is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// To end in good order; `replaced`: others accept at its listener.
    Stop {
        replaced: bool,
    },
    Level(String),
    ReadLevelAgain,
}

/// From now on SIGUSR1 ends this process no more, though nobody hears it yet: it may come while everything else starts.
///
/// # Errors
/// When the system has no room for a runtime, or lets nobody handle signals.
pub(crate) fn outlive_read_again() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    // Its handler stays, whatever becomes of who listens.
    signal(SignalKind::user_defined1()).map(drop)
}

/// Where an instance hears what it is told.
#[derive(Debug)]
pub(crate) struct Orders {
    term: Signal,
    int: Signal,
    usr1: Signal,
    /// To the parent, when there is one.
    line: Option<Line<ToChild>>,
    voice: Option<Voice>,
    is_child: bool,
    /// What was said while only the order to stop was waited for.
    early: VecDeque<Told>,
}

impl Orders {
    /// Hears from now on, whoever listens when.
    ///
    /// # Errors
    /// When signals can't be received.
    pub(crate) fn open() -> Result<Self> {
        let is_child = std::env::var_os(CHILD).is_some();
        let (line, voice) = if is_child {
            let input = UnixStream::from(rustix::io::dup(io::stdin()).map_err(io::Error::from)?);
            (Some(Line::new(input.try_clone()?)?), Some(Voice::new(input)?))
        } else {
            (None, None)
        };
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            usr1: signal(SignalKind::user_defined1())?,
            line,
            voice,
            is_child,
            early: VecDeque::new(),
        })
    }

    /// The next order. Questions about the log are answered here.
    pub(crate) async fn next(&mut self) -> Told {
        if let Some(told) = self.early.pop_front() {
            return told;
        }
        loop {
            if let Some(told) = self.hear().await {
                return told;
            }
        }
    }

    async fn hear(&mut self) -> Option<Told> {
        // Its brothers, or the one the parent starts in its place.
        let by_signal = Told::Stop { replaced: self.is_child };
        let line = async {
            match &mut self.line {
                Some(line) => line.next().await,
                None => std::future::pending().await,
            }
        };
        Some(tokio::select! {
            _ = self.term.recv() => by_signal,
            _ = self.int.recv() => by_signal,
            _ = self.usr1.recv() => Told::ReadLevelAgain,
            order = line => match order {
                Some(ToChild::Stop { replaced }) => Told::Stop { replaced },
                Some(ToChild::Level(level)) => Told::Level(level),
                Some(ToChild::ReadLevelAgain) => Told::ReadLevelAgain,
                Some(ToChild::Log { ask, lines, follow }) => {
                    self.voice.as_mut()?.tell_log(ask, lines, follow);
                    return None;
                }
                Some(ToChild::LogEnd { ask }) => {
                    self.voice.as_mut()?.end_log(ask);
                    return None;
                }
                // The parent is gone, however it went.
                None => {
                    self.line = None;
                    Told::Stop { replaced: false }
                }
            },
        })
    }

    /// Returns when told to stop; what else is said meanwhile is told later.
    pub(crate) async fn told_to_stop(&mut self) {
        loop {
            match self.hear().await {
                Some(Told::Stop { .. }) => return,
                other => self.early.extend(other),
            }
        }
    }

    /// Lets the parent know that connections are accepted.
    pub(crate) fn tell_ready(&self) {
        self.tell(ToParent::Ready);
    }

    /// Lets the parent know that this instance ends.
    pub(crate) fn tell_draining(&self) {
        self.tell(ToParent::Draining);
    }

    fn tell(&self, message: ToParent) {
        if let Some(voice) = &self.voice {
            voice.say(message);
        }
    }
}
