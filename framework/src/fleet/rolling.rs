//! A rolling restart: every place gets a new instance before it loses the one it has.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::place::Order;
use super::words::Reply;

/// How long a caller may take to hear that all is done.
const HEARD: Duration = Duration::from_secs(1);

/// The restart that is under way, if one is.
#[derive(Debug, Default)]
pub(super) struct Rolling(Option<JoinHandle<Rolled>>);

/// A restart that is over.
#[derive(Debug)]
pub(super) struct Rolled {
    /// Whether every instance is a new one.
    pub(super) is_done: bool,
    replies: Option<mpsc::Sender<Reply>>,
}

impl Rolling {
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn start(
        &mut self,
        places: Vec<mpsc::Sender<Order>>,
        at_once: usize,
        replies: Option<mpsc::Sender<Reply>>,
    ) {
        if self.is_on() {
            tracing::warn!("a restart is under way already");
            if let Some(replies) = replies {
                let _ =
                    replies.try_send(Reply::Failed("a restart is under way: wait for its end".to_owned()));
            }
            return;
        }
        self.0 = Some(tokio::spawn(roll(places, at_once.max(1), replies)));
    }

    /// The end of the restart.
    pub(super) async fn next(&mut self) -> Rolled {
        let Some(task) = &mut self.0 else { return std::future::pending().await };
        let rolled = task.await.unwrap_or(Rolled { is_done: false, replies: None });
        self.0 = None;
        rolled
    }
}

impl Rolled {
    /// Lets whoever asked know, before this process goes on as another program.
    pub(super) async fn say_done(self) {
        if let Some(replies) = self.replies.filter(|_| self.is_done) {
            say_done(&replies).await;
        }
    }
}

/// Says so, and waits until the caller has heard it: this process does not answer any longer.
pub(super) async fn say_done(replies: &mpsc::Sender<Reply>) {
    let _ = replies.send(Reply::Done).await;
    let _ = timeout(HEARD, replies.closed()).await;
}

async fn roll(
    places: Vec<mpsc::Sender<Order>>,
    at_once: usize,
    replies: Option<mpsc::Sender<Reply>>,
) -> Rolled {
    let (count, started) = (places.len(), Instant::now());
    tracing::info!("restarting {count} instances, {at_once} at once");
    let replace = |place: mpsc::Sender<Order>| async move {
        let (replaced, answer) = oneshot::channel();
        place.send(Order::Replace(replaced)).await.map_err(|_| GONE.to_owned())?;
        answer.await.unwrap_or_else(|_| Err(GONE.to_owned()))
    };
    let mut done = stream::iter(places).map(replace).buffer_unordered(at_once);
    let mut number = 0;
    while let Some(outcome) = done.next().await {
        match outcome {
            Ok(id) => {
                number += 1;
                say(replies.as_ref(), Reply::Line(format!("{number} of {count}: {id}"))).await;
            }
            Err(why) => {
                let why = format!("restart given up after {number} of {count} instances: {why}");
                tracing::error!("{why}");
                say(replies.as_ref(), Reply::Failed(why)).await;
                return Rolled { is_done: false, replies };
            }
        }
    }
    tracing::info!("{count} instances restarted in {} ms", started.elapsed().as_millis());
    Rolled { is_done: true, replies }
}

const GONE: &str = "its place is gone";

async fn say(replies: Option<&mpsc::Sender<Reply>>, reply: Reply) {
    if let Some(replies) = replies {
        // Whoever asked may be gone by now.
        let _ = replies.send(reply).await;
    }
}
