//! What clients got and when, and what is to be said of it.

use std::collections::{BTreeMap, HashSet};
use std::ops::Sub;
use std::time::{Duration, SystemTime};

/// A moment, comparable with those that instances write into their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Times(u64);

impl Times {
    pub(super) fn now() -> Self {
        Self(SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64))
    }

    pub(super) fn at(ms: u64) -> Self {
        Self(ms)
    }
}

impl Sub for Times {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A number that arrived.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) from: String,
    pub(super) n: u64,
    pub(super) said: Times,
    pub(super) at: Times,
}

/// All that one client got.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// The instance it is connected to.
    pub(super) node: usize,
    /// That instance's name, which is another one after each start.
    pub(super) own: String,
    /// Whether it was there before the first number.
    pub(super) from_the_start: bool,
    pub(super) heard: Vec<Heard>,
    /// What it was told to have missed; nothing for a number nobody knows.
    pub(super) told: Vec<Option<u64>>,
    pub(super) is_closed: bool,
}

/// What is to be said of all histories.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Numbers that were said.
    pub(super) said: u64,
    /// By client: where it is connected, what it really lost and what it was told.
    pub(super) losses: Vec<(usize, u64, Told)>,
    pub(super) twice: u64,
    pub(super) out_of_order: u64,
    /// The longest time without a number of the own instance.
    pub(super) stall: Duration,
    /// Numbers that others got more than 500 ms after they were said.
    pub(super) arrived_late: u64,
    /// What an instance that was killed had said to its own clients only.
    pub(super) died_with_it: u64,
}

/// What a client was told: so many, and whether a number was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) count: u64,
    pub(super) is_known: bool,
}

const LATE: Duration = Duration::from_millis(500);

/// By sender, the last number that anybody got, and that anybody got who is connected elsewhere.
type Lasts<'h> = BTreeMap<&'h str, (u64, u64)>;

impl Verdict {
    /// Judges; `stops` says of an instance whether it was itself what failed between `began` and `healed`.
    pub(super) fn of(
        histories: &[History],
        began: Times,
        healed: Times,
        stops: impl Fn(usize) -> bool,
    ) -> Self {
        let mut lasts = Lasts::new();
        for history in histories {
            for heard in &history.heard {
                let (anywhere, elsewhere) = lasts.entry(&heard.from).or_default();
                *anywhere = heard.n.max(*anywhere);
                if heard.from != history.own {
                    *elsewhere = heard.n.max(*elsewhere);
                }
            }
        }
        let mut verdict = Self {
            said: lasts.values().map(|(anywhere, _)| anywhere).sum(),
            died_with_it: lasts.values().map(|(anywhere, elsewhere)| anywhere - elsewhere).sum(),
            ..Self::default()
        };
        for history in histories {
            verdict.add(history, &lasts);
            if !stops(history.node) {
                verdict.stall = verdict.stall.max(history.longest_silence(began, healed));
            }
        }
        verdict
    }

    /// What one client of this instance lost at most.
    pub(super) fn lost_at(&self, node: usize) -> u64 {
        self.losses.iter().filter(|(at, ..)| *at == node).map(|(_, lost, _)| *lost).max().unwrap_or(0)
    }

    fn add(&mut self, history: &History, lasts: &Lasts<'_>) {
        let mut lost = 0;
        for (&from, &(anywhere, elsewhere)) in lasts {
            let numbers: Vec<_> = history.heard.iter().filter(|heard| heard.from == from).collect();
            let (mut seen, mut newest) = (HashSet::new(), 0);
            for heard in &numbers {
                if !seen.insert(heard.n) {
                    self.twice += 1;
                } else if heard.n < newest {
                    self.out_of_order += 1;
                }
                newest = newest.max(heard.n);
                self.arrived_late += u64::from(from != history.own && heard.at - heard.said > LATE);
            }
            let first = if history.from_the_start { Some(1) } else { seen.iter().min().copied() };
            let last = match () {
                () if history.is_closed => newest,
                () if from == history.own => anywhere,
                () => elsewhere,
            };
            let expected = first.map_or(0, |first| (last + 1).saturating_sub(first));
            lost += expected - seen.len() as u64;
        }
        let told = Told {
            count: history.told.iter().flatten().sum(),
            is_known: history.told.iter().all(Option::is_some),
        };
        self.losses.push((history.node, lost, told));
    }
}

impl History {
    /// Whether it got a number that `from` said after `moment`.
    pub(super) fn has_since(&self, from: &str, moment: Times) -> Option<Times> {
        self.heard.iter().find(|heard| heard.from == from && heard.said > moment).map(|heard| heard.at)
    }

    fn longest_silence(&self, began: Times, healed: Times) -> Duration {
        let own = self.heard.iter().filter(|heard| heard.from == self.own).map(|heard| heard.at);
        let during: Vec<_> = own.filter(|at| *at >= began && *at <= healed).collect();
        let ends = during.first().map(|first| *first - began).into_iter();
        let ends = ends.chain(during.last().map(|last| healed - *last));
        ends.chain(during.windows(2).map(|pair| pair[1] - pair[0])).max().unwrap_or(healed - began)
    }
}
