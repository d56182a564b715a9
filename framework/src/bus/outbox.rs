//! Messages that wait for their publisher: in order, bounded, and kept until it says they arrived.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Message;

/// What waiting messages may weigh together, whatever their number.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    limit: usize,
    filled: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Waiting>>,
    /// The place of the first one waiting, counted from the start.
    first: u64,
    bytes: usize,
    /// By namespace, the last number given to a message.
    numbered: Vec<u64>,
    /// By namespace, the last number that went, sent or not.
    gone: Vec<u64>,
}

/// A message on its way, with its number if others shall miss it when it does not arrive.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) message: Message,
    pub(super) number: Option<Number>,
}

/// The how-manieth of its namespace a message is: who hears one of a namespace hears all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) namespace: usize,
    pub(super) n: u64,
}

/// The oldest messages, with the place of the first that is not among them.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) messages: Vec<Arc<Waiting>>,
    pub(super) end: u64,
}

impl Outbox {
    /// An empty one for at most `limit` messages in so many namespaces.
    pub(super) fn new(limit: usize, namespaces: usize) -> Self {
        let queue = Queue { numbered: vec![0; namespaces], gone: vec![0; namespaces], ..Queue::default() };
        Self { queue: Mutex::new(queue), limit: limit.max(1), filled: Notify::new(), emptied: Notify::new() }
    }

    /// Appends a message, with a number if its namespace has a place; returns how many old ones had to go for it.
    pub(super) fn push(&self, message: Message, namespace: Option<usize>) -> u64 {
        let mut queue = self.lock();
        queue.bytes += message.weight();
        let number = namespace.filter(|_| message.is_numbered()).and_then(|namespace| {
            let last = queue.numbered.get_mut(namespace)?;
            *last += 1;
            Some(Number { namespace, n: *last })
        });
        queue.waiting.push_back(Arc::new(Waiting { message, number }));
        let mut dropped = 0;
        while queue.waiting.len() > self.limit || (queue.bytes > MAX_BYTES && queue.waiting.len() > 1) {
            queue.pop();
            dropped += 1;
        }
        drop(queue);
        self.filled.notify_one();
        dropped
    }

    /// Waits for messages and returns the oldest, at most `count` of them and at most about `bytes` together.
    /// They stay until [`Outbox::delivered`].
    pub(super) async fn batch(&self, count: usize, bytes: usize) -> Batch {
        loop {
            if let Some(batch) = self.lock().oldest(count, bytes) {
                return batch;
            }
            self.filled.notified().await;
        }
    }

    /// Takes out everything before place `end`.
    pub(super) fn delivered(&self, end: u64) {
        let mut queue = self.lock();
        while queue.first < end && !queue.waiting.is_empty() {
            queue.pop();
        }
        if queue.waiting.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// Returns when nothing waits.
    pub(super) async fn flushed(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.lock().waiting.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// By namespace, the number of the last message that went: it was sent, or had to go.
    pub(super) fn gone(&self) -> Vec<u64> {
        self.lock().gone.clone()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn pop(&mut self) {
        if let Some(Waiting { message, number }) = self.waiting.pop_front().as_deref() {
            self.first += 1;
            self.bytes -= message.weight();
            if let Some(Number { namespace, n }) = *number
                && let Some(gone) = self.gone.get_mut(namespace)
            {
                *gone = n;
            }
        }
    }

    fn oldest(&self, count: usize, bytes: usize) -> Option<Batch> {
        let mut weight = 0;
        let messages: Vec<_> = self
            .waiting
            .iter()
            .take(count)
            .take_while(|waiting| {
                let message = &waiting.message;
                let fits = weight == 0 || weight + message.weight() <= bytes;
                weight += message.weight();
                fits
            })
            .cloned()
            .collect();
        let end = self.first + messages.len() as u64;
        (!messages.is_empty()).then_some(Batch { messages, end })
    }
}

#[cfg(test)]
mod tests;
