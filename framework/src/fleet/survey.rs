//! What the places of the fleet say of themselves.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::place::Order;
use super::words::{Reply, Row, State};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(50);

/// Every process, place by place.
pub(super) async fn rows(places: &[mpsc::Sender<Order>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for place in places {
        let (report, answer) = oneshot::channel();
        if place.send(Order::Report(report)).await.is_ok() {
            rows.extend(answer.await.unwrap_or_default());
        }
    }
    rows
}

/// Answers when there are `count` ready instances and no others, or when `patience` is over.
pub(super) async fn settled(
    places: Vec<mpsc::Sender<Order>>,
    count: usize,
    patience: Duration,
    replies: mpsc::Sender<Reply>,
) {
    let started = Instant::now();
    loop {
        let rows = rows(&places).await;
        let ready = rows.iter().filter(|row| row.state == State::Ready).count();
        if ready == count && rows.len() == count {
            let _ = replies.send(Reply::Done).await;
            return;
        }
        if started.elapsed() > patience {
            let why = format!(
                "{ready} of {count} instances are ready after {} s: see `fleet status`",
                patience.as_secs()
            );
            let _ = replies.send(Reply::Failed(why)).await;
            return;
        }
        sleep(LOOK).await;
    }
}
