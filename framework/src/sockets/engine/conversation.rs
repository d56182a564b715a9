//! What a connection is for: whoever takes its messages.

use actix_web::rt::time::Instant;
use bytes::Bytes;

/// Why a connection ended.
pub(in crate::sockets) type Reason = &'static str;

/// The server's side of what is said over a connection.
pub(in crate::sockets) trait Conversation: 'static {
    /// The connection is open.
    fn opened(&mut self);

    /// Whether the client has said what it came for: it has a limited time for that.
    fn is_connected(&self) -> bool;

    /// Whether another message may be taken.
    fn has_room(&self) -> bool;

    /// Since when something the client has begun to say is not complete.
    fn waits_since(&self) -> Option<Instant> {
        None
    }

    /// Resolves when something that was at work is done; never when nothing is.
    fn worked(&mut self) -> impl Future<Output = ()>;

    /// A text message arrived.
    ///
    /// # Errors
    /// Why the connection ends.
    fn text(&mut self, text: &str) -> Result<(), Reason>;

    /// A binary message arrived.
    ///
    /// # Errors
    /// Why the connection ends.
    fn binary(&mut self, data: Bytes) -> Result<(), Reason>;

    /// The connection is gone.
    fn left(&mut self, reason: Reason) -> impl Future<Output = ()>;
}
