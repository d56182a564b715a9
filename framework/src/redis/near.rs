//! Connections of single threads: what a worker asks over its own wakes no other thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;

use super::Redis;
use super::link::{Link, Voice};

thread_local! {
    /// This thread's connections, by the numbers of the servers' handles.
    static LINKS: RefCell<Vec<(u64, Arc<Link>)>> = const { RefCell::new(Vec::new()) };
}

/// A number no other handle of this process has.
pub(super) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Redis {
    /// Gives the calling thread a connection of its own, on its own runtime, until it ends. Outside of a runtime nothing
    /// happens.
    pub(crate) fn settle(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        LINKS.with_borrow_mut(|links| {
            if links.iter().all(|(number, _)| *number != self.0.number) {
                let link = Link::open(self.0.target.clone(), self.0.address.clone(), &runtime, Voice::Quiet);
                links.push((self.0.number, Arc::new(link)));
            }
        });
    }

    /// The calling thread's connection, or the one of all.
    pub(super) fn link(&self) -> Arc<Link> {
        let own = |links: &RefCell<Vec<(u64, Arc<Link>)>>| {
            let links = links.borrow();
            links.iter().find(|(number, _)| *number == self.0.number).map(|(_, link)| link.clone())
        };
        // At a thread's end its connections are gone.
        LINKS.try_with(own).ok().flatten().unwrap_or_else(|| self.0.link.clone())
    }
}
