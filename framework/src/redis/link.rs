//! The shared connection, kept by a task that notices when it breaks and makes a new one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{ErrorKind, RedisResult};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::RedisError;
use super::backoff::Backoff;
use super::target::Target;
use super::wire::Line;

/// Time between two pings of a connection nobody doubts: how long a silent cut stays unseen.
const PING_EVERY: Duration = Duration::from_secs(3);
/// How long a ping may take before the connection is given up.
const PING_DEADLINE: Duration = Duration::from_millis(500);
/// How old a connection to a read-only replica must be before another one is made: until its name leads elsewhere, every
/// write would be a reason for one.
const LOOK_ELSEWHERE_AFTER: Duration = Duration::from_secs(1);

/// Why a connection is doubted by whoever used it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It broke.
    Lost,
    /// An answer was late: only a ping can tell.
    Slow,
    /// The server takes no writes any more.
    ReadOnly,
}

/// Whether people are told how it is with a connection: of several to one server one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Loud,
    Quiet,
}

#[derive(Clone)]
enum State {
    /// The first attempt is under way.
    Opening,
    Up {
        id: u64,
        connection: Line,
    },
    Down {
        reason: Arc<str>,
    },
}

/// The shared connection, or why there is none.
pub(super) struct Link {
    address: Arc<str>,
    state: watch::Receiver<State>,
    doubts: mpsc::Sender<(u64, Doubt)>,
    keeper: JoinHandle<()>,
}

impl Link {
    pub(super) fn open(target: Target, address: Arc<str>, runtime: &Handle, voice: Voice) -> Self {
        let (publish, state) = watch::channel(State::Opening);
        let (doubts, doubted) = mpsc::channel(16);
        let (told, doubting) = (address.clone(), doubts.clone());
        let keeper = Keeper { target, address: told, state: publish, doubts: doubting, doubted, voice };
        Self { address, state, doubts, keeper: runtime.spawn(keeper.run()) }
    }

    /// The connection with its number. Waits for the very first attempt only.
    pub(super) async fn connection(&self) -> Result<(u64, Line), RedisError> {
        let mut state = self.state.clone();
        let decided = state.wait_for(|state| !matches!(state, State::Opening)).await;
        match decided.as_deref() {
            Ok(State::Up { id, connection }) => Ok((*id, connection.clone())),
            Ok(State::Down { reason }) => Err(self.away(reason)),
            Ok(State::Opening) | Err(_) => Err(self.away(&Arc::from("it stops"))),
        }
    }

    /// Tells the keeper what was seen on connection `id`.
    pub(super) fn doubt(&self, id: u64, doubt: Doubt) {
        // A full channel means that the keeper has enough reasons to look.
        let _ = self.doubts.try_send((id, doubt));
    }

    pub(super) fn doubt_current(&self, doubt: Doubt) {
        let id = match &*self.state.borrow() {
            State::Up { id, .. } => *id,
            _ => return,
        };
        self.doubt(id, doubt);
    }

    fn away(&self, reason: &Arc<str>) -> RedisError {
        RedisError::Away { address: self.address.clone(), reason: reason.clone() }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

struct Keeper {
    target: Target,
    address: Arc<str>,
    state: watch::Sender<State>,
    doubts: mpsc::Sender<(u64, Doubt)>,
    doubted: mpsc::Receiver<(u64, Doubt)>,
    voice: Voice,
}

impl Keeper {
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        let mut down_since: Option<Instant> = None;
        for id in 0.. {
            match self.connect(id).await {
                Ok(connection) => {
                    if let Some(since) = down_since.take()
                        && self.voice == Voice::Loud
                    {
                        tracing::info!(redis = %self.address, after = ?since.elapsed(), "Redis is back");
                    }
                    backoff = Backoff::default();
                    self.state.send_replace(State::Up { id, connection: connection.clone() });
                    let reason = self.watch_over(id, connection).await;
                    if self.voice == Voice::Loud {
                        tracing::warn!(redis = %self.address, reason, "Redis is away; what needs it answers 503");
                    }
                    down_since = Some(Instant::now());
                    self.fall(reason.into());
                }
                Err(error) => {
                    if down_since.is_none() && self.voice == Voice::Loud {
                        tracing::warn!(
                            redis = %self.address, %error,
                            "Redis does not answer; what needs it answers 503 until it is there"
                        );
                    }
                    down_since = down_since.or_else(|| Some(Instant::now()));
                    self.fall(error.to_string().into());
                    sleep(backoff.next()).await;
                }
            }
        }
    }

    fn fall(&self, reason: Arc<str>) {
        self.state.send_replace(State::Down { reason });
    }

    async fn connect(&self, id: u64) -> RedisResult<Line> {
        let doubts = self.doubts.clone();
        let ended = move || _ = doubts.try_send((id, Doubt::Lost));
        let line = self.target.line(ended).await?;
        // One that is too slow to be kept would be given up in a moment, and be back, and be given up.
        answers(&line).await.map_err(|reason| redis::RedisError::from((ErrorKind::Io, reason)))?;
        Ok(line)
    }

    /// Returns why connection `id` is no longer good.
    async fn watch_over(&mut self, id: u64, connection: Line) -> &'static str {
        let made = Instant::now();
        loop {
            tokio::select! {
                doubt = self.doubted.recv() => match doubt {
                    Some((of, Doubt::Lost)) if of == id => return "the connection was lost",
                    Some((of, Doubt::ReadOnly)) if of == id && made.elapsed() >= LOOK_ELSEWHERE_AFTER => {
                        return "it became a read-only replica";
                    }
                    Some((of, Doubt::Slow)) if of == id => {}
                    _ => continue,
                },
                () = sleep(PING_EVERY) => {}
            }
            if let Err(reason) = answers(&connection).await {
                return reason;
            }
        }
    }
}

/// # Errors
/// Why the connection is no good; a server that answers with an error is.
async fn answers(connection: &Line) -> Result<(), &'static str> {
    let (mut connection, ping) = (connection.clone(), redis::cmd("PING"));
    match timeout(PING_DEADLINE, ping.query_async::<redis::Value>(&mut connection)).await {
        Ok(Err(error)) if error.is_unrecoverable_error() => Err("the connection was lost"),
        Ok(_) => Ok(()),
        Err(_) => Err("it does not answer a ping"),
    }
}
