//! The rounds of one workload: every entry in turn, again and again.

use std::time::Duration;

use crate::cores::Cores;
use crate::load::{Ask, Load, Outcome};
use crate::options::Options;
use crate::side::Side;

/// Load before the first round that counts: pools fill, statements are prepared, caches warm up.
const WARM_UP: Duration = Duration::from_secs(1);

/// The same question to several entries; the first is what the others are compared with.
#[derive(Debug)]
pub(crate) struct Contest<'a> {
    pub title: &'static str,
    pub entries: Vec<Entry<'a>>,
}

/// One way to answer it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub side: &'a Side,
    /// What sets it apart from another entry of the same side.
    pub note: &'static str,
    /// The requests that take turns.
    pub asks: Vec<Ask>,
}

/// What one round of one entry gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    outcome: Outcome,
    cpu: Duration,
}

impl Contest<'_> {
    /// Runs all rounds; returns them by entry.
    pub(crate) fn run(&self, options: &Options, cores: &Cores) -> Vec<Vec<Round>> {
        let connections = options.connections;
        for entry in &self.entries {
            entry.round(cores, connections, WARM_UP);
        }
        let time = Duration::from_secs(options.seconds);
        let mut rounds = vec![Vec::new(); self.entries.len()];
        for _ in 0..options.rounds {
            for (entry, rounds) in self.entries.iter().zip(&mut rounds) {
                rounds.push(entry.round(cores, connections, time));
            }
        }
        rounds
    }
}

impl Entry<'_> {
    fn round(&self, cores: &Cores, connections: u32, time: Duration) -> Round {
        let load = Load { base: self.side.base(), asks: &self.asks, connections, time };
        let before = self.side.cpu();
        let outcome = cores.others(|| load.run());
        Round { outcome, cpu: self.side.cpu() - before }
    }
}

impl Round {
    /// Answered requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests() / self.outcome.time.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each request.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests()
    }

    /// Milliseconds within which half of the requests were answered.
    pub(crate) fn p50_millis(&self) -> f64 {
        self.outcome.p50.as_secs_f64() * 1e3
    }

    /// Milliseconds within which 99 of 100 requests were answered.
    pub(crate) fn p99_millis(&self) -> f64 {
        self.outcome.p99.as_secs_f64() * 1e3
    }

    #[expect(clippy::cast_precision_loss, reason = "a round has far fewer than 2^52 requests")]
    fn requests(&self) -> f64 {
        self.outcome.requests as f64
    }
}
