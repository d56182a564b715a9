//! The logs of all instances, for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use super::orders::ToChild;
use super::place::Order;
use super::words::Reply;
use crate::logging;

/// Lines that may wait for one who reads slowly.
const QUEUE: usize = 1_000;

/// How long an instance may take for its last lines.
const SILENCE: Duration = Duration::from_secs(2);

/// What one instance said to whom.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Line(u64, String),
    End(u64),
}

/// Where what instances say of their logs is heard.
#[derive(Debug)]
pub(super) struct Logs {
    said: broadcast::Sender<Said>,
    /// The questions of those who follow: new instances are asked too.
    follows: Mutex<BTreeMap<u64, ToChild>>,
    next: Mutex<u64>,
}

impl Default for Logs {
    fn default() -> Self {
        Self { said: broadcast::channel(QUEUE).0, follows: Mutex::default(), next: Mutex::default() }
    }
}

impl Logs {
    /// Passes on what an instance said.
    pub(super) fn hear(&self, said: Said) {
        // Whoever asked may be gone by now.
        let _ = self.said.send(said);
    }

    /// Forgets who follows; what instances are told then.
    pub(super) fn end_all(&self) -> Vec<ToChild> {
        let follows = std::mem::take(&mut *self.follows.lock().unwrap_or_else(PoisonError::into_inner));
        follows.into_keys().map(|ask| ToChild::LogEnd { ask }).collect()
    }

    /// What a new instance is asked.
    pub(super) fn questions(&self) -> Vec<ToChild> {
        self.follows.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Answers with the last lines of all places, then with `follow` those that come until the caller goes.
    pub(super) async fn answer(
        self: Arc<Self>,
        places: Vec<mpsc::Sender<Order>>,
        lines: usize,
        follow: bool,
        replies: mpsc::Sender<Reply>,
    ) {
        let ask = self.number();
        let mut said = self.said.subscribe();
        if follow {
            let question = ToChild::Log { ask, lines: usize::MAX, follow };
            self.follows.lock().unwrap_or_else(PoisonError::into_inner).insert(ask, question);
        }
        let (own, mut news) = logging::recent(lines).unzip();
        for line in own.unwrap_or_default() {
            let _ = replies.send(Reply::Line(line.to_string())).await;
        }
        tell(&places, ToChild::Log { ask, lines, follow }).await;
        let mut left = places.len();
        loop {
            let own = async {
                match (&mut news, follow) {
                    (Some(news), true) => news.recv().await,
                    _ => std::future::pending().await,
                }
            };
            let line = tokio::select! {
                () = replies.closed() => break,
                own = own => match own {
                    Ok(line) => line.to_string(),
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => break,
                },
                said = timeout(SILENCE, said.recv()) => match said {
                    Ok(Ok(Said::Line(of, line))) if of == ask => line,
                    Ok(Ok(Said::End(of))) if of == ask => {
                        left = left.saturating_sub(1);
                        if left == 0 && !follow { break }
                        continue;
                    }
                    Ok(Ok(_) | Err(RecvError::Lagged(_))) => continue,
                    Err(_) if follow => continue,
                    Ok(Err(RecvError::Closed)) | Err(_) => break,
                },
            };
            if replies.send(Reply::Line(line)).await.is_err() {
                break;
            }
        }
        if follow {
            self.follows.lock().unwrap_or_else(PoisonError::into_inner).remove(&ask);
            tell(&places, ToChild::LogEnd { ask }).await;
        }
        let _ = replies.send(Reply::Done).await;
    }

    fn number(&self) -> u64 {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        *next
    }
}

async fn tell(places: &[mpsc::Sender<Order>], what: ToChild) {
    for place in places {
        // One that has ended needs none.
        let _ = place.send(Order::Tell(what.clone())).await;
    }
}
