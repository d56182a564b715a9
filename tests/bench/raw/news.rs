//! What happened to a note, told to the other instances of the app over Redis.

use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisResult};
use serde::Serialize;

const CHANNEL: &str = "raw:note";

/// Who hears of a note.
#[derive(Clone)]
pub(super) enum News {
    /// All instances, this one too.
    Redis(MultiplexedConnection),
    /// Nobody.
    Silent,
}

#[derive(Serialize)]
struct Event<'a, T> {
    verb: &'a str,
    data: &'a T,
}

impl News {
    /// Publishes on `connection`, and listens as an instance with sockets does; here nobody is connected.
    pub(super) async fn open(redis: &Client, connection: MultiplexedConnection) -> RedisResult<Self> {
        let (mut sink, mut heard) = redis.get_async_pubsub().await?.split();
        sink.subscribe(CHANNEL).await?;
        actix_web::rt::spawn(async move {
            // Dropped, it would end the subscription.
            let _sink = sink;
            while heard.next().await.is_some() {}
        });
        Ok(Self::Redis(connection))
    }

    /// Tells of it without waiting for Redis.
    pub(super) fn tell(&self, verb: &str, data: &impl Serialize) -> serde_json::Result<()> {
        let Self::Redis(connection) = self else { return Ok(()) };
        let event = serde_json::to_string(&Event { verb, data })?;
        let mut connection = connection.clone();
        actix_web::rt::spawn(async move {
            let told: RedisResult<()> = connection.publish(CHANNEL, event).await;
            if let Err(error) = told {
                eprintln!("{error}");
            }
        });
        Ok(())
    }
}
