//! Who runs on which processor core: the measured server on its own, all else on the others.

use std::fmt;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores this process may use, split between the server and everything else. With one core both share it.
#[derive(Debug)]
pub(crate) struct Cores {
    server: Vec<usize>,
    others: Vec<usize>,
}

impl Cores {
    /// Gives the server half of the cores, rounded down, but at least one.
    pub(crate) fn split() -> Self {
        let allowed = sched_getaffinity(None).expect("the cores this process may use");
        let mut server: Vec<_> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
        let others = match server.len() {
            0 | 1 => server.clone(),
            cores => server.split_off(cores / 2),
        };
        Self { server, others }
    }

    /// One worker for each core of the server.
    pub(crate) fn workers(&self) -> usize {
        self.server.len()
    }

    /// Runs `start`; the programs it starts stay on the server's cores.
    pub(crate) fn server<T>(&self, start: impl FnOnce() -> T) -> T {
        self.on(&self.server, start)
    }

    /// Runs `start`; the programs it starts stay off the server's cores.
    pub(crate) fn others<T>(&self, start: impl FnOnce() -> T) -> T {
        self.on(&self.others, start)
    }

    /// A child inherits the cores of the thread that starts it, so no program has to be told.
    fn on<T>(&self, cores: &[usize], start: impl FnOnce() -> T) -> T {
        pin(cores.iter().copied());
        let started = start();
        pin(self.server.iter().chain(&self.others).copied());
        started
    }
}

fn pin(cores: impl Iterator<Item = usize>) {
    let mut set = CpuSet::new();
    cores.for_each(|core| set.set(core));
    sched_setaffinity(None, &set).expect("a thread may narrow its own cores");
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server on core {}, load and services on core {}", list(&self.server), list(&self.others))
    }
}

fn list(cores: &[usize]) -> String {
    cores.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
