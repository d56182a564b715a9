//! Hears the other instances: a connection of its own that is made again whenever it is lost.
//!
//! A server that stops answering is not left until another connection is subscribed: when it merely hung, what
//! it still holds arrives.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, RedisResult};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::super::answers::Pending;
use super::super::{BusStats, Message, count};
use super::channels::{Channels, Heard};
use crate::protocol::classic::{Action, Asked, Broadcast, Reply, Request, Unusable};
use crate::redis::{Backoff, Redis};

/// Time between two pings: with the deadline, how long a silent server stays unnoticed.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_DEADLINE: Duration = Duration::from_secs(2);
/// How long connecting and subscribing may take.
const SUBSCRIBE_DEADLINE: Duration = Duration::from_secs(2);
/// How long the instance may be too busy to take messages before they are dropped.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether other instances are heard.
#[derive(Debug, Clone)]
pub(super) enum Subscription {
    Opening,
    Held,
    Lost(Arc<str>),
}

pub(super) struct Subscriber {
    redis: Redis,
    uid: Arc<str>,
    channels: Arc<Channels>,
    stats: Arc<BusStats>,
    to: Deliveries,
    subscription: watch::Sender<Subscription>,
}

/// Who gets what is heard.
pub(super) struct Deliveries {
    pub(super) incoming: mpsc::Sender<Message>,
    pub(super) pending: Pending,
}

type Connection = (PubSubSink, PubSubStream);

impl Subscriber {
    pub(super) fn new(
        redis: Redis,
        uid: Arc<str>,
        channels: Arc<Channels>,
        stats: Arc<BusStats>,
        to: Deliveries,
    ) -> (Self, watch::Receiver<Subscription>) {
        let (subscription, held) = watch::channel(Subscription::Opening);
        (Self { redis, uid, channels, stats, to, subscription }, held)
    }

    pub(super) async fn run(self) {
        let mut next = self.subscribe_at_last().await;
        loop {
            self.subscription.send_replace(Subscription::Held);
            let (sink, stream) = next;
            let heard = Instant::now();
            let replaced = self.hear(sink, stream).await;
            if self.to.incoming.is_closed() {
                return;
            }
            let lost = Instant::now();
            next = match replaced {
                Some(connection) => connection,
                None => {
                    self.lose("the connection was lost");
                    self.subscribe_at_last().await
                }
            };
            count(&self.stats.reconnects, 1);
            tracing::warn!(
                redis = %self.redis.address(), held = ?(lost - heard), missed = ?lost.elapsed(),
                "other instances are heard again; what they sent meanwhile is lost"
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
            let (mut sink, stream) = self.redis.client().get_async_pubsub().await?.split();
            sink.psubscribe(self.channels.patterns()).await?;
            sink.subscribe(self.channels.names()).await?;
            Ok((sink, stream))
        };
        timeout(SUBSCRIBE_DEADLINE, subscribing)
            .await
            .unwrap_or_else(|_| Err((redis::ErrorKind::Io, "it does not answer").into()))
    }

    /// Takes messages until the connection ends or is replaced.
    async fn hear(&self, mut sink: PubSubSink, stream: PubSubStream) -> Option<Connection> {
        let mut reading = pin!(self.read(stream));
        loop {
            tokio::select! {
                () = &mut reading => return None,
                () = silence(&mut sink) => self.lose("Redis does not answer"),
            }
            tokio::select! {
                biased;
                () = &mut reading => return None,
                true = pong(&mut sink) => {
                    self.subscription.send_replace(Subscription::Held);
                }
                replacement = self.subscribe_at_last() => return Some(replacement),
            }
        }
    }

    async fn read(&self, mut stream: PubSubStream) {
        let mut choked = false;
        while let Some(raw) = stream.next().await {
            match self.decode(&raw) {
                Ok(Some(message)) => {
                    count(&self.stats.received, 1);
                    if self.deliver(message, &mut choked).await.is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    count(&self.stats.ignored, 1);
                    tracing::debug!(channel = raw.get_channel_name(), %error, "a message was ignored");
                }
            }
        }
    }

    fn decode(&self, raw: &Msg) -> Result<Option<Message>, Unusable> {
        let (payload, channel) = (raw.get_payload_bytes(), raw.get_channel_name());
        let pattern: Option<String> = self.channels.overlap().then(|| raw.get_pattern().ok()).flatten();
        let namespace = match self.channels.heard(channel, pattern.as_deref()).ok_or(Unusable::Malformed)? {
            Heard::Request(namespace) => namespace.to_owned(),
            Heard::Response => {
                let (id, reply) = Reply::decode(payload)?;
                self.to.pending.answer(&id, reply);
                return Ok(None);
            }
            Heard::Broadcast => {
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
            Heard::Copy => return Ok(None),
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

    /// Hands a message on. An instance that takes none for a second loses them until it has room again: what
    /// Redis goes on sending has to stay somewhere.
    async fn deliver(&self, message: Message, choked: &mut bool) -> Result<(), ()> {
        let message = match self.to.incoming.try_send(message) {
            Ok(()) => {
                *choked = false;
                return Ok(());
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(()),
            Err(mpsc::error::TrySendError::Full(message)) => message,
        };
        if !*choked && self.to.incoming.send_timeout(message, PATIENCE).await.is_ok() {
            return Ok(());
        }
        if !*choked {
            *choked = true;
            tracing::error!("this instance is too busy for what others send; messages are dropped");
        }
        count(&self.stats.dropped, 1);
        Ok(())
    }

    fn lose(&self, reason: &str) {
        self.subscription.send_replace(Subscription::Lost(reason.into()));
    }
}

/// Returns when a ping was not answered in time.
async fn silence(sink: &mut PubSubSink) {
    loop {
        sleep(PING_EVERY).await;
        if timeout(PING_DEADLINE, sink.ping::<redis::Value>()).await.is_err() {
            return;
        }
    }
}

async fn pong(sink: &mut PubSubSink) -> bool {
    sink.ping::<redis::Value>().await.is_ok()
}
