//! Work that is done once for a database, however many instances start: bootstraps and seeds.
//!
//! A row of [`TABLE`] says who is at it, and its `beats` grow every second while they are. One that falls silent
//! is challenged; only when it does not answer, although the database takes writes, another takes over. No clock
//! is compared with another machine's, and an instance that was killed holds the others up for ten seconds.

mod rows;

use std::time::{Duration, Instant};

use rows::Row;

use super::{Db, Timestamp};
use crate::db::{DbError, Engine, Store};
use crate::{Error, Result};

/// The table with one row for everything that is done once.
const TABLE: &str = "regatta_once";

/// How fast everything goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How often who is at work says so.
    pub(crate) beat: Duration,
    /// How long it may be silent before it is challenged; cut off from the database, it gives up by itself.
    pub(crate) silent: Duration,
    /// How long it has to answer a challenge.
    pub(crate) answer: Duration,
    /// How often those who wait look.
    pub(crate) pause: Duration,
}

impl Pace {
    const USUAL: Self = Self {
        beat: Duration::from_secs(1),
        silent: Duration::from_secs(6),
        answer: Duration::from_secs(4),
        pause: Duration::from_millis(200),
    };
}

/// When slow work is worth a line in the log.
const SLOW: Duration = Duration::from_secs(30);

/// The longest name, in bytes.
const LONGEST_NAME: usize = 200;

/// One instance's hand on what is done once.
#[derive(Debug)]
pub(crate) struct Once<'a> {
    /// The models' own: its table is there.
    store: &'a Store,
    /// Who works, as the others see it: no two are the same.
    holder: String,
    /// How long to wait for somebody else's work.
    patience: Duration,
    pace: Pace,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done now.
    Done,
    /// It had been done.
    DoneBefore(Timestamp),
}

/// Somebody at work, as one who waits sees it.
#[derive(Debug)]
struct Watch {
    holder: String,
    beats: i64,
    since: Instant,
    challenged: bool,
}

impl<'a> Once<'a> {
    /// # Errors
    /// 503 when the database is away; 500 when it has no table for this and none can be made.
    pub(crate) async fn open(db: &'a Db, holder: String, patience: Duration) -> Result<Self> {
        let store = db.main_store();
        rows::make_table(store).await?;
        Ok(Self { store, holder, patience, pace: Pace::USUAL })
    }

