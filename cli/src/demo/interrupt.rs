//! Ctrl-C, SIGTERM and a closed terminal, as a question that can be asked between two steps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{Error, Result};

/// Whether somebody asked this process to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the signals no longer end the process; whoever works must ask.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.0)).map_err(unlistened)?;
        }
        Ok(interrupt)
    }

    /// Whether the signal has come.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// [`Error::Interrupted`] once the signal has come.
    pub fn check(&self) -> Result<()> {
        if self.requested() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

fn unlistened(source: io::Error) -> Error {
    Error::Start {
        program: "the signal handler".to_owned(),
        source,
        remedy: "Run the command outside a sandbox that forbids signal handlers".to_owned(),
    }
}
