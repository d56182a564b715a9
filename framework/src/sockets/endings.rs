//! Sockets whose session has ended are closed, on whichever instance they are.
//!
//! The instance that ends a session publishes it at once; one that did not hear of it finds out when it looks at the
//! sessions of its open sockets. What a socket asks for meanwhile is asked with a session that is gone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Sockets;
use super::workers::{Order, What};
use crate::bus::{Message, Question};
use crate::sessions::Sessions;

/// The event by which instances tell each other, among those of `server_side_emit`.
const ENDED: &str = "regatta:session-ended";

/// A socket that asked for the end of its own session gets the answer, and with it the news that it has none.
const GRACE: Duration = Duration::from_millis(100);

/// Sessions that are asked for at once.
const BATCH: usize = 500;

impl Sockets {
    /// Closes the sockets of sessions that end, here and on the other instances, for as long as the app runs.
    pub(crate) async fn follow_sessions(self, sessions: Sessions, mut endings: Receiver<Arc<[String]>>) {
        let mut look = interval(sessions.recheck().max(Duration::from_millis(10)));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = endings.recv() => match ended {
                    Ok(keys) => self.ended_here(keys),
                    Err(RecvError::Lagged(_)) => self.look_at_sessions(&sessions).await,
                    Err(RecvError::Closed) => return,
                },
                _ = look.tick() => self.look_at_sessions(&sessions).await,
            }
        }
    }

    fn ended_here(&self, keys: Arc<[String]>) {
        let args = Bytes::from(json!([ENDED, &*keys]).to_string());
        let namespace = self.namespace().to_owned();
        self.bus().publish(Message::Question { namespace, id: None, question: Question::Emit { args } });
        let sockets = self.clone();
        tokio::spawn(async move {
            sleep(GRACE).await;
            sockets.close_sessions(keys, false).await;
        });
    }

    /// Closes this instance's sockets of these sessions; with `may_return` they are not told to stay away.
    pub(super) async fn close_sessions(&self, keys: Arc<[String]>, may_return: bool) {
        self.order(What::EndSessions { keys, may_return }).await;
    }

    /// Closes the sockets whose session is gone.
    async fn look_at_sessions(&self, sessions: &Sessions) {
        let (sender, mut found) = mpsc::unbounded_channel();
        self.order(What::TellSessions(sender)).await;
        let mut keys = Vec::new();
        // It ends when every worker has answered, or is gone.
        while let Some(of_worker) = found.recv().await {
            keys.extend(of_worker);
        }
        keys.sort_unstable();
        keys.dedup();
        for batch in keys.chunks(BATCH) {
            let Ok(alive) = sessions.alive(batch).await else {
                // While the store is away nobody knows.
                return;
            };
            let gone = batch.iter().zip(alive).filter(|(_, alive)| !alive).map(|(key, _)| key.clone());
            let gone: Arc<[String]> = gone.collect();
            if !gone.is_empty() {
                self.close_sessions(gone, true).await;
            }
        }
    }

    async fn order(&self, what: What) {
        let (rooms, except) = (Arc::from([]), Arc::from([]));
        self.workers().all(&Order { namespace: Arc::from(""), rooms, except, what }).await;
    }
}

/// The sessions that ended, when this is what another instance tells.
pub(super) fn told(question: &Question) -> Option<Arc<[String]>> {
    let Question::Emit { args } = question else { return None };
    if !args.starts_with(format!("[\"{ENDED}\"").as_bytes()) {
        return None;
    }
    let (_, keys): (String, Vec<String>) = serde_json::from_slice(args).ok()?;
    Some(keys.into())
}
