//! What is counted about kept answers.

use super::ResponseCache;
use crate::metrics::{Counter, Kind, Page};

/// How requests of routes with `cache` were answered.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// With a kept answer.
    pub(crate) hits: Counter,
    /// With one that was old, while a new one was made.
    pub(crate) stale: Counter,
    /// With a new one, made for all.
    pub(crate) misses: Counter,
    /// With one of their own.
    pub(crate) passed: Counter,
    /// Answers that were kept.
    pub(super) fills: Counter,
}

impl ResponseCache {
    pub(crate) fn figures(&self) -> &Figures {
        &self.0.figures
    }

    pub(crate) fn report(&self, page: &mut Page) {
        let figures = self.figures();
        let help = "Requests of routes with `cache`: hit, stale, miss; passed: an answer of their own.";
        let mut lookups = page.family(Kind::Counter, "regatta_cache_requests_total", help);
        let outcomes = [
            ("hit", &figures.hits),
            ("stale", &figures.stale),
            ("miss", &figures.misses),
            ("passed", &figures.passed),
        ];
        for (outcome, counter) in outcomes {
            lookups.sample(&[("outcome", outcome)], counter.get());
        }
        page.counter("regatta_cache_fills_total", "Answers that were made and kept.", figures.fills.get());
        let (entries, bytes) = self.0.memory.size();
        page.gauge("regatta_cache_entries", "Answers in the memory of this instance.", entries);
        page.gauge("regatta_cache_bytes", "What they take, in bytes.", bytes);
    }
}
