//! A server that sends back what it gets: Engine.IO with nothing on top, for tests of the protocol.

use std::future;

use bytes::Bytes;

use super::conversation::{Conversation, Reason};
use super::{Link, frame};

/// The conversation of an echo.
pub(super) struct Echo(pub(super) Link);

impl Conversation for Echo {
    fn opened(&mut self) {}

    fn is_connected(&self) -> bool {
        true
    }

    fn has_room(&self) -> bool {
        true
    }

    async fn worked(&mut self) {
        future::pending().await
    }

    fn text(&mut self, text: &str) -> Result<(), Reason> {
        self.0.send_text(&format!("4{text}"));
        Ok(())
    }

    fn binary(&mut self, data: Bytes) -> Result<(), Reason> {
        self.0.send(frame::binary(&data));
        Ok(())
    }

    async fn left(&mut self, _: Reason) {}
}
