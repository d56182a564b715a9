//! The answers in the memory of one instance.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Entry, Key, Known, Lifetime};

/// What a slot without an answer counts for, in bytes.
const EMPTY: usize = 128;

/// What is among this part of the slots that were used last, keeps its place there when it is used again.
const NEWEST: u64 = 8;

/// A bounded table. Its lock is held for a look or a change, never while something is awaited.
#[derive(Debug)]
pub(super) struct Memory {
    max_entries: usize,
    max_bytes: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    slots: HashMap<Bytes, Slot>,
    /// The keys by their last use, oldest first.
    uses: BTreeMap<u64, Bytes>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    /// Nothing: the answer may not be kept.
    entry: Option<Arc<Entry>>,
    fresh_until: Instant,
    ends: Instant,
    used: u64,
    bytes: usize,
}

impl Memory {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { max_entries, max_bytes, table: Mutex::default() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Known> {
        let now = Instant::now();
        let mut table = self.table();
        let slot = table.used(key.as_bytes())?;
        if now >= slot.ends {
            table.remove(key.as_bytes());
            return None;
        }
        Some(match &slot.entry {
            None => Known::Refused,
            Some(entry) if now < slot.fresh_until => Known::Fresh(entry.clone()),
            Some(entry) => Known::Stale(entry.clone()),
        })
    }

    pub(super) fn keep(&self, key: &Key, entry: Arc<Entry>, lifetime: Lifetime) {
        let fresh_until = Instant::now() + lifetime.fresh;
        let ends = fresh_until + lifetime.stale;
        let bytes = entry.bytes();
        self.put(key, Slot { entry: Some(entry), fresh_until, ends, used: 0, bytes });
    }

    pub(super) fn refuse(&self, key: &Key, time: Duration) {
        let ends = Instant::now() + time;
        self.put(key, Slot { entry: None, fresh_until: ends, ends, used: 0, bytes: EMPTY });
    }

    fn put(&self, key: &Key, mut slot: Slot) {
        let key = Bytes::copy_from_slice(key.as_bytes());
        slot.bytes += key.len();
        let mut table = self.table();
        table.remove(&key);
        table.add(key, slot);
        while table.slots.len() > self.max_entries || table.bytes > self.max_bytes {
            let Some(oldest) = table.uses.values().next().cloned() else { break };
            table.remove(&oldest);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many answers there are, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let table = self.table();
        debug_assert_eq!(table.uses.len(), table.slots.len());
        (table.slots.len(), table.bytes)
    }
}

impl Table {
    /// The slot of a key, which counts as used just now.
    fn used(&mut self, key: &[u8]) -> Option<&Slot> {
        let newest = self.slots.len() as u64 / NEWEST;
        let slot = self.slots.get_mut(key)?;
        if self.clock - slot.used > newest
            && let Some(key) = self.uses.remove(&slot.used)
        {
            self.clock += 1;
            slot.used = self.clock;
            self.uses.insert(slot.used, key);
        }
        Some(slot)
    }

    fn add(&mut self, key: Bytes, mut slot: Slot) {
        self.clock += 1;
        slot.used = self.clock;
        self.bytes += slot.bytes;
        self.uses.insert(slot.used, key.clone());
        self.slots.insert(key, slot);
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(slot) = self.slots.remove(key) {
            self.uses.remove(&slot.used);
            self.bytes -= slot.bytes;
        }
    }
}
