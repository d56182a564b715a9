//! Asking the parent of a running fleet.

use std::path::Path;

use tokio::net::UnixStream;

use super::line::Line;
use super::listeners::short;
use super::words::{Reply, Request};
use crate::{Error, Result};

/// A question to a parent, and its answers.
#[derive(Debug)]
pub(crate) struct Asking(Line<Reply>);

impl Asking {
    /// Asks the parent whose control socket is at `path`.
    ///
    /// # Errors
    /// When nobody answers there; the message says what to do.
    pub(crate) async fn start(path: &Path, request: &Request) -> Result<Self> {
        let connected = async {
            let (way, _folder) = short(path)?;
            UnixStream::connect(way).await
        };
        let stream = connected.await.map_err(|error| {
            Error::internal(format!(
                "no fleet answers at {} ({error}): start one with lift --instances 2, in this folder and as this user",
                path.display()
            ))
        })?;
        let line = Line::from(stream);
        line.say(request).await?;
        Ok(Self(line))
    }

    /// The next answer; nothing after the last.
    ///
    /// # Errors
    /// When the parent refuses, or goes before it has answered.
    pub(crate) async fn next(&mut self) -> Result<Option<Reply>> {
        match self.0.next().await {
            Some(Reply::Done) => Ok(None),
            Some(Reply::Failed(why)) => Err(Error::internal(why)),
            Some(reply) => Ok(Some(reply)),
            None => Err(Error::internal("the parent went before it had answered: its log says why")),
        }
    }
}
