//! A line of JSON messages over a local socket, one a line: between a parent and a child, and to the parent's control
//! socket.

use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

/// The longest message, in bytes.
const LONGEST: usize = 256 * 1024;

/// One end of the line, which hears messages of the type `T`.
#[derive(Debug)]
pub(super) struct Line<T> {
    stream: UnixStream,
    /// What came of messages that are not complete.
    heard: Vec<u8>,
    of: PhantomData<T>,
}

impl<T: DeserializeOwned> Line<T> {
    /// # Errors
    /// When the socket is none, or there is no runtime.
    pub(super) fn new(stream: StdStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(UnixStream::from_std(stream)?.into())
    }

    /// The next message; nothing when the other end is gone. What makes no sense is passed over: the other end may be of
    /// another version. Nothing is lost when this is not waited for to its end.
    pub(super) async fn next(&mut self) -> Option<T> {
        loop {
            while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(message) => return Some(message),
                    Err(error) => tracing::debug!(%error, "a message on a local line makes no sense"),
                }
            }
            if self.heard.len() > LONGEST {
                return None;
            }
            self.stream.readable().await.ok()?;
            match self.stream.try_read_buf(&mut self.heard) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    /// Says something, unless the other end does not read: it is then lost, as nobody here waits for that. Whether it
    /// was said.
    pub(super) fn tell(&self, message: &impl Serialize) -> bool {
        let Ok(mut text) = serde_json::to_vec(message) else { return false };
        text.push(b'\n');
        // Not the runtime's way, which knows nothing yet of a socket that is new.
        matches!(rustix::io::write(&self.stream, &text), Ok(written) if written == text.len())
    }

    /// Says something, and waits for the other end to make room for it.
    ///
    /// # Errors
    /// When the other end is gone.
    pub(super) async fn say(&self, message: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(message)?;
        text.push(b'\n');
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The socket, for another process.
    ///
    /// # Errors
    /// When it can't be taken off this runtime.
    pub(super) fn into_fd(self) -> io::Result<OwnedFd> {
        Ok(self.stream.into_std()?.into())
    }
}

impl<T> From<UnixStream> for Line<T> {
    fn from(stream: UnixStream) -> Self {
        Self { stream, heard: Vec::new(), of: PhantomData }
    }
}