    #[cfg(test)]
    pub(crate) fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// When `name` was done, if it was.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn done(&self, name: &str) -> Result<Option<Timestamp>> {
        Ok(rows::read(self.store, name).await?.and_then(|row| row.finished))
    }

    /// Does `work` unless `name` is done, waiting for whoever is at it; with `again`, even if it is done. Work
    /// that fails counts as never begun.
    ///
    /// # Errors
    /// What `work` returns; 503 when somebody else is at it for too long, or the database is away.
    pub(crate) async fn run(
        &self,
        name: &str,
        again: bool,
        work: impl Future<Output = Result<()>>,
    ) -> Result<Outcome> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::internal(format!(
                "`{name}` can't be remembered as done: give it a name of 1 to {LONGEST_NAME} bytes"
            )));
        }
        if let Some(when) = self.claim(name, again).await? {
            return Ok(Outcome::DoneBefore(when));
        }
        let outcome = tokio::select! {
            outcome = work => outcome,
            error = self.keep(name) => Err(error),
        };
        if let Err(error) = outcome {
            if let Err(error) = rows::release(self.store, name, &self.holder).await {
                tracing::warn!(%error, "others learn in ten seconds that `{name}` is free again");
            }
            return Err(error);
        }
        self.finish(name).await?;
        Ok(Outcome::Done)
    }

    async fn finish(&self, name: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            match rows::finish(self.store, name, &self.holder, Timestamp::now()).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(taken_over(name)),
                // Somebody else writes to SQLite; others can't take over meanwhile.
                Err(DbError::Busy | DbError::Locked) if start.elapsed() < self.patience => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Becomes the one at work, or tells when the work was done.
    async fn claim(&self, name: &str, again: bool) -> Result<Option<Timestamp>> {
        let start = Instant::now();
        let mut watch = None;
        loop {
            let holder = match self.step(name, again, &mut watch).await {
                Ok(Step::Mine) => return Ok(None),
                Ok(Step::Done(when)) => return Ok(Some(when)),
                Ok(Step::Wait(holder)) => Some(holder),
                // Somebody writes to SQLite: most likely whoever is at work.
                Err(DbError::Busy | DbError::Locked) => None,
                Err(error) => return Err(error.into()),
            };
            if start.elapsed() >= self.patience {
                let holder = holder.as_deref().unwrap_or("it can't be read which one");
                return Err(Error::unavailable(format!(
                    "another instance ({holder}) runs `{name}` and did not finish within {} s: look at its log, or \
                     raise bootstrap_timeout in config/models.toml",
                    self.patience.as_secs()
                )));
            }
            tokio::time::sleep(self.pace.pause).await;
        }
    }

    /// Looks once, and does what is to be done next.
    async fn step(&self, name: &str, again: bool, watch: &mut Option<Watch>) -> Result<Step, DbError> {
        let Some(row) = rows::read(self.store, name).await? else {
            return Ok(if rows::insert(self.store, name, &self.holder).await? {
                Step::Mine
            } else {
                Step::again()
            });
        };
        match row.finished {
            Some(when) if !again => return Ok(Step::Done(when)),
            Some(_) => return self.take(name, &row).await,
            None => {}
        }
        let seen = match watch {
            Some(seen) if seen.holder == row.holder && seen.beats == row.beats => seen,
            before => {
                if before.as_ref().is_none_or(|seen| seen.holder != row.holder) {
                    tracing::info!("another instance ({}) runs `{name}`: waiting for it", row.holder);
                }
                *before = Some(Watch::start(&row));
                return Ok(Step::Wait(row.holder));
            }
        };
        if seen.challenged && seen.since.elapsed() >= self.pace.answer {
            let step = self.take(name, &row).await?;
            if matches!(step, Step::Mine) {
                tracing::warn!("the instance that ran `{name}` ({}) is gone: starting over", row.holder);
            }
            return Ok(step);
        }
        if !seen.challenged && seen.since.elapsed() >= self.pace.silent {
            // From the start when this can't be written: then the other one could not either.
            seen.since = Instant::now();
            rows::challenge(self.store, name, &row).await?;
            *seen =
                Watch { beats: row.beats + 1, since: Instant::now(), challenged: true, ..Watch::start(&row) };
        }
        Ok(Step::Wait(row.holder))
    }

    async fn take(&self, name: &str, row: &Row) -> Result<Step, DbError> {
        Ok(if rows::take(self.store, name, row, &self.holder).await? { Step::Mine } else { Step::again() })
    }

    /// Says again and again that this instance is at work; returns why it no longer may be.
    async fn keep(&self, name: &str) -> Error {
        let start = Instant::now();
        let (mut heard, mut slow) = (Instant::now(), false);
        loop {
            tokio::time::sleep(self.pace.beat).await;
            match tokio::time::timeout(self.pace.answer, rows::beat(self.store, name, &self.holder)).await {
                Ok(Ok(true)) => heard = Instant::now(),
                Ok(Ok(false)) => return taken_over(name),
                // While one writes to SQLite nobody else does either.
                Ok(Err(DbError::Busy | DbError::Locked)) | Err(_)
                    if self.store.engine() == Engine::Sqlite =>
                {
                    heard = Instant::now()
                }
                Ok(Err(error)) if heard.elapsed() >= self.pace.silent => return error.into(),
                Err(_) if heard.elapsed() >= self.pace.silent => return DbError::Timeout.into(),
                Ok(Err(_)) | Err(_) => {}
            }
            if !slow && start.elapsed() >= SLOW {
                slow = true;
                tracing::warn!("`{name}` still runs after {} s", SLOW.as_secs());
            }
        }
    }
}

fn taken_over(name: &str) -> Error {
    Error::unavailable(format!(
        "another instance took over `{name}`, because this one fell silent: let it never block its thread for more \
         than a second"
    ))
}

/// What to do after a look.
enum Step {
    Mine,
    Done(Timestamp),
    /// Somebody is at it.
    Wait(String),
}

impl Step {
    /// Another one was quicker; who it is the next look tells.
    fn again() -> Self {
        Self::Wait("just started".to_owned())
    }
}

impl Watch {
    fn start(row: &Row) -> Self {
        Self { holder: row.holder.clone(), beats: row.beats, since: Instant::now(), challenged: false }
    }
}
