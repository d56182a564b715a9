//! What the log says of requests that failed through the server's fault.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;

/// While a service is away every request that needs it fails for the same reason: one of them is told in this time.
const PAUSE: Duration = Duration::from_secs(1);

thread_local! {
    static UNAVAILABLE: Pace = const { Pace::new() };
}

/// Lets one pass in each pause, and counts the others.
pub(super) struct Pace {
    told: Cell<Option<Instant>>,
    untold: Cell<u64>,
}

/// Logs why a request failed. Of those that get 503 a worker tells one a second, and how many it has not told.
pub(super) fn log(response: &ServiceResponse) {
    let status = response.status();
    let path = response.request().path();
    let error = || response.response().error().map(|error| format!("{error:?}"));
    if status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(status = status.as_u16(), path, error = error(), "request failed");
        return;
    }
    if let Some(untold) = UNAVAILABLE.with(|pace| pace.pass(Instant::now())) {
        tracing::error!(status = status.as_u16(), path, error = error(), untold, "request failed");
    }
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { told: Cell::new(None), untold: Cell::new(0) }
    }

    /// How many have not passed since the last that did, if this one may.
    pub(super) fn pass(&self, now: Instant) -> Option<u64> {
        if self.told.get().is_some_and(|told| now.saturating_duration_since(told) < PAUSE) {
            self.untold.set(self.untold.get() + 1);
            return None;
        }
        self.told.set(Some(now));
        Some(self.untold.take())
    }
}

#[cfg(test)]
mod tests;
