//! Redis pub/sub, wire-compatible with the classic mode of `@socket.io/redis-adapter`.

mod audit;
mod channels;
mod delivery;
mod ledger;
mod probes;
mod publisher;
mod subscriber;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::answers::{Answers, Pending};
use super::outbox::Outbox;
use super::{Bus, BusStats, Interests, Message, Question, count};
use crate::config::SocketsConfig;
use crate::health::{Check, Finding};
use crate::metrics::Page;
use crate::protocol::classic;
use crate::redis::Redis;
use crate::{Error, Result};

use channels::Channels;
use delivery::Delivery;
use probes::Probes;
use publisher::Publisher;
use subscriber::{Subscriber, Subscription};

/// How long counting the instances may take.
const COUNT_DEADLINE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct RedisBus {
    outbox: Arc<Outbox>,
    stats: Arc<BusStats>,
    subscription: watch::Receiver<Subscription>,
    /// Questions of this instance that wait for answers.
    pending: Pending,
    redis: Redis,
    channels: Arc<Channels>,
    probes: Arc<Probes>,
    tasks: [JoinHandle<()>; 2],
}

impl RedisBus {
    pub(super) fn connect(
        redis: &Redis,
        config: &SocketsConfig,
        interests: &Interests,
        incoming: mpsc::Sender<Message>,
    ) -> Result<Self> {
        let uid: Arc<str> = random_name()?.into();
        let key: Arc<str> = config.key.as_str().into();
        let outbox = Arc::new(Outbox::new(config.outbox, interests.names.len()));
        let channels = Arc::new(Channels::new(key.clone(), uid.clone(), interests.clone()));
        let stats = Arc::new(BusStats::default());
        let pending = Pending::default();
        let probes = Arc::new(Probes::new(outbox.clone()));
        let (subscriber, subscription) = Subscriber::new(
            redis.clone(),
            key.clone(),
            uid.clone(),
            channels.clone(),
            stats.clone(),
            probes.clone(),
            pending.clone(),
        );
        let publisher = Publisher {
            redis: redis.clone(),
            common: classic::request_channel(&key, "/"),
            key,
            uid,
            channels: channels.clone(),
            outbox: outbox.clone(),
            stats: stats.clone(),
            subscription: subscription.clone(),
        };
        let delivery = Delivery::new(incoming, stats.clone());
        let tasks = [redis.runtime().spawn(publisher.run()), redis.runtime().spawn(subscriber.run(delivery))];
        Ok(Self { outbox, stats, subscription, pending, redis: redis.clone(), channels, probes, tasks })
    }
}

impl Bus for RedisBus {
    fn publish(&self, message: Message) {
        count(&self.stats.published, 1);
        let namespace = self.channels.place(message.namespace());
        count(&self.stats.dropped, self.outbox.push(message, namespace));
    }

    fn ask<'a>(&'a self, namespace: &'a str, question: Question) -> BoxFuture<'a, Result<Answers>> {
        async move {
            let mut listening = redis::cmd("PUBSUB");
            listening.arg("NUMSUB").arg(self.channels.counted(namespace, &question));
            let (_, instances): (String, u64) = self.redis.query(&listening, COUNT_DEADLINE).await?;
            let id = random_name()?;
            let answers = self.pending.wait(id.clone(), instances.saturating_sub(1));
            self.publish(Message::Question { namespace: namespace.to_owned(), id: Some(id), question });
            Ok(answers)
        }
        .boxed()
    }

    fn stats(&self) -> &BusStats {
        &self.stats
    }

    fn report(&self, page: &mut Page) {
        self.stats.report(page, self.outbox.len());
        self.probes.report(page);
    }

    fn subscribed(&self) -> BoxFuture<'_, ()> {
        let mut subscription = self.subscription.clone();
        async move {
            // It fails only when the subscriber is gone: then nothing will ever arrive, and nobody shall hang.
            let _ = subscription.wait_for(|now| matches!(now, Subscription::Held)).await;
        }
        .boxed()
    }

    fn flushed(&self) -> BoxFuture<'_, ()> {
        self.outbox.flushed().boxed()
    }

    fn check(&self) -> Option<Check> {
        let (subscription, outbox, probes) =
            (self.subscription.clone(), self.outbox.clone(), self.probes.clone());
        let check = Check::new("bus", move || {
            let (mut subscription, outbox, probes) = (subscription.clone(), outbox.clone(), probes.clone());
            async move {
                // The first attempt may still be under way.
                let now = turned(&mut subscription, |now| !matches!(now, Subscription::Opening)).await;
                if !matches!(now, Subscription::Held) {
                    return lost(&now);
                }
                tokio::select! {
                    round_trip = probes.round_trip() => match round_trip {
                        Some(took) => Finding::Good(format!(
                            "subscribed; {} messages wait to be sent; heard itself after {} ms",
                            outbox.len(),
                            took.as_millis()
                        )),
                        None => Finding::Error("what this instance publishes does not come back to it".to_owned()),
                    },
                    now = turned(&mut subscription, |now| !matches!(now, Subscription::Held)) => lost(&now),
                }
            }
        });
        Some(check.for_readiness())
    }
}

/// The subscription once it is like this; as if it never was any when the bus has ended.
async fn turned(
    subscription: &mut watch::Receiver<Subscription>,
    is_so: impl FnMut(&Subscription) -> bool,
) -> Subscription {
    subscription.wait_for(is_so).await.map_or(Subscription::Opening, |now| now.clone())
}

fn lost(subscription: &Subscription) -> Finding {
    match subscription {
        Subscription::Lost(reason) => Finding::Error(format!("other instances are not heard: {reason}")),
        Subscription::Opening | Subscription::Held => Finding::Error("the bus has ended".to_owned()),
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A name on the bus, of an instance or a question: six characters, as Node's adapter has them.
fn random_name() -> Result<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    let letters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64)));
    Ok(letters.map(|letter| char::from(*letter)).collect())
}

#[cfg(test)]
mod tests;
