//! How fast one client may talk.

use actix_web::rt::time::Instant;

use crate::config::SocketsConfig;

/// What a client said lately, against what it may say. A second's worth may come at once.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    messages: Bucket,
    bytes: Bucket,
}

impl Pace {
    pub(super) fn new(config: &SocketsConfig) -> Self {
        Self {
            start: Instant::now(),
            messages: Bucket::new(config.messages_per_second as u64),
            // A message that may be sent at all must fit.
            bytes: Bucket::new(match config.bytes_per_second as u64 {
                0 => 0,
                bytes => bytes.max(config.max_payload as u64),
            }),
        }
    }

    /// Counts a message of so many bytes; false when it is too much.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        if self.messages.rate == 0 && self.bytes.rate == 0 {
            return true;
        }
        let now = self.start.elapsed().as_micros() as u64;
        self.messages.takes(now, 1) && self.bytes.takes(now, bytes as u64)
    }
}

#[derive(Debug)]
struct Bucket {
    /// In a second; 0 has no bound.
    rate: u64,
    /// What is in it, in millionths.
    level: u64,
    seen: u64,
}

impl Bucket {
    fn new(rate: u64) -> Self {
        Self { rate, level: 0, seen: 0 }
    }

    /// At a time in microseconds.
    fn takes(&mut self, now: u64, amount: u64) -> bool {
        if self.rate == 0 {
            return true;
        }
        let drained = now.saturating_sub(self.seen).saturating_mul(self.rate);
        self.level = self.level.saturating_sub(drained).saturating_add(amount.saturating_mul(1_000_000));
        self.seen = now;
        self.level <= self.rate.saturating_mul(1_000_000)
    }
}

#[cfg(test)]
mod tests;
