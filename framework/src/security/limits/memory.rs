//! The counts of one instance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::Standing;

/// A bounded table: when it is full, those go that come from whoever asked least.
#[derive(Debug)]
pub(super) struct Table {
    start: Instant,
    max: usize,
    free_at: Mutex<HashMap<String, u64>>,
}

impl Table {
    pub(super) fn new(max: usize) -> Self {
        Self { start: Instant::now(), max: max.max(1), free_at: Mutex::default() }
    }

    pub(super) fn count(&self, key: &str, interval: u64, span: u64) -> Standing {
        self.count_at(self.start.elapsed().as_micros() as u64, key, interval, span)
    }

    /// The same at a time, in microseconds.
    pub(super) fn count_at(&self, now: u64, key: &str, interval: u64, span: u64) -> Standing {
        let mut table = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let free_at = table.get(key).copied().unwrap_or_default().max(now);
        let next = free_at.saturating_add(interval);
        let early = next.saturating_sub(now).saturating_sub(span);
        if early > 0 {
            return Standing::new(early, free_at - now, interval, span);
        }
        match table.get_mut(key) {
            Some(known) => *known = next,
            None => {
                if table.len() >= self.max {
                    make_room(&mut table, now);
                }
                table.insert(key.to_owned(), next);
            }
        }
        Standing::new(0, next - now, interval, span)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.free_at.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Forgets who waited everything off; if that is nobody, the half that has least to wait off.
fn make_room(table: &mut HashMap<String, u64>, now: u64) {
    let before = table.len();
    table.retain(|_, free_at| *free_at > now);
    if table.len() < before {
        return;
    }
    let mut times: Vec<u64> = table.values().copied().collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    table.retain(|_, free_at| *free_at > median);
}
