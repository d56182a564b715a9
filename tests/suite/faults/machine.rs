//! How long the machine itself let programs wait: a busy one must not be taken for a stall.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(10);

/// Watches until dropped.
pub(super) struct Machine {
    longest: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Machine {
    pub(super) fn watched() -> Self {
        let (longest, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, end) = (longest.clone(), is_over.clone());
        thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let asleep = Instant::now();
                thread::sleep(STEP);
                let late = asleep.elapsed().saturating_sub(STEP);
                seen.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
            }
        });
        Self { longest, is_over }
    }

    /// The longest time a program waited for its turn.
    pub(super) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::Relaxed))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
