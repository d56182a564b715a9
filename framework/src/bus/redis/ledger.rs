//! What was heard of each peer, by the numbers of its messages: what comes twice, and what never came.
//!
//! A peer is an instance in one namespace, `<uid><namespace>`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long before a loss a peer must have been silent to be taken for gone when nobody knows of it any more.
const RECENT: Duration = Duration::from_secs(60);
/// How long a peer that nobody knows of any more is remembered.
const MEMORY: Duration = Duration::from_secs(3600);

/// What was heard of the other instances since this one started.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    peers: HashMap<String, Peer>,
    phase: Phase,
    /// Missing and not told yet.
    missing: u64,
    /// Whether anybody was ever heard who does not number messages.
    strangers: bool,
}

#[derive(Debug)]
struct Peer {
    /// The last number that came, or is known to be missing.
    last: u64,
    /// Nothing while it is known from its total only.
    heard: Option<Instant>,
}

#[derive(Debug, Default)]
enum Phase {
    /// What was published before the first subscription is nothing to miss.
    #[default]
    New,
    /// Heard again since a loss; what is missing is added up.
    CatchingUp {
        lost: Instant,
    },
    Steady,
}

/// What a message is, by its number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    New,
    /// The next one, after so many that never came.
    After(u64),
    Repeated,
}

/// What is missing: so many, and perhaps some of peers that could not be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) count: u64,
    pub(super) unknown: bool,
}

impl Ledger {
    /// The subscription is held again, `lost` being when it was lost.
    pub(super) fn held_again(&mut self, lost: Instant) {
        // An earlier loss that is not settled is asked about together with this one.
        if let Phase::Steady = self.phase {
            self.phase = Phase::CatchingUp { lost };
        }
    }

    pub(super) fn is_catching_up(&self) -> bool {
        matches!(self.phase, Phase::CatchingUp { .. })
    }

    /// Enters a message.
    pub(super) fn heard(&mut self, name: &str, number: Option<u64>) -> Heard {
        let Some(number) = number else {
            self.strangers = true;
            return Heard::New;
        };
        let heard = Some(Instant::now());
        let catching_up = self.is_catching_up();
        let before = match self.peers.get_mut(name) {
            Some(peer) if number <= peer.last => return Heard::Repeated,
            Some(peer) => {
                peer.heard = heard;
                std::mem::replace(&mut peer.last, number)
            }
            None => {
                self.peers.insert(name.to_owned(), Peer { last: number, heard });
                // Of a peer that started during a loss everything counts; another one was just never heard.
                if catching_up { 0 } else { number.saturating_sub(1) }
            }
        };
        match number.saturating_sub(before.saturating_add(1)) {
            0 => Heard::New,
            missing if catching_up => {
                self.missing += missing;
                Heard::New
            }
            missing => Heard::After(missing),
        }
    }

    /// Compares with what every peer has published up to now; `settled` when they had time to say so after a
    /// loss. Returns what is missing and was not told before.
    pub(super) fn compare(&mut self, totals: &HashMap<String, u64>, settled: bool) -> Missing {
        let catching_up = self.is_catching_up();
        for (name, &total) in totals {
            match self.peers.get_mut(name) {
                Some(peer) => {
                    self.missing += total.saturating_sub(peer.last);
                    peer.last = peer.last.max(total);
                }
                None => {
                    self.missing += if catching_up { total } else { 0 };
                    self.peers.insert(name.clone(), Peer { last: total, heard: None });
                }
            }
        }
        let count = std::mem::take(&mut self.missing);
        // Strangers are told of once, with the first comparison after a loss.
        let unknown = match self.phase {
            Phase::CatchingUp { lost } if settled => self.is_somebody_gone(totals, lost),
            Phase::CatchingUp { .. } => self.strangers,
            Phase::New | Phase::Steady => false,
        };
        if settled || matches!(self.phase, Phase::New) {
            self.settle(totals);
        }
        Missing { count, unknown }
    }

    /// The totals could not be had: what was heard has to do.
    pub(super) fn give_up(&mut self) -> Missing {
        self.phase = Phase::Steady;
        Missing { count: std::mem::take(&mut self.missing), unknown: true }
    }

    /// Whether a peer that was there at the loss, or came since, is in nobody's books: then Redis lost them, and
    /// the peer is gone too.
    fn is_somebody_gone(&self, totals: &HashMap<String, u64>, lost: Instant) -> bool {
        let since = lost.checked_sub(RECENT).unwrap_or(lost);
        self.peers.iter().any(|(name, peer)| peer.heard >= Some(since) && !totals.contains_key(name))
    }

    fn settle(&mut self, totals: &HashMap<String, u64>) {
        self.phase = Phase::Steady;
        let remembered = |peer: &Peer| peer.heard.is_some_and(|heard| heard.elapsed() < MEMORY);
        self.peers.retain(|name, peer| totals.contains_key(name) || remembered(peer));
    }
}

impl Missing {
    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// The number, where it is all.
    pub(super) fn certain(self) -> Option<u64> {
        (!self.unknown).then_some(self.count)
    }
}

impl std::ops::AddAssign for Missing {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.unknown |= other.unknown;
    }
}

#[cfg(test)]
mod tests;
