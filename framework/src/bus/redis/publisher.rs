//! Sends the outbox: one connection, one batch under way at a time, so that order is kept. What comes meanwhile is
//! the next batch: the more there is to send, the more goes at once.
//!
//! A batch is sent again only when the connection broke before Redis had confirmed it, and only what Redis does
//! not know of; who got it the first time knows it by its numbers. While Redis merely hangs, the batch waits for
//! its confirmation. After an outage what waited is not sent before the other instances had their chance to
//! subscribe again.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Pipeline, RedisResult};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::super::outbox::{Batch, Number, Outbox, Waiting};
use super::super::{BusStats, Message, count};
use super::audit;
use super::channels::Channels;
use super::probes;
use super::subscriber::Subscription;
use crate::protocol::classic::{self, Action, Asked, Request, Unusable};
use crate::redis::{Backoff, Line, Redis};

/// Messages in one batch, and about how many bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;
/// How long the other instances may take to subscribe again after an outage; longer than their back-off.
const SETTLE: Duration = Duration::from_millis(1500);
const SETTLE_STEP: Duration = Duration::from_millis(25);
/// How long a new connection may take to answer.
const ANSWER: Duration = Duration::from_secs(1);
/// A connection on which nothing was confirmed for this long is given up if another one is answered.
const DOUBT: Duration = Duration::from_secs(3);
/// How long a server that answers on another connection has to answer on this one too: it may just have woken up.
const GRACE: Duration = Duration::from_millis(500);
/// A server that confirmed nothing for this long is given up.
const GIVE_UP: Duration = Duration::from_secs(30);

pub(super) struct Publisher {
    pub(super) redis: Redis,
    pub(super) key: Arc<str>,
    pub(super) uid: Arc<str>,
    pub(super) channels: Arc<Channels>,
    /// A channel every instance subscribes to.
    pub(super) common: String,
    pub(super) outbox: Arc<Outbox>,
    pub(super) stats: Arc<BusStats>,
    /// Whether this instance hears the others: then it is among the subscribers itself.
    pub(super) subscription: watch::Receiver<Subscription>,
}

/// The connection, and what is known from it.
#[derive(Default)]
struct Uplink {
    connection: Option<Line>,
    /// How many other instances a message has reached on it, at the most: not every message is for all.
    others: u64,
    /// By namespace, the last number that Redis knew of when the connection was made.
    known: Vec<u64>,
}

impl Publisher {
    pub(super) async fn run(self) {
        let mut line = Uplink::default();
        let mut backoff = Backoff::default();
        let mut away: Option<Instant> = None;
        loop {
            let batch = self.outbox.batch(BATCH, BATCH_BYTES).await;
            match self.send(&batch, &mut line, away.is_some()).await {
                Ok(()) => {
                    if let Some(since) = away.take() {
                        tracing::info!(
                            redis = %self.redis.address(), after = ?since.elapsed(), waiting = self.outbox.len(),
                            "messages reach the other instances again; what waited is sent"
                        );
                    }
                    self.outbox.delivered(batch.end);
                    backoff = Backoff::default();
                }
                Err(error) => {
                    line.connection = None;
                    if away.is_none() {
                        tracing::warn!(
                            redis = %self.redis.address(), %error,
                            "messages for other instances wait until Redis is there"
                        );
                        away = Some(Instant::now());
                    }
                    sleep(backoff.next()).await;
                }
            }
        }
    }

    async fn send(&self, batch: &Batch, line: &mut Uplink, after_outage: bool) -> RedisResult<()> {
        let connection = match &mut line.connection {
            Some(connection) => connection,
            None => {
                let (mut connection, known) = self.connect().await?;
                line.known = known;
                if after_outage {
                    within(SETTLE * 2, self.settle(&mut connection, line.others)).await?;
                }
                line.others = 0;
                line.connection.insert(connection)
            }
        };
        let (pipeline, has_totals) = self.pipeline(batch, &line.known);
        let mut sent = self.confirmed(&pipeline, connection).await?;
        // A server without memory left, or that can't write to its disk, still publishes; a demoted one is the
        // wrong one.
        if has_totals
            && let Some(Err(error)) = sent.pop()
            && error.code() == Some("READONLY")
        {
            return Err(error);
        }
        for reached in sent {
            line.others = line.others.max(self.others(reached?));
        }
        Ok(())
    }

    /// A connection on which Redis answers, and by namespace the last number it knows of.
    async fn connect(&self) -> RedisResult<(Line, Vec<u64>)> {
        let mut connection = self.redis.connect().await?;
        let known = audit::published(&mut connection, &self.key, &self.uid, self.channels.numbered());
        let known = within(ANSWER, known).await?;
        Ok((connection, known))
    }

