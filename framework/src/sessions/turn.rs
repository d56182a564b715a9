//! Requests of one session that take turns, on whichever instance they are.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::id::hex;
use super::{Id, SharedSession, Store};
use crate::{Error, Result};

/// The first pause of one who waits; each one after it is twice as long.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(40);

/// A session's turn; given back when dropped.
pub(super) struct Turn {
    store: Arc<dyn Store>,
    id: Id,
    token: String,
    until: Instant,
}

/// The policy of serialized routes: waits until no other request of the session is in one, and reads the session
/// again. The turn ends when what the request changed is kept. Requests without a session don't wait.
///
/// # Errors
/// 503 when the turn does not come within `turn_wait`, or the store does not answer.
pub(crate) async fn take(session: SharedSession) -> Result<()> {
    let current = &*session.0;
    let Some(id) = current.id() else { return Ok(()) };
    if current.has_turn() {
        return Ok(());
    }
    let sessions = &current.sessions;
    let (wait, lease) = sessions.turns();
    let mut token = [0; 16];
    getrandom::fill(&mut token).map_err(Error::internal)?;
    let token = hex(&token);
    let (started, mut pause) = (Instant::now(), SHORTEST);
    loop {
        let until = Instant::now() + lease;
        if sessions.store().lock(&id, &token, lease).await? {
            current.keep_turn(Turn { store: sessions.store().clone(), id, token, until });
            return session.reload().await;
        }
        if started.elapsed() + pause > wait {
            return Err(Error::unavailable(format!(
                "another request of this session did not end within {wait:?}: try again, or raise turn_wait in \
                 config/session.toml"
            )));
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.until < Instant::now() {
            tracing::warn!(
                "a serialized route took longer than its turn: another request of the session may have run beside it; \
                 raise turn_lease in config/session.toml"
            );
            return;
        }
        // Without a runtime the process ends, and the turn with its lease.
        let Ok(runtime) = Handle::try_current() else { return };
        let (store, id, token) = (self.store.clone(), self.id.clone(), std::mem::take(&mut self.token));
        runtime.spawn(async move {
            if let Err(error) = store.unlock(&id, &token).await {
                tracing::debug!(%error, "a session's turn was not given back; it ends with its lease");
            }
        });
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("until", &self.until).finish_non_exhaustive()
    }
}
