//! What the tasks of a round count together.

use std::cell::{Cell, RefCell};
use std::io::Error;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::contest::Outcome;

/// How long what is under way may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arrivals, how long they took, and the first failure.
#[derive(Debug)]
pub(super) struct Tally {
    /// Whose arrivals they are.
    of: &'static str,
    early: Cell<u64>,
    arrived: Cell<u64>,
    last: Cell<Instant>,
    micros: RefCell<Vec<u32>>,
    failure: RefCell<Option<String>>,
    /// The number of arrivals that somebody waits for.
    goal: Cell<u64>,
    reached: Notify,
}

impl Tally {
    pub(super) fn new(of: &'static str) -> Self {
        Self {
            of,
            early: Cell::new(0),
            arrived: Cell::new(0),
            last: Cell::new(Instant::now()),
            micros: RefCell::default(),
            failure: RefCell::default(),
            goal: Cell::new(u64::MAX),
            reached: Notify::new(),
        }
    }

    /// Starts a round.
    pub(super) fn clear(&self) {
        self.arrived.set(0);
        self.early.set(0);
        self.micros.borrow_mut().clear();
    }

    /// How many arrived in this round.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived.get()
    }

    /// One has arrived that was sent then.
    pub(super) fn count(&self, sent: Instant) {
        let now = Instant::now();
        let micros = u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX);
        self.micros.borrow_mut().push(micros);
        self.last.set(now);
        self.arrived.set(self.arrived.get() + 1);
        if self.arrived.get() >= self.goal.get() {
            self.reached.notify_one();
        }
    }

    /// One of those that have arrived came before one that was sent earlier.
    pub(super) fn count_early(&self) {
        self.early.set(self.early.get() + 1);
    }

    /// Something went wrong: whoever waits gives up.
    pub(super) fn fail(&self, error: &Error) {
        self.failure.borrow_mut().get_or_insert_with(|| error.to_string());
        self.reached.notify_one();
    }

    /// Waits until so many have arrived in this round.
    ///
    /// # Panics
    /// When they don't, or when anything failed: such a round measures something else.
    pub(super) async fn reach(&self, goal: u64) {
        self.goal.set(goal);
        let arrivals = async {
            loop {
                if let Some(failure) = &*self.failure.borrow() {
                    panic!("{} after {} arrivals: {failure}", self.of, self.arrived());
                }
                if self.arrived() >= goal {
                    return;
                }
                self.reached.notified().await;
            }
        };
        let reached = timeout(PATIENCE, arrivals).await;
        assert!(reached.is_ok(), "{}: {} of {goal} have arrived after {PATIENCE:?}", self.of, self.arrived());
        self.goal.set(u64::MAX);
    }

    /// What came of the round that started then.
    pub(super) fn outcome(&self, started: Instant) -> Outcome {
        let mut micros = self.micros.borrow_mut();
        micros.sort_unstable();
        let within = |percent: usize| {
            let place = (micros.len() * percent).div_ceil(100).saturating_sub(1);
            Duration::from_micros(micros.get(place).copied().unwrap_or_default().into())
        };
        Outcome {
            count: self.arrived(),
            time: self.last.get() - started,
            p50: within(50),
            p99: within(99),
            early: self.early.get(),
        }
    }
}
