//! The runtime of what must outlive the workers: Redis connections, the bus, presence.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{Error, Result};

/// A runtime that may be dropped anywhere: what still runs on it is given up without waiting.
#[derive(Debug)]
pub(super) struct Background(Option<Runtime>);

impl Background {
    /// Starts the runtime's thread.
    pub(super) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("regatta-background")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where to spawn.
    pub(super) fn handle(&self) -> Result<&Handle> {
        let runtime = self.0.as_ref().ok_or_else(|| Error::internal("the background runtime has ended"))?;
        Ok(runtime.handle())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
