//! Whether there is room for one more client: files for the instance's own work stay free, or a crowd of clients would
//! keep those that are served from the database and from Redis.

use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::complaint::Pace;

thread_local! {
    static FULL: Pace = const { Pace::new() };
}

/// How many file descriptors are not for clients.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    spare: u64,
}

impl Room {
    /// Keeps so many free, though never more than a quarter of those the process may have.
    pub(super) fn keeping(spare: u64) -> Self {
        Self { spare }
    }

    /// Whether a client that was just accepted may stay. One that may not is best cut off: a proxy then asks another
    /// instance at once.
    pub(super) fn has_place(self, client: &impl AsFd) -> bool {
        // The kernel gives the lowest number that is free: as many are taken below it.
        let number = u64::try_from(client.as_fd().as_raw_fd()).unwrap_or(0);
        // Asked each time: it may be changed from outside.
        let most = getrlimit(Resource::Nofile).current;
        if most.is_none_or(|most| number < self.for_clients(most)) {
            return true;
        }
        if let Some(untold) = FULL.with(|pace| pace.pass(Instant::now())) {
            tracing::warn!(
                open_files = number,
                untold,
                "a client was turned away, or soon no file could be opened: raise LimitNOFILE (`ulimit -n`) or run more instances"
            );
        }
        false
    }

    fn for_clients(self, most: u64) -> u64 {
        most - self.spare.min(most / 4)
    }
}

/// Takes all files the process may have: what it starts with is often 1,024, for programs that can't use more.
pub(crate) fn take_all_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::debug!("the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests;
