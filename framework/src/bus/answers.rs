//! Answers of other instances on their way to who asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::Reply;

/// The questions that wait for answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Reply>>>>);

/// The answers to one question, as they come. Dropped, those that come later are passed over.
#[derive(Debug)]
pub(crate) struct Answers {
    /// How many other instances were asked.
    pub(crate) others: u64,
    replies: mpsc::UnboundedReceiver<Reply>,
    _waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    pending: Pending,
    id: String,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.pending.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Answers {
    /// Of nobody: there is no other instance.
    pub(super) fn none() -> Self {
        Self { others: 0, replies: mpsc::unbounded_channel().1, _waiting: None }
    }

    /// The next answer; nothing once no more can come.
    pub(crate) async fn next(&mut self) -> Option<Reply> {
        self.replies.recv().await
    }
}

impl Pending {
    /// Waits for answers of `others` instances to the question `id`.
    pub(super) fn wait(&self, id: String, others: u64) -> Answers {
        let (sender, replies) = mpsc::unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sender);
        Answers { others, replies, _waiting: Some(Waiting { pending: self.clone(), id }) }
    }

    /// Hands an answer to who waits for it.
    pub(super) fn answer(&self, id: &str, reply: Reply) {
        let pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = pending.get(id) {
            // Who asked may be gone in this very moment.
            let _ = waiting.send(reply);
        }
    }
}
