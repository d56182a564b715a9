//! What an instance says to its parent: in order, whoever speaks, and never so much that it waits for the parent.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::line::Line;
use super::orders::{ToChild, ToParent};
use crate::logging;

/// What may wait for a parent that does not read.
const QUEUE: usize = 256;

/// Where an instance speaks.
#[derive(Debug)]
pub(super) struct Voice {
    said: mpsc::Sender<ToParent>,
    /// Who follows the log, by the number of the question.
    follows: HashMap<u64, AbortHandle>,
}

impl Voice {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        let line = Line::<ToChild>::new(stream)?;
        let (said, mut waiting) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            while let Some(message) = waiting.recv().await {
                if line.say(&message).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { said, follows: HashMap::new() })
    }

    pub(super) fn say(&self, message: ToParent) {
        if self.said.try_send(message).is_err() {
            tracing::warn!("the parent does not hear this instance");
        }
    }

    /// Tells the last lines of the log, and with `follow` those that come.
    pub(super) fn tell_log(&mut self, ask: u64, lines: usize, follow: bool) {
        let Some((recent, mut news)) = logging::recent(lines) else { return };
        let said = self.said.clone();
        let task = tokio::spawn(async move {
            let line = |line: &str| ToParent::Log { ask, line: line.to_owned() };
            for text in recent {
                if said.send(line(&text)).await.is_err() {
                    return;
                }
            }
            if !follow {
                let _ = said.send(ToParent::LogEnd { ask }).await;
                return;
            }
            loop {
                let text = match news.recv().await {
                    Ok(text) => line(&text),
                    Err(RecvError::Lagged(count)) => line(&format!("{count} lines are left out")),
                    Err(RecvError::Closed) => return,
                };
                if said.send(text).await.is_err() {
                    return;
                }
            }
        });
        if let Some(before) = self.follows.insert(ask, task.abort_handle()) {
            before.abort();
        }
    }

    pub(super) fn end_log(&mut self, ask: u64) {
        if let Some(task) = self.follows.remove(&ask) {
            task.abort();
        }
    }
}
