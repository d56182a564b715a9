//! Sockets that come back when they end, all together or, as Socket.IO's clients do, each after a while of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use crate::light;

/// How long a client waits to be let in.
const PATIENCE: Duration = Duration::from_secs(20);

/// After being refused a client waits for a part of this.
const PAUSE: Duration = Duration::from_millis(500);

/// A herd of sockets, on a thread of its own.
#[derive(Debug)]
pub struct Herd {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    open: AtomicUsize,
    refused: AtomicU64,
    came: Mutex<Vec<Instant>>,
}

impl Herd {
    /// So many sockets come to an address, all at once; when they end they come back within `spread`.
    pub fn of(count: usize, address: SocketAddr, spread: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            LocalSet::new().block_on(&runtime, async {
                let mut members = JoinSet::new();
                for number in 0..count {
                    members.spawn_local(member(of_thread.clone(), address, number, spread));
                }
                while !of_thread.over.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(20)).await;
                }
            });
        });
        Self { shared, thread: Some(thread) }
    }

    /// How many are connected now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// How often one was not let in.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// After how long each of those came that came since a moment, the first one first.
    pub fn came_since(&self, moment: Instant) -> Vec<Duration> {
        let came = self.shared.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.iter().filter_map(|came| came.checked_duration_since(moment)).collect()
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // A panic in it has been printed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn member(shared: Arc<Shared>, address: SocketAddr, number: usize, spread: Duration) {
    let part = |whole: Duration, of: u32| whole * (u32::try_from(number).unwrap_or(0) % of) / of;
    loop {
        if let Ok(Ok((_writer, mut reader))) = timeout(PATIENCE, light::connect(address)).await {
            shared.came.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            shared.open.fetch_add(1, Ordering::Relaxed);
            while reader.read(|_| ()).await.is_ok() {}
            shared.open.fetch_sub(1, Ordering::Relaxed);
            sleep(part(spread, 101)).await;
        } else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE / 4 + part(PAUSE, 7)).await;
        }
    }
}
