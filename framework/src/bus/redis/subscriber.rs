//! Hears the other instances: a connection of its own that is made again whenever it is lost.
//!
//! A server that stops answering is not left until another connection is subscribed, and not then if it answers
//! again: when it merely hung, what it still holds arrives. What was lost with a connection is counted.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::RedisResult;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::super::answers::Pending;
use super::super::{BusStats, Message, count};
use super::audit::{self, Totals};
use super::channels::{Arrived, Channels};
use super::delivery::{Delivery, Ended};
use super::ledger::{Heard, Ledger, Missing};
use super::probes::Probes;
use crate::protocol::classic::{self, Action, Asked, Broadcast, Reply, Request, Sender, Unusable};
use crate::redis::{Backoff, Ear, Heard as Arrival, Mouth, Redis};

/// Time between two pings: with the deadline, how long a silent server stays unnoticed.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_DEADLINE: Duration = Duration::from_secs(2);
/// How long connecting and subscribing may take.
const SUBSCRIBE_DEADLINE: Duration = Duration::from_secs(2);
/// How long a server that lets itself be subscribed anew has to answer on the connection on which it was silent.
const GRACE: Duration = Duration::from_millis(500);
/// How long it may take after a loss to learn what others published meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether other instances are heard.
#[derive(Debug, Clone)]
pub(super) enum Subscription {
    Opening,
    Held,
    Lost(Arc<str>),
}

pub(super) struct Subscriber {
    redis: Redis,
    key: Arc<str>,
    uid: Arc<str>,
    channels: Arc<Channels>,
    /// Where it comes how much the others have published.
    totals: String,
    stats: Arc<BusStats>,
    /// What this instance publishes itself.
    probes: Arc<Probes>,
    pending: Pending,
    subscription: watch::Sender<Subscription>,
}

/// What outlives a connection.
struct State {
    ledger: Ledger,
    delivery: Delivery,
}

type Connection = (Mouth, Ear);

impl Subscriber {
    pub(super) fn new(
        redis: Redis,
        key: Arc<str>,
        uid: Arc<str>,
        channels: Arc<Channels>,
        stats: Arc<BusStats>,
        probes: Arc<Probes>,
        pending: Pending,
    ) -> (Self, watch::Receiver<Subscription>) {
        let (subscription, held) = watch::channel(Subscription::Opening);
        let totals = classic::totals_channel(&key, &uid);
        (Self { redis, key, uid, channels, totals, stats, probes, pending, subscription }, held)
    }

    pub(super) async fn run(self, delivery: Delivery) {
        let mut state = State { ledger: Ledger::default(), delivery };
        let mut next = self.subscribe_at_last().await;
        loop {
            self.subscription.send_replace(Subscription::Held);
            let (mouth, ear) = next;
            let heard = Instant::now();
            let Ok(replaced) = self.hear(mouth, ear, &mut state).await else { return };
            let lost = Instant::now();
            next = match replaced {
                Some(connection) => connection,
                None => {
                    self.lose("the connection was lost");
                    self.subscribe_at_last().await
                }
            };
            state.ledger.held_again(lost);
            count(&self.stats.reconnects, 1);
            tracing::warn!(
                redis = %self.redis.address(), held = ?(lost - heard), away = ?lost.elapsed(),
                "other instances are heard again"
            );
        }
    }

    /// Subscribes, however many attempts it takes.
    async fn subscribe_at_last(&self) -> Connection {
        let mut backoff = Backoff::default();
        let mut told = false;
        loop {
            match self.subscribe().await {
                Ok(connection) => return connection,
                Err(error) => {
                    if !told {
                        tracing::warn!(redis = %self.redis.address(), %error, "other instances are not heard");
                        told = true;
                    }
                    self.lose(&error.to_string());
                    sleep(backoff.next()).await;
                }
            }
        }
    }

    async fn subscribe(&self) -> RedisResult<Connection> {
        let subscribing = async {
            let mut names = self.channels.names();
            names.push(self.totals.clone());
            self.redis.listen(&self.channels.patterns(), &names).await
        };
        timeout(SUBSCRIBE_DEADLINE, subscribing)
            .await
            .unwrap_or_else(|_| Err((redis::ErrorKind::Io, "it does not answer").into()))
    }

    /// Takes messages until the connection ends or is replaced.
    async fn hear(&self, mut mouth: Mouth, ear: Ear, state: &mut State) -> Result<Option<Connection>, Ended> {
        let (redis, namespaces) = (&self.redis, self.channels.numbered());
        let auditing = audit::keep(redis, &self.key, &self.uid, namespaces, || self.probes.outbox.gone());
        let mut reading = pin!(async {
            tokio::select! {
                ended = self.read(ear, state) => ended,
                () = auditing => Ok(()),
            }
        });
        loop {
            tokio::select! {
                ended = &mut reading => return ended.map(|()| None),
                () = silence(&mut mouth) => self.lose("Redis does not answer"),
            }
            tokio::select! {
                biased;
                ended = &mut reading => return ended.map(|()| None),
                true = pong(&mut mouth) => {}
                replacement = self.subscribe_at_last() => tokio::select! {
                    biased;
                    ended = &mut reading => return ended.map(|()| Some(replacement)),
                    answer = timeout(GRACE, pong(&mut mouth)) => if answer != Ok(true) {
                        return Ok(Some(replacement));
                    },
                },
            }
            self.subscription.send_replace(Subscription::Held);
        }
    }

