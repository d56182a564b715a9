//! A store that does not answer is left alone for a while, so that no request waits for it in vain.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;

/// So many failures within [`WINDOW`] are enough.
const MOST: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);
/// How often the store is asked again.
const PROBE: Duration = Duration::from_millis(250);

/// Open, it turns away all but one request every 250 ms; the first that is answered closes it.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the first of them was.
    since: Option<Instant>,
    /// When the store may be asked again, while it is open.
    probe: Option<Instant>,
}

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// 503 when the store is not asked now.
    pub(super) fn admit(&self) -> Result<(), Error> {
        let (mut state, now) = (self.lock(), Instant::now());
        match state.probe {
            Some(probe) if now < probe => Err(Error::unavailable(
                "the store of the sessions does not answer: it is asked again within a second",
            )),
            Some(_) => {
                state.probe = Some(now + PROBE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The store has answered.
    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        if state.probe.is_some() {
            tracing::info!("the store of the sessions answers again");
        }
        *state = State::default();
    }

    /// The store has not answered, or is away.
    pub(super) fn failed(&self) {
        let (mut state, now) = (self.lock(), Instant::now());
        if state.probe.is_some() {
            return;
        }
        if state.since.is_none_or(|since| now - since > WINDOW) {
            (state.failures, state.since) = (0, Some(now));
        }
        state.failures += 1;
        if state.failures >= MOST {
            tracing::warn!(
                "the store of the sessions does not answer: requests with a session get 503 at once until it does"
            );
            state.probe = Some(now + PROBE);
        }
    }
}

#[cfg(test)]
mod tests;
