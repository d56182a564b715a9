//! Commands of many on one connection: they go out as they come, as many at once as there are, and the replies belong to
//! them in their order.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use redis::{RedisResult, Value};
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::replies::Replies;
use super::resp;
use super::stream::Stream;

/// Orders that may wait to be written; who has another one waits.
const WAITING: usize = 256;
/// A buffer larger than this is not kept.
const KEPT: usize = 64 * 1024;

/// Commands, and who waits for their replies.
struct Order {
    bytes: Vec<u8>,
    asked: Asked,
}

/// Replies that are due.
struct Asked {
    due: usize,
    replies: Vec<Value>,
    tell: oneshot::Sender<RedisResult<Vec<Value>>>,
}

/// A way to the connection; it ends with the last one.
#[derive(Clone)]
pub(super) struct Pipeline(mpsc::Sender<Order>);

impl Pipeline {
    /// Works on `stream` in a task of this runtime, and calls `ended` when that broke.
    pub(super) fn start(stream: Box<dyn Stream>, ended: impl FnOnce() + Send + 'static) -> Self {
        let (orders, taken) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let due = Due::default();
            if let Err(error) = work(stream, taken, &due).await {
                tracing::debug!(%error, "a connection to Redis ended");
                for asked in due.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    // Who asked may have given up.
                    let _ = asked.tell.send(Err(io::Error::new(error.kind(), error.to_string()).into()));
                }
                ended();
            }
        });
        Self(orders)
    }

    /// Sends commands and waits for as many replies; no commands need none.
    ///
    /// # Errors
    /// When the connection is lost. What the server refuses is a reply.
    pub(super) async fn ask(&self, bytes: Vec<u8>, due: usize) -> RedisResult<Vec<Value>> {
        if due == 0 {
            return Ok(Vec::new());
        }
        let (tell, told) = oneshot::channel();
        let asked = Asked { due, replies: Vec::with_capacity(due), tell };
        self.0.send(Order { bytes, asked }).await.map_err(|_| lost())?;
        told.await.unwrap_or_else(|_| Err(lost().into()))
    }
}

fn lost() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection was lost")
}

/// What waits for its replies, in order.
type Due = Mutex<VecDeque<Asked>>;

/// Ends without an error when nobody can ask any more.
async fn work(stream: Box<dyn Stream>, orders: mpsc::Receiver<Order>, due: &Due) -> io::Result<()> {
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        ended = write(writer, orders, due) => ended,
        ended = read(Replies::new(reader), due) => ended,
    }
}

async fn write(
    mut writer: WriteHalf<Box<dyn Stream>>,
    mut orders: mpsc::Receiver<Order>,
    due: &Due,
) -> io::Result<()> {
    let (mut batch, mut bytes) = (Vec::new(), Vec::new());
    while orders.recv_many(&mut batch, WAITING).await > 0 {
        // Who has given up by now has nothing sent.
        let wanted = batch.drain(..).filter(|order| !order.asked.tell.is_closed());
        for Order { bytes: commands, asked } in wanted {
            bytes.extend_from_slice(&commands);
            due.lock().unwrap_or_else(PoisonError::into_inner).push_back(asked);
        }
        writer.write_all(&bytes).await?;
        bytes.clear();
        bytes.shrink_to(KEPT);
    }
    Ok(())
}

async fn read(mut replies: Replies, due: &Due) -> io::Result<()> {
    loop {
        let reply = replies.next().await?;
        hand_over(resp::value(&reply).map_err(io::Error::other)?, due)?;
    }
}

fn hand_over(value: Value, due: &Due) -> io::Result<()> {
    let mut due = due.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(asked) = due.front_mut() else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a reply nobody asked for"));
    };
    asked.replies.push(value);
    if asked.replies.len() == asked.due
        && let Some(Asked { replies, tell, .. }) = due.pop_front()
    {
        // Who asked may have given up.
        let _ = tell.send(Ok(replies));
    }
    Ok(())
}
