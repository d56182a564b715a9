//! Messages of this instance to itself: whether what it publishes gets through, and how long that takes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use super::super::Message;
use super::super::outbox::Outbox;
use crate::metrics::{Kind, Page};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// One that has not come back after this long is given up: it may have had to go for others.
const GIVE_UP: Duration = Duration::from_secs(30);

/// What stands before the number.
const WORD: &str = "probe ";

/// The probes of one bus. At most one is on its way, so that none pile up while Redis is away.
#[derive(Debug)]
pub(super) struct Probes {
    pub(super) outbox: Arc<Outbox>,
    sent: Mutex<Option<(u64, Instant)>>,
    heard: watch::Sender<u64>,
    /// How long the last one took, in microseconds; 0 before there was one.
    took: AtomicU64,
}

/// The text of a probe.
pub(super) fn text(number: u64) -> String {
    format!("{WORD}{number}")
}

impl Probes {
    pub(super) fn new(outbox: Arc<Outbox>) -> Self {
        let (sent, heard, took) = (Mutex::default(), watch::Sender::new(0), AtomicU64::new(0));
        Self { outbox, sent, heard, took }
    }

    /// How long a message takes through Redis and back; nothing when it does not come in time.
    pub(super) async fn round_trip(&self) -> Option<Duration> {
        let (number, since) = self.under_way();
        let mut heard = self.heard.subscribe();
        timeout(PATIENCE, heard.wait_for(|heard| *heard >= number)).await.ok()?.ok()?;
        let took = since.elapsed();
        self.took.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Some(took)
    }

    /// The probe that is on its way, with when it was sent: a new one, unless there is one.
    fn under_way(&self) -> (u64, Instant) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = *self.heard.borrow();
        if let Some((number, since)) = *sent
            && number > heard
            && since.elapsed() < GIVE_UP
        {
            return (number, since);
        }
        let number = sent.map_or(1, |(number, _)| number + 1);
        let now = (number, Instant::now());
        *sent = Some(now);
        self.outbox.push(Message::Probe { number }, None);
        now
    }

    /// Takes what came on the instance's own channel; whether it was a probe.
    pub(super) fn take(&self, payload: &[u8]) -> bool {
        let Some(number) = payload.strip_prefix(WORD.as_bytes()) else { return false };
        if let Some(number) = str::from_utf8(number).ok().and_then(|number| number.parse::<u64>().ok()) {
            self.heard.send_if_modified(|heard| {
                let is_later = number > *heard;
                *heard = number.max(*heard);
                is_later
            });
        }
        true
    }

    pub(super) fn report(&self, page: &mut Page) {
        let took = self.took.load(Ordering::Relaxed);
        let help =
            "How long a message of this instance took to come back to it when it was last asked, in seconds.";
        let mut family = page.family(Kind::Gauge, "regatta_bus_round_trip_seconds", help);
        if took > 0 {
            family.sample(&[], Duration::from_micros(took).as_secs_f64());
        }
    }
}
