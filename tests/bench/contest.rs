//! The rounds of one workload: every entry in turn, again and again.

use std::time::Duration;

use crate::cores::Cores;
use crate::side::Side;

/// Load before the first round that counts: pools fill, statements are prepared, caches warm up.
const WARM_UP: Duration = Duration::from_secs(1);

/// The same task for several entries; the first is what the others are compared with.
pub(crate) struct Contest<'a> {
    pub title: &'static str,
    pub entries: Vec<Entry<'a>>,
}

/// One way to do it.
pub(crate) struct Entry<'a> {
    /// How the table calls it.
    pub label: String,
    /// The processes whose time counts.
    pub sides: Vec<&'a Side>,
    /// One round of so long.
    pub load: Box<dyn Fn(Duration) -> Outcome + 'a>,
}

/// What came of one round's load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// How often it was done.
    pub count: u64,
    /// From the first to the last time.
    pub time: Duration,
    /// Half of them took at most this long.
    pub p50: Duration,
    /// All but one in a hundred took at most this long.
    pub p99: Duration,
    /// How many came before another one that was sent earlier.
    pub early: u64,
}

/// What one round of one entry gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    outcome: Outcome,
    cpu: Duration,
}

impl Contest<'_> {
    /// Runs `count` rounds of each entry, so long each; returns them by entry.
    pub(crate) fn run(&self, count: u32, time: Duration, cores: &Cores) -> Vec<Vec<Round>> {
        for entry in &self.entries {
            entry.round(cores, WARM_UP);
        }
        let mut rounds = vec![Vec::new(); self.entries.len()];
        for _ in 0..count {
            for (entry, rounds) in self.entries.iter().zip(&mut rounds) {
                rounds.push(entry.round(cores, time));
            }
        }
        rounds
    }
}

impl Entry<'_> {
    fn round(&self, cores: &Cores, time: Duration) -> Round {
        let before = self.cpu();
        let outcome = cores.others(|| (self.load)(time));
        Round { outcome, cpu: self.cpu() - before }
    }

    fn cpu(&self) -> Duration {
        self.sides.iter().map(|side| side.cpu()).sum()
    }
}

impl Round {
    /// How often a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() / self.outcome.time.as_secs_f64()
    }

    /// Microseconds of the servers' processor time for each.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
    }

    /// Milliseconds within which half of them were done.
    pub(crate) fn p50_millis(&self) -> f64 {
        self.outcome.p50.as_secs_f64() * 1e3
    }

    /// Milliseconds within which 99 of 100 were done.
    pub(crate) fn p99_millis(&self) -> f64 {
        self.outcome.p99.as_secs_f64() * 1e3
    }

    /// How many came out of order.
    pub(crate) fn early(&self) -> u64 {
        self.outcome.early
    }

    #[expect(clippy::cast_precision_loss, reason = "a round has far fewer than 2^52 of anything")]
    fn count(&self) -> f64 {
        self.outcome.count as f64
    }
}
