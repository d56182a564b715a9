//! The members of the one room, and the other processes that have members of it.

use actix_web::rt;
use actix_ws::Session;
use bytestring::ByteString;
use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel};

/// What may wait, for the room and for Redis each.
const WAITING: usize = 1_024;

const CHANNEL: &str = "raw:room";

/// The way to the room's task, which has the sessions for itself: nothing is locked or copied to tell them something.
pub(super) struct Room {
    orders: Sender<Order>,
    /// The way to the other processes, this one among them.
    all: Option<Sender<ByteString>>,
}

enum Order {
    Enter(u64, Session),
    Leave(u64),
    Tell(ByteString),
}

impl Room {
    /// Starts the tasks of the room on this thread, and says when they run.
    pub(super) fn open(redis: Option<String>, ready: UnboundedSender<()>) -> Self {
        let (orders, taken) = channel(WAITING);
        rt::spawn(keep(taken));
        let Some(url) = redis else {
            // Nobody waits for it any longer when the program ends.
            let _ = ready.send(());
            return Self { orders, all: None };
        };
        let (all, waiting) = channel(WAITING);
        let to_tell = orders.clone();
        rt::spawn(async move {
            if let Err(error) = share(&url, to_tell, waiting, ready).await {
                eprintln!("{error}");
            }
        });
        Self { orders, all: Some(all) }
    }

    pub(super) async fn enter(&self, number: u64, session: Session) {
        self.order(Order::Enter(number, session)).await;
    }

    pub(super) async fn leave(&self, number: u64) {
        self.order(Order::Leave(number)).await;
    }

    /// Sends a text to every member.
    pub(super) async fn tell(&self, text: ByteString) {
        match &self.all {
            // Its task lives as long as the worker.
            Some(all) => _ = all.send(text).await,
            None => self.order(Order::Tell(text)).await,
        }
    }

    async fn order(&self, order: Order) {
        let _ = self.orders.send(order).await;
    }
}

async fn keep(mut orders: Receiver<Order>) {
    let mut members: Vec<(u64, Session)> = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Enter(number, session) => members.push((number, session)),
            Order::Leave(number) => members.retain(|(member, _)| *member != number),
            Order::Tell(text) => {
                for (_, session) in &mut members {
                    // One who has gone leaves by itself.
                    let _ = session.text(text.clone()).await;
                }
            }
        }
    }
}

/// Tells the room what any process publishes, and publishes what waits: everything at once, never one after another.
async fn share(
    url: &str,
    room: Sender<Order>,
    mut waiting: Receiver<ByteString>,
    ready: UnboundedSender<()>,
) -> RedisResult<()> {
    let redis = Client::open(url)?;
    let mut connection: MultiplexedConnection = redis.get_multiplexed_async_connection().await?;
    let mut pubsub = redis.get_async_pubsub().await?;
    pubsub.subscribe(CHANNEL).await?;
    rt::spawn(async move {
        let mut heard = pubsub.into_on_message();
        while let Some(message) = heard.next().await {
            if let Ok(text) = message.get_payload::<String>() {
                let _ = room.send(Order::Tell(text.into())).await;
            }
        }
    });
    let _ = ready.send(());
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, WAITING).await > 0 {
        let mut pipe = redis::pipe();
        for text in batch.drain(..) {
            pipe.publish(CHANNEL, &*text).ignore();
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok(())
}