    /// Sends and waits for the confirmation as long as there is hope for one.
    async fn confirmed(
        &self,
        pipeline: &Pipeline,
        connection: &mut Line,
    ) -> RedisResult<Vec<RedisResult<u64>>> {
        let started = Instant::now();
        let mut sent = pin!(pipeline.query_async(connection));
        while started.elapsed() < GIVE_UP {
            if let Ok(sent) = timeout(DOUBT, &mut sent).await {
                return sent;
            }
            if self.connect().await.is_ok() {
                return within(GRACE, sent).await;
            }
        }
        Err((redis::ErrorKind::Io, "it confirmed nothing for 30 s").into())
    }

    /// How many of so many subscribers are other instances.
    fn others(&self, subscribers: u64) -> u64 {
        let is_one = matches!(*self.subscription.borrow(), Subscription::Held);
        subscribers.saturating_sub(u64::from(is_one))
    }

    /// Waits until as many other instances as before listen again, or had long enough for it.
    async fn settle(&self, connection: &mut Line, before: u64) -> RedisResult<()> {
        let started = Instant::now();
        let mut listening = redis::cmd("PUBSUB");
        listening.arg("NUMSUB").arg(&self.common);
        while started.elapsed() < SETTLE {
            let (_, now): (String, u64) = listening.query_async(connection).await?;
            if before > 0 && self.others(now) >= before {
                break;
            }
            sleep(SETTLE_STEP).await;
        }
        Ok(())
    }

    /// What of a batch Redis does not know of yet, and whether the new totals stand behind it.
    fn pipeline(&self, batch: &Batch, known: &[u64]) -> (Pipeline, bool) {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        let mut totals = vec![None; self.channels.numbered().len()];
        for Waiting { message, number } in batch.messages.iter().map(|waiting| &**waiting) {
            if let Some(Number { namespace, n }) = *number {
                if known.get(namespace).is_some_and(|known| n <= *known) {
                    continue;
                }
                if let Some(total) = totals.get_mut(namespace) {
                    *total = Some(n);
                }
            }
            match self.encode(message) {
                Ok((channel, mut payload)) => {
                    if let Some(number) = number {
                        payload = classic::numbered(payload, number.n);
                    }
                    pipeline.cmd("PUBLISH").arg(channel).arg(payload);
                }
                Err(error) => {
                    count(&self.stats.dropped, 1);
                    tracing::error!(%error, "a message for other instances could not be written");
                }
            }
        }
        let totals = audit::write(&self.key, &self.uid, self.channels.numbered(), &totals);
        let has_totals = totals.is_some();
        if let Some(totals) = totals {
            pipeline.add_command(totals);
        }
        (pipeline, has_totals)
    }

    fn encode(&self, message: &Message) -> Result<(String, Vec<u8>), Unusable> {
        if let Message::Broadcast { namespace, data, rooms, except, volatile } = message {
            let channel = classic::channel(&self.key, namespace, rooms);
            return Ok((channel, classic::broadcast(&self.uid, namespace, data, rooms, except, *volatile)?));
        }
        let (namespace, rooms, except, action) = match message.clone() {
            Message::Join { namespace, rooms, except, targets } => {
                (namespace, rooms, except, Action::Join(targets))
            }
            Message::Leave { namespace, rooms, except, targets } => {
                (namespace, rooms, except, Action::Leave(targets))
            }
            Message::LeaveAll { namespace, rooms, except } => (namespace, rooms, except, Action::LeaveAll),
            Message::Disconnect { namespace, rooms, except, close } => {
                (namespace, rooms, except, Action::Disconnect { close })
            }
            Message::Question { namespace, id, question } => {
                let payload = Asked { id, question }.encode(&self.uid, &namespace)?;
                return Ok((classic::request_channel(&self.key, &namespace), payload));
            }
            Message::Probe { number } => {
                let channel = classic::totals_channel(&self.key, &self.uid);
                return Ok((channel, probes::text(number).into_bytes()));
            }
            Message::Missed { .. } | Message::Broadcast { .. } => return Err(Unusable::Unknown),
            Message::Reply { namespace, id, reply } => {
                return Ok((classic::response_channel(&self.key, &namespace), reply.encode(&id)));
            }
        };
        let payload = Request { rooms, except, action }.encode(&self.uid)?;
        Ok((classic::request_channel(&self.key, &namespace), payload))
    }
}

async fn within<T>(time: Duration, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(time, answer).await.unwrap_or_else(|_| Err((redis::ErrorKind::Io, "it does not answer").into()))
}
