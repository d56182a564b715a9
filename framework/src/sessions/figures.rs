//! What is counted about sessions.

use crate::Result;
use crate::metrics::{Counter, Kind, Page};

/// What was asked of the store for requests, and how it went.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Requests that came with a session that lives.
    pub(super) loaded: Counter,
    pub(super) started: Counter,
    /// Changes that were kept.
    pub(super) committed: Counter,
    /// Sessions that got another id.
    pub(super) renewed: Counter,
    /// Sessions that a request ended.
    pub(super) ended: Counter,
    /// Changes that were not kept, because the session had ended meanwhile.
    pub(super) refused: Counter,
    failed: Counter,
}

impl Figures {
    /// Notes when the store has failed.
    pub(super) fn watch<T>(&self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.failed.add(1);
        }
        outcome
    }

    pub(super) fn report(&self, page: &mut Page) {
        let help = "What happened to sessions: loaded, started, committed, renewed, ended; refused: a change came after \
                    the session's end.";
        let mut family = page.family(Kind::Counter, "regatta_sessions_total", help);
        let outcomes = [
            ("loaded", &self.loaded),
            ("started", &self.started),
            ("committed", &self.committed),
            ("renewed", &self.renewed),
            ("ended", &self.ended),
            ("refused", &self.refused),
        ];
        for (outcome, counter) in outcomes {
            family.sample(&[("outcome", outcome)], counter.get());
        }
        let help = "Requests whose session could not be loaded or kept, because the store did not answer.";
        page.counter("regatta_session_failures_total", help, self.failed.get());
    }
}