    async fn read(&self, mut ear: Ear, state: &mut State) -> Result<(), Ended> {
        let State { ledger, delivery } = state;
        let mut overdue = pin!(sleep(PATIENCE));
        loop {
            let raw = tokio::select! {
                biased;
                told = delivery.tell(), if delivery.owes() => {
                    told?;
                    continue;
                }
                raw = ear.next() => match raw {
                    Some(raw) => raw,
                    None => return Ok(()),
                },
                () = &mut overdue, if ledger.is_catching_up() => {
                    self.missed(ledger.give_up(), delivery);
                    continue;
                }
            };
            if raw.channel() == self.totals {
                if self.probes.take(raw.payload()) {
                    continue;
                }
                if let Some(totals) = Totals::decode(raw.payload(), &self.channels) {
                    self.missed(ledger.compare(&totals.of, totals.settled), delivery);
                }
                continue;
            }
            let Some(arrived) = self.channels.arrived(raw.channel(), raw.pattern()) else {
                continue;
            };
            let is_answer = arrived == Arrived::Response;
            if arrived == Arrived::Copy || !(is_answer || self.is_news(&raw, ledger, delivery)) {
                continue;
            }
            match self.decode(&raw, arrived) {
                Ok(Some(message)) => {
                    count(&self.stats.received, 1);
                    delivery.deliver(message).await?;
                }
                Ok(None) => {}
                Err(error) => {
                    count(&self.stats.ignored, 1);
                    tracing::debug!(channel = raw.channel(), %error, "a message was ignored");
                }
            }
        }
    }

    /// Enters a message of another instance; whether it came for the first time.
    fn is_news(&self, raw: &Arrival, ledger: &mut Ledger, delivery: &mut Delivery) -> bool {
        let sender = classic::sender(raw.payload());
        let (uid, number) = sender.map_or_else(Default::default, |Sender { uid, number }| (uid, number));
        if *uid == *self.uid {
            return false;
        }
        let namespace = self.channels.namespace(raw.channel()).unwrap_or_default();
        match ledger.heard(&format!("{uid}{namespace}"), number) {
            Heard::New => {}
            Heard::After(missing) => self.missed(Missing { count: missing, unknown: false }, delivery),
            Heard::Repeated => {
                count(&self.stats.repeated, 1);
                return false;
            }
        }
        true
    }

    fn missed(&self, missing: Missing, delivery: &mut Delivery) {
        if missing.is_nothing() {
            return;
        }
        tracing::warn!(
            redis = %self.redis.address(), missed = missing.count, perhaps_more = missing.unknown,
            "messages of other instances were missed; the sockets are told with regatta:missed"
        );
        delivery.missed(missing);
    }

    fn decode(&self, raw: &Arrival, arrived: Arrived<'_>) -> Result<Option<Message>, Unusable> {
        let (payload, channel) = (raw.payload(), raw.channel());
        let namespace = match arrived {
            Arrived::Request(namespace) => namespace.to_owned(),
            Arrived::Response => {
                let (id, reply) = Reply::decode(payload)?;
                self.pending.answer(&id, reply);
                return Ok(None);
            }
            Arrived::Broadcast => {
                let Some(Broadcast { namespace, data, rooms, except, volatile }) =
                    Broadcast::decode(payload, &self.uid)?
                else {
                    return Ok(None);
                };
                if !self.channels.is_of(channel, &namespace) {
                    return Err(Unusable::Malformed);
                }
                return Ok(Some(Message::Broadcast { namespace, data, rooms, except, volatile }));
            }
            Arrived::Copy => return Ok(None),
        };
        let request = match Request::decode(payload, &self.uid) {
            Err(Unusable::Unknown) => {
                let asked = Asked::decode(payload, &self.uid)?;
                return Ok(asked.map(|Asked { id, question }| Message::Question { namespace, id, question }));
            }
            request => request?,
        };
        let Some(Request { rooms, except, action }) = request else { return Ok(None) };
        Ok(Some(match action {
            Action::Join(targets) => Message::Join { namespace, rooms, except, targets },
            Action::Leave(targets) => Message::Leave { namespace, rooms, except, targets },
            Action::LeaveAll => Message::LeaveAll { namespace, rooms, except },
            Action::Disconnect { close } => Message::Disconnect { namespace, rooms, except, close },
        }))
    }

    fn lose(&self, reason: &str) {
        self.subscription.send_replace(Subscription::Lost(reason.into()));
    }
}

/// Returns when a ping was not answered in time.
async fn silence(mouth: &mut Mouth) {
    loop {
        sleep(PING_EVERY).await;
        if timeout(PING_DEADLINE, mouth.ping()).await.is_err() {
            return;
        }
    }
}

async fn pong(mouth: &mut Mouth) -> bool {
    mouth.ping().await.is_ok()
}
