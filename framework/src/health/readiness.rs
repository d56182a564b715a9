//! Whether an instance is fit for traffic, by how its checks were lately.
//!
//! A check that was well has to fail for a while before it counts: what goes wrong for a moment goes wrong for every instance
//! at once, and a balancer must not take all of them out. Checks are asked when somebody wants to know, never twice
//! within half a second, and nobody waits for one that hangs.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::{Check, Finding, Health};

/// How long a finding is reused: balancers ask often.
const FRESH: Duration = Duration::from_millis(500);

/// How long to wait for checks that have answered before, and for those that never did.
const PATIENCE: Duration = Duration::from_millis(250);
const FIRST: Duration = Duration::from_secs(3);

/// From this time on a check that does not answer counts as one that fails.
const HANGS: Duration = Duration::from_secs(1);

/// The checks that decide about readiness. Clones share what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Readiness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    health: Health,
    /// How long a check that was well has to fail.
    grace: Duration,
    runtime: Handle,
    watched: Mutex<Vec<Watched>>,
    /// Changes whenever a check has answered.
    news: watch::Sender<()>,
}

/// A check, and how it was lately.
#[derive(Debug)]
struct Watched {
    check: Check,
    finding: Option<Finding>,
    /// Since when it is as it is: well, or not.
    since: Instant,
    was_well: bool,
    /// When it was asked, if it has not answered yet.
    asked: Option<Instant>,
    answered: Option<Instant>,
}

/// How a check is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) name: &'static str,
    /// What was found last; nothing when it never answered.
    pub(crate) finding: Option<Finding>,
    pub(crate) is_well: bool,
    /// For how long.
    pub(crate) since: Duration,
    /// Whether the instance should get traffic as far as this check is concerned.
    pub(crate) is_ready: bool,
}

impl Readiness {
    /// By the checks of `health`, which run on `runtime`.
    pub(crate) fn new(health: Health, grace: Duration, runtime: &Handle) -> Self {
        let (runtime, news) = (runtime.clone(), watch::Sender::new(()));
        Self(Arc::new(Shared { health, grace, runtime, watched: Mutex::default(), news }))
    }

    /// Asks the checks, and tells how they are; what did not answer in time is as it was before.
    pub(crate) async fn ask(&self) -> Vec<Standing> {
        let mut news = self.0.news.subscribe();
        let deadline = Instant::now() + if self.0.begin() { PATIENCE } else { FIRST };
        while self.0.is_asking() {
            if timeout_at(deadline.into(), news.changed()).await.is_err() {
                break;
            }
        }
        self.known()
    }

    /// How the checks were when they were asked last.
    pub(crate) fn known(&self) -> Vec<Standing> {
        self.0.watched().iter().map(|watched| watched.standing(self.0.grace)).collect()
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Vec<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to ask whatever check has not answered just now; whether all of them ever did.
    fn begin(self: &Arc<Self>) -> bool {
        let mut watched = self.watched();
        if watched.is_empty() {
            let checks = self.health.checks().into_iter().filter(|check| check.readiness);
            watched.extend(checks.map(Watched::new));
        }
        for (place, watched) in watched.iter_mut().enumerate() {
            let is_fresh = watched.answered.is_some_and(|answered| answered.elapsed() < FRESH);
            if watched.asked.is_none() && !is_fresh {
                watched.asked = Some(Instant::now());
                let (shared, check) = (self.clone(), watched.check.clone());
                self.runtime.spawn(async move {
                    let finding = check.run().await;
                    if let Some(watched) = shared.watched().get_mut(place) {
                        watched.hear(finding);
                    }
                    shared.news.send_replace(());
                });
            }
        }
        watched.iter().all(|watched| watched.finding.is_some())
    }

    fn is_asking(&self) -> bool {
        self.watched().iter().any(|watched| watched.asked.is_some())
    }
}

impl Watched {
    fn new(check: Check) -> Self {
        let since = Instant::now();
        Self { check, finding: None, since, was_well: false, asked: None, answered: None }
    }

    fn hear(&mut self, finding: Finding) {
        let now = Instant::now();
        let (is_well, is_first) = (!finding.is_error(), self.finding.is_none());
        if is_first || is_well == self.finding.as_ref().is_some_and(Finding::is_error) {
            // It fails since it was asked, and is well since it said so.
            self.since = if is_well { now } else { self.asked.unwrap_or(now) };
        }
        self.was_well |= is_well;
        (self.finding, self.asked, self.answered) = (Some(finding), None, Some(now));
    }

    fn standing(&self, grace: Duration) -> Standing {
        let (name, finding) = (self.check.name, self.finding.clone());
        let answered_well = self.finding.as_ref().is_some_and(|finding| !finding.is_error());
        let hangs = self.asked.map(|asked| asked.elapsed()).filter(|waiting| *waiting >= HANGS);
        let failing = if answered_well { hangs } else { Some(self.since.elapsed()) };
        let is_ready = failing.is_none_or(|failing| self.was_well && failing < grace);
        let since = failing.unwrap_or_else(|| self.since.elapsed());
        Standing { name, finding, is_well: failing.is_none(), since, is_ready }
    }
}

impl Standing {
    /// One line about it, with what was found.
    pub(crate) fn line(&self) -> String {
        let found = match (&self.finding, self.is_well) {
            (Some(finding), _) if finding.is_error() != self.is_well => finding.text(),
            _ => "it does not answer",
        };
        let mut line = format!("{}: {found}", self.name);
        if !self.is_well && self.is_ready {
            // Writing to a string can't fail.
            let _ = write!(line, " (for {:.1} s)", self.since.as_secs_f64());
        }
        line
    }
}
