//! Rooms in Sails' words, and sockets that are anywhere.
//! See <https://sailsjs.com/documentation/reference/web-sockets/sails-sockets>.

use super::args::Payload;
use super::{Broadcast, Sockets};
use crate::Result;

impl Sockets {
    /// Emits an event to the sockets in `room`, on every instance, but not to `except`, a socket's id.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # async fn example(sockets: Sockets, who: Requester) -> Result<()> {
    /// sockets.broadcast("lobby", "said", &"hello", who.id()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub async fn broadcast(
        &self,
        room: &str,
        event: &str,
        data: impl Payload,
        except: Option<&str>,
    ) -> Result<()> {
        let to = self.to(room);
        except.into_iter().fold(to, Broadcast::except).emit(event, data).await
    }

    /// Puts the members of the room `source` into the rooms `targets`, on every instance.
    ///
    /// # Errors
    /// As [`AnySocket::join`](super::AnySocket::join): it returns when every instance has done it.
    pub async fn add_room_members_to_rooms(&self, source: &str, targets: &[&str]) -> Result<()> {
        self.to(source).sockets_join(targets).await;
        self.settled().await
    }

    /// Takes the members of the room `source` out of the rooms `targets`, on every instance.
    ///
    /// # Errors
    /// As [`AnySocket::join`](super::AnySocket::join): it returns when every instance has done it.
    pub async fn remove_room_members_from_rooms(&self, source: &str, targets: &[&str]) -> Result<()> {
        self.to(source).sockets_leave(targets).await;
        self.settled().await
    }

    /// Takes the members of `room` out of it and of every other room but their own, on every instance.
    ///
    /// # Errors
    /// As [`AnySocket::join`](super::AnySocket::join): it returns when every instance has done it.
    pub async fn leave_all(&self, room: &str) -> Result<()> {
        self.to(room).sockets_leave_all().await;
        self.settled().await
    }
}
