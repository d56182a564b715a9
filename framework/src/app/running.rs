//! An instance that takes requests, and its end.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::background::Background;
use super::server::Parts;
use crate::Result;
use crate::fleet::PrivateFile;
#[cfg(feature = "testing")]
use crate::{models::Db, sockets::Sockets};

/// How long the bus may take to be ready at the start and to be empty at the end.
pub(super) const BUS_PATIENCE: Duration = Duration::from_secs(1);

/// How long connections that were just told to end may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// An instance that takes requests.
pub(crate) struct Running {
    server: Server,
    parts: Parts,
    /// Ends it without waiting for anything.
    now: Arc<Notify>,
    /// Held for its end.
    _runtime: Background,
    _private: Option<PrivateFile>,
}

impl Running {
    pub(super) fn new(
        server: Server,
        parts: Parts,
        runtime: Background,
        private: Option<PrivateFile>,
    ) -> Self {
        Self { server, parts, now: Arc::default(), _runtime: runtime, _private: private }
    }

    /// A handle to stop it with.
    pub(crate) fn handle(&self) -> Stop {
        Stop { server: self.server.handle(), parts: self.parts.clone(), now: self.now.clone() }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn db(&self) -> Db {
        self.parts.db.clone()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn sockets(&self) -> Sockets {
        self.parts.sockets.clone()
    }

    /// Serves until stopped.
    pub(crate) async fn serve(self) -> Result<()> {
        // Dropping the server ends its connections, also while it waits for them.
        let served = tokio::select! {
            served = self.server => served,
            () = self.now.notified() => Ok(()),
        };
        self.parts.sockets.flush(BUS_PATIENCE).await;
        self.parts.sockets.end().await;
        if let Err(error) = self.parts.sockets.presence_store().clear().await {
            tracing::warn!(%error, "presence could not be cleared; it is when the lease ends");
        }
        self.parts.db.close().await;
        Ok(served?)
    }
}

/// Stops an instance.
#[derive(Clone)]
pub(crate) struct Stop {
    server: ServerHandle,
    parts: Parts,
    now: Arc<Notify>,
}

impl Stop {
    /// Readiness turns false and every answer is its connection's last, sockets go elsewhere, requests in flight finish: all
    /// within `shutdown_timeout`. When the instance is `replaced`, others accept connections at its listener already.
    pub(crate) async fn gracefully(&self, replaced: bool) {
        let http = &self.parts.config.http;
        let deadline = Instant::now() + http.shutdown_timeout.get();
        if timeout_at(deadline, self.drain(replaced, deadline)).await.is_err() {
            tracing::warn!(
                "stopped with requests in flight: they took longer than shutdown_timeout in config/http.toml"
            );
            self.now();
        }
    }

    async fn drain(&self, replaced: bool, deadline: Instant) {
        let (http, drain, sockets) = (&self.parts.config.http, &self.parts.drain, &self.parts.sockets);
        drain.begin();
        let delay = http.drain_delay.get();
        if !replaced && !delay.is_zero() {
            sleep(delay).await;
        }
        // What is accepted while the server stops would be dropped.
        self.server.pause().await;
        // Without anybody who takes over, a last request gains nothing.
        let is_relieved = replaced || !delay.is_zero();
        let patience = if is_relieved { http.drain_idle.get() } else { Duration::ZERO };
        let left = deadline.saturating_duration_since(Instant::now());
        let leave = sockets.drain(self.parts.config.sockets.drain_per_second, left / 2);
        tokio::join!(leave, drain.idle_left(patience.min(left / 2)));
        drain.end_idle();
        drain.idle_left(GOODBYE).await;
        self.server.stop(true).await;
    }

    /// Ends at once.
    pub(crate) fn now(&self) {
        self.now.notify_one();
    }
}
