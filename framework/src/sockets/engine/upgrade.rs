//! The change from polling to a WebSocket, which may be held by another worker or instance.
//! See <https://socket.io/docs/v4/engine-io-protocol/#upgrade>.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use super::frame;
use super::session::{Inbound, Session, Upgrade};

/// How often a client that wants to change is let go from polling.
const FLUSH: Duration = Duration::from_millis(100);

/// Changes the connection's transport, then carries its messages until the WebSocket ends.
pub(super) async fn run(
    session: &Session,
    upgrade: Upgrade,
    patience: Duration,
    mut from: mpsc::Receiver<Inbound>,
    to: mpsc::Sender<Bytes>,
) {
    let changed = timeout(patience, change(&upgrade, &mut from, &to)).await;
    if !matches!(changed, Ok(Some(()))) {
        // The client stays with polling.
        let _ = to.try_send(frame::close(frame::NORMAL, ""));
        return;
    }
    upgrade.finish();
    let outgoing = async {
        while let Some(chunk) = session.outbox().chunk().await {
            if to.send(chunk).await.is_err() {
                break;
            }
        }
    };
    let incoming = async {
        while let Some(message) = from.recv().await {
            if !session.bring(message).await {
                return;
            }
        }
        // It ends when the connection's task does, at the latest.
        session.bring(Inbound::Close(None)).await;
    };
    tokio::join!(outgoing, incoming);
}

/// The probe, its answer, and the client's word that it has left polling.
async fn change(
    upgrade: &Upgrade,
    from: &mut mpsc::Receiver<Inbound>,
    to: &mpsc::Sender<Bytes>,
) -> Option<()> {
    match from.recv().await? {
        Inbound::Text(text) if text == "2probe" => to.send(frame::text("3probe")).await.ok()?,
        _ => return None,
    }
    let mut flush = interval(FLUSH);
    loop {
        tokio::select! {
            message = from.recv() => match message? {
                Inbound::Text(text) if text == "5" => return Some(()),
                Inbound::Ping(data) => to.send(frame::pong(&data)).await.ok()?,
                _ => return None,
            },
            _ = flush.tick() => upgrade.flush(),
        }
    }
}
