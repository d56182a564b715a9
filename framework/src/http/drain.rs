//! The end of an instance, as its HTTP connections see it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How often it is looked whether connections are left.
const LOOK: Duration = Duration::from_millis(10);

/// Whether this instance is being drained: first every answer says that it is its connection's last, then connections
/// without a request end.
#[derive(Debug, Clone)]
pub(crate) struct Drain(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    begun: AtomicBool,
    idle_ended: watch::Sender<bool>,
    open: AtomicUsize,
}

impl Drain {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            begun: AtomicBool::new(false),
            idle_ended: watch::Sender::new(false),
            open: AtomicUsize::new(0),
        }))
    }

    /// From now on every answer ends its connection.
    pub(crate) fn begin(&self) {
        self.0.begun.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// From now on connections without a request end.
    pub(crate) fn end_idle(&self) {
        self.0.idle_ended.send_replace(true);
    }

    /// Returns when no connection is left that waits for a request, or `patience` is over.
    pub(crate) async fn idle_left(&self, patience: Duration) {
        let started = Instant::now();
        while self.0.open.load(Ordering::Relaxed) > 0 && started.elapsed() < patience {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A connection's part: resolves when it has to end unless a request has begun. Counts it for as long as it is kept.
    pub(super) fn connection(&self) -> impl Future<Output = ()> + use<> {
        let (shared, mut ended) = (self.0.clone(), self.0.idle_ended.subscribe());
        shared.open.fetch_add(1, Ordering::Relaxed);
        let open = Open(shared);
        async move {
            let _open = open;
            if ended.wait_for(|ended| *ended).await.is_err() {
                std::future::pending::<()>().await;
            }
            // What arrived at the same moment is read before the connection asks again: then it is answered.
            let mut asked = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut asked, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }
}

#[derive(Debug)]
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
