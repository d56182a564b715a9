//! What the server says to one client.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::args::{Payload, Said};
use super::fleet::next_ack;
use super::frames::Frames;
use super::{Broadcast, Socket};
use crate::{Error, Result};

impl Socket {
    /// Emits an event to this client: with one argument, or several as [`Args`](super::Args).
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # fn example(socket: &Socket) -> Result<()> {
    /// socket.emit("moved", &json!({ "x": 3 }))?;
    /// socket.emit("placed", Args((3, 4, "knight")))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub fn emit(&self, event: &str, data: impl Payload) -> Result<()> {
        self.say(event, &data, false)
    }

    /// The same, and nothing when the client is still busy with what was sent before.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit_volatile(&self, event: &str, data: impl Payload) -> Result<()> {
        self.say(event, &data, true)
    }

    /// Emits an event and waits until the client acknowledges it: with its one argument, with a list of several, or with
    /// nothing as null.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # async fn example(socket: &Socket) -> Result<()> {
    /// let patience = std::time::Duration::from_secs(2);
    /// let ready: bool = socket.emit_with_ack("ready?", &json!({}), patience).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the arguments can't be written as JSON; 503 when the client does not answer within `timeout` or goes; 400 when
    /// it answers with something else than a `T`.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Payload,
        timeout: Duration,
    ) -> Result<T> {
        let Said(event) = data.said(event)?;
        let (sender, mut acknowledged) = mpsc::unbounded_channel();
        let id = next_ack();
        self.expect(id, sender, false);
        self.send_frames(&Frames::event(self.namespace(), Some(id), &event), false);
        self.sockets().figures().sent.add(1);
        let answer = tokio::time::timeout(timeout, acknowledged.recv()).await;
        self.give_up(id);
        let answer = answer.ok().flatten();
        let answer = answer.ok_or_else(|| Error::unavailable("the client did not acknowledge in time"))?;
        serde_json::from_value(answer).map_err(|error| {
            Error::bad_request(format!("the client's acknowledgement can't be understood: {error}"))
        })
    }

    /// To the members of `room`, without this socket.
    pub fn to(&self, room: impl Into<String>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// To every other socket of its namespace.
    pub fn broadcast(&self) -> Broadcast {
        self.sockets().all().except(self.id())
    }

    fn say(&self, event: &str, data: &impl Payload, volatile: bool) -> Result<()> {
        let Said(event) = data.said(event)?;
        self.send_frames(&Frames::event(self.namespace(), None, &event), volatile);
        self.sockets().figures().sent.add(1);
        Ok(())
    }
}
