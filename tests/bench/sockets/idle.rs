//! What a socket costs that says nothing.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::news;
use crate::side::Side;
use crate::table::Memory;
use regatta_tests::light::{Reader, Writer, connect};

/// Handshakes under way at once.
const DOORS: usize = 50;

/// Sockets before the first look: what a server sets up once is not counted.
const FIRST: u32 = 50;

/// How long the server has to come to rest.
const REST: Duration = Duration::from_secs(2);

/// How long each of the idle sockets may wait for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects `count` sockets that say nothing, and looks at the memory of their server. They answer to a heartbeat and
/// have a question answered in the end: all of them were there.
pub(super) async fn measure(side: &Side, count: u32) -> Memory {
    let address = side.address();
    let mut sockets = come(address, FIRST).await;
    sleep(REST).await;
    let before = side.memory();
    sockets.extend(come(address, count).await);
    sleep(REST).await;
    let after = side.memory();
    for (writer, mut reader) in sockets {
        writer.send(&news::ask(1)).expect("a socket to ask over");
        let mut is_answered = false;
        let read = timeout(PATIENCE, reader.read(|answer| is_answered = news::is_answer(answer, 1))).await;
        assert!(matches!(read, Ok(Ok(()))) && is_answered, "an idle socket was not served: {read:?}");
    }
    Memory { before, after, sockets: count }
}

async fn come(address: SocketAddr, count: u32) -> Vec<(Writer, Reader)> {
    let (mut there, mut coming) = (Vec::new(), JoinSet::new());
    for _ in 0..count {
        if coming.len() == DOORS {
            there.push(coming.join_next().await.expect("a socket on its way").expect("a socket"));
        }
        coming.spawn_local(connect(address));
    }
    there.extend(coming.join_all().await);
    there.into_iter().map(|socket| socket.expect("a socket")).collect()
}
