//! One socket, on whichever instance it is.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::args::Payload;
use super::{Broadcast, Socket, Sockets};
use crate::bus::Message;
use crate::{Error, Result};

/// A socket known by its id, on whichever instance it is; see [`Sockets::socket`].
///
/// What is done to a socket that is gone has no effect and is no error.
#[derive(Debug, Clone)]
pub struct AnySocket {
    sockets: Sockets,
    id: Arc<str>,
}

impl Sockets {
    /// The socket with this id, on whichever instance it is.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # async fn example(sockets: Sockets, id: String) -> Result<()> {
    /// sockets.socket(&id).join("lobby").await?;
    /// sockets.to("lobby").emit("welcome", &id).await?;
    /// # Ok(()) }
    /// ```
    pub fn socket(&self, id: &str) -> AnySocket {
        AnySocket { sockets: self.clone(), id: Arc::from(id) }
    }
}

impl AnySocket {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Puts it into `room`. Returns when that is done wherever the socket may be; of Node servers in the fleet it is only
    /// known that they were told.
    ///
    /// # Errors
    /// 503 when the other instances can't be reached, or don't say within 5 seconds that it is done; it is done as soon as
    /// they are there again.
    pub async fn join(&self, room: &str) -> Result<()> {
        let target = room.to_owned();
        let joined = move |socket: &Socket| {
            socket.enter(&target);
        };
        if self.here(joined).await {
            return Ok(());
        }
        let (namespace, rooms, targets) = self.words(room);
        self.everywhere(Message::Join { namespace, rooms, except: Vec::new(), targets }).await
    }

    /// Takes it out of `room`. Returns as [`AnySocket::join`] does.
    ///
    /// # Errors
    /// As [`AnySocket::join`].
    pub async fn leave(&self, room: &str) -> Result<()> {
        let target = room.to_owned();
        if self.here(move |socket| socket.exit(&target)).await {
            return Ok(());
        }
        let (namespace, rooms, targets) = self.words(room);
        self.everywhere(Message::Leave { namespace, rooms, except: Vec::new(), targets }).await
    }

    /// Emits an event to it.
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub async fn emit(&self, event: &str, data: impl Payload) -> Result<()> {
        self.alone().emit(event, data).await
    }

    /// Emits an event and waits until the client acknowledges it; the first argument of the acknowledgement is the answer.
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`], and 503 when there is no such socket or it does not answer within `timeout`.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Payload,
        timeout: Duration,
    ) -> Result<T> {
        let answer = self.alone().emit_with_ack(event, data, timeout).await?.found.pop();
        let answer = answer.ok_or_else(|| Error::unavailable("the client did not acknowledge in time"))?;
        serde_json::from_value(answer).map_err(|error| {
            Error::bad_request(format!("the client's acknowledgement can't be understood: {error}"))
        })
    }

    /// Takes it out of its namespace; with `close` its whole connection ends.
    pub async fn disconnect(&self, close: bool) {
        self.alone().disconnect_sockets(close).await;
    }

    fn alone(&self) -> Broadcast {
        self.sockets.to(&*self.id)
    }

    fn words(&self, room: &str) -> (String, Vec<String>, Vec<String>) {
        (self.sockets.namespace().to_owned(), vec![self.id.to_string()], vec![room.to_owned()])
    }

    /// Does something with it if it is on this instance; whether it is.
    async fn here(&self, act: impl Fn(&Socket) + Send + Sync + 'static) -> bool {
        let id = self.id.clone();
        let rooms = [id.to_string()];
        let namespace = self.sockets.shared_namespace();
        let found = self.sockets.workers().collect(namespace, &rooms, &[], move |registry, selection| {
            let own = registry.select(selection).into_iter().find(|socket| *socket.id() == *id);
            own.is_some_and(|socket| {
                act(&socket);
                true
            })
        });
        found.await.contains(&true)
    }

    async fn everywhere(&self, message: Message) -> Result<()> {
        self.sockets.bus().publish(message);
        self.sockets.settled().await
    }
}
