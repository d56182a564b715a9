//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Doubling waits from 50 ms to 1 s, each shortened by up to a half by chance, so that instances that lost
/// the same server don't come back in step.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The wait before the next attempt.
    pub(crate) fn next(&mut self) -> Duration {
        let full = self.0;
        self.0 = (full * 2).min(LONGEST);
        let mut chance = [0; 1];
        // Without chance the full wait is as good.
        let _ = getrandom::fill(&mut chance);
        full - full.mul_f64(f64::from(chance[0]) / 512.0)
    }
}
