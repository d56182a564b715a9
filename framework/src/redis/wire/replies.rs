//! The replies on a connection, one after the other.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, ReadHalf};

use super::resp::{self, Extent};
use super::stream::Stream;

/// Bytes that are read at once, at least.
const ROOM: usize = 16 * 1024;
/// The most memory that is taken because a length says so, before the bytes are there.
const AHEAD: usize = 1024 * 1024;

pub(super) struct Replies {
    reader: ReadHalf<Box<dyn Stream>>,
    unread: BytesMut,
    /// How many bytes the next reply has, at least.
    needed: usize,
}

impl Replies {
    pub(super) fn new(reader: ReadHalf<Box<dyn Stream>>) -> Self {
        Self { reader, unread: BytesMut::new(), needed: 1 }
    }

    /// The bytes of the next one. Nothing is lost when nobody waits for it any longer.
    ///
    /// # Errors
    /// When the connection is lost, or not one to Redis.
    pub(super) async fn next(&mut self) -> io::Result<Bytes> {
        loop {
            let missing = self.needed.saturating_sub(self.unread.len());
            if missing > 0 {
                self.unread.reserve(missing.clamp(ROOM, AHEAD));
                if self.reader.read_buf(&mut self.unread).await? == 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                continue;
            }
            match resp::extent(&self.unread)? {
                Extent::Whole(end) => {
                    self.needed = 1;
                    return Ok(self.unread.split_to(end).freeze());
                }
                Extent::AtLeast(bytes) => self.needed = bytes,
            }
        }
    }
}
