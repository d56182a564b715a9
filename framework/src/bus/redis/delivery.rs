//! Hands what was heard to the instance, and remembers what it could not take.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::super::{BusStats, Message, count};
use super::ledger::Missing;

/// How long the instance may be too busy to take messages before they are dropped.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way into the instance.
#[derive(Debug)]
pub(super) struct Delivery {
    incoming: Sender<Message>,
    stats: Arc<BusStats>,
    /// What it is to be told as missed once there is room.
    owed: Missing,
}

/// The instance takes no messages any more.
#[derive(Debug)]
pub(super) struct Ended;

impl Delivery {
    pub(super) fn new(incoming: Sender<Message>, stats: Arc<BusStats>) -> Self {
        Self { incoming, stats, owed: Missing::default() }
    }

    /// Hands a message on. An instance that takes none for a second loses them until it has room again: what
    /// Redis goes on sending has to stay somewhere.
    pub(super) async fn deliver(&mut self, message: Message) -> Result<(), Ended> {
        if self.owes() {
            let owed = told(self.owed);
            match self.incoming.try_send(owed) {
                Ok(()) => self.owed = Missing::default(),
                Err(TrySendError::Full(_)) => {
                    self.lose();
                    return Ok(());
                }
                Err(TrySendError::Closed(_)) => return Err(Ended),
            }
        }
        let message = match self.incoming.try_send(message) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Ended),
            Err(TrySendError::Full(message)) => message,
        };
        if self.incoming.send_timeout(message, PATIENCE).await.is_err() {
            tracing::error!("this instance is too busy for what others send; messages are dropped");
            self.lose();
        }
        Ok(())
    }

    /// Notes what never came; it is told as soon as there is room, before anything that comes later.
    pub(super) fn missed(&mut self, missing: Missing) {
        count(&self.stats.missed, missing.count);
        self.owed += missing;
    }

    /// Whether something is to be told.
    pub(super) fn owes(&self) -> bool {
        !self.owed.is_nothing()
    }

    /// Waits for room and tells what was missed.
    pub(super) async fn tell(&mut self) -> Result<(), Ended> {
        let permit = self.incoming.reserve().await.map_err(|_| Ended)?;
        permit.send(told(std::mem::take(&mut self.owed)));
        Ok(())
    }

    fn lose(&mut self) {
        count(&self.stats.dropped, 1);
        self.owed.count += 1;
    }
}

fn told(missing: Missing) -> Message {
    Message::Missed { count: missing.certain() }
}
