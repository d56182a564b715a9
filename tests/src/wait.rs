//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for something that should take well under a second, on a busy two-core machine.
pub const SOON: Duration = Duration::from_secs(10);

/// How long a test waits for a program to start.
pub const START: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// Tries `probe` every 20 ms until it gives a value.
///
/// # Panics
/// When it gives none within `deadline`; the message names `what` was awaited.
#[track_caller]
pub fn until<T>(what: &str, deadline: Duration, probe: impl FnMut() -> Option<T>) -> T {
    poll(deadline, probe).unwrap_or_else(|| panic!("not within {deadline:?}: {what}"))
}

/// Tries `probe` every 20 ms until it gives a value or `deadline` has passed.
pub fn poll<T>(deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = probe() {
            return Some(value);
        }
        if start.elapsed() >= deadline {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

/// Tries `condition` every 20 ms until it holds.
///
/// # Panics
/// When it does not hold within `deadline`.
#[track_caller]
pub fn until_true(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    until(what, deadline, || condition().then_some(()));
}
