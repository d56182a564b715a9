//! Clients that come, and go as soon as they are there.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::tally::Tally;
use crate::contest::Outcome;
use regatta_tests::light::connect;

/// Has `doors` clients at a time make the whole way for `time`: TCP, WebSocket, Engine.IO, Socket.IO.
pub(super) async fn come_and_go(address: SocketAddr, doors: u32, time: Duration) -> Outcome {
    let tally = Rc::new(Tally::new("connects"));
    let started = Instant::now();
    let mut coming = JoinSet::new();
    for _ in 0..doors {
        let tally = tally.clone();
        coming.spawn_local(async move {
            while started.elapsed() < time {
                let sent = Instant::now();
                let (writer, _reader) = connect(address).await.expect("a socket");
                tally.count(sent);
                writer.end_abruptly().expect("a connection that ends at once");
            }
        });
    }
    coming.join_all().await;
    tally.outcome(started)
}
