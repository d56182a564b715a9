//! Numbers that many threads change and few read.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Threads with a cell of their own; those beyond share.
const CELLS: usize = 16;

thread_local! {
    static CELL: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % CELLS
    };
}

/// A cell alone on its cache lines, of which some processors fetch two at once.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell(AtomicU64);

/// One number in pieces, a piece for each thread. A thread may take away what another one has added.
#[derive(Debug, Default)]
struct Sum([Cell; CELLS]);

impl Sum {
    fn add(&self, n: u64) {
        // A thread that ends may still count.
        let cell = CELL.try_with(|cell| *cell).unwrap_or_default();
        if let Some(Cell(sum)) = self.0.get(cell) {
            sum.fetch_add(n, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u64 {
        self.0.iter().fold(0, |sum, cell| sum.wrapping_add(cell.0.load(Ordering::Relaxed)))
    }
}

/// How often something happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Counter(Sum);

impl Counter {
    /// It happened `n` times more.
    pub(crate) fn add(&self, n: u64) {
        self.0.add(n);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

/// How many of something there are.
#[derive(Debug, Default)]
pub(crate) struct Gauge(Sum);

impl Gauge {
    /// There is one more.
    pub(crate) fn up(&self) {
        self.0.add(1);
    }

    /// There is one less.
    pub(crate) fn down(&self) {
        self.0.add(u64::MAX);
    }

    /// Never less than nothing: the cells are read one after the other while they change.
    pub(crate) fn get(&self) -> u64 {
        self.0.get().cast_signed().max(0).cast_unsigned()
    }
}
