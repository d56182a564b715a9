//! `sockets.to("room").emit("event", &data)`.

use std::sync::Arc;
use std::time::Duration;

use super::Sockets;
use super::args::{Payload, Said};
use super::fleet::PATIENCE;
use super::frames::Frames;
use super::workers::{Order, What};
use crate::Result;
use crate::bus::Message;

/// Something for many sockets: choose whom, then say what.
///
/// Without a room it is for every socket. Rooms add up; `except` takes members away again.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `emit`"]
pub struct Broadcast {
    pub(super) sockets: Sockets,
    pub(super) rooms: Vec<String>,
    pub(super) except: Vec<String>,
    pub(super) local: bool,
    volatile: bool,
    /// How long other instances may take to answer.
    pub(super) patience: Duration,
}

impl Broadcast {
    pub(super) fn new(sockets: Sockets) -> Self {
        Self {
            sockets,
            rooms: Vec::new(),
            except: Vec::new(),
            local: false,
            volatile: false,
            patience: PATIENCE,
        }
    }

    /// Also to the members of `room`.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// As [`Broadcast::to`], Socket.IO's `in`.
    pub fn in_room(self, room: impl Into<String>) -> Self {
        self.to(room)
    }

    /// Not to the members of `room`; a socket's id is a room with that socket in it.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Only to sockets of this instance.
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Not to clients that are still busy with what was sent before.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// How long the other instances may take to answer [`Broadcast::fetch_sockets`]; 5 s unless said.
    /// [`Broadcast::emit_with_ack`] is told its time itself.
    pub fn timeout(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Emits an event with one argument, or several as [`Args`](super::Args). Returns once every worker of this instance
    /// has it; other instances get it over the bus, with one publish, as soon as that is reachable.
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub async fn emit(self, event: &str, data: impl Payload) -> Result<()> {
        let Said(data) = data.said(event)?;
        let frames = Frames::event(self.sockets.namespace(), None, &data);
        let what = What::Deliver { frames, volatile: self.volatile };
        let volatile = self.volatile;
        self.send(what, |namespace, rooms, except| Message::Broadcast {
            namespace,
            data,
            rooms,
            except,
            volatile,
        })
        .await;
        Ok(())
    }

    /// Puts the sockets into `rooms`, on every instance. It does not wait for the others, but what this instance emits
    /// after it arrives there after it; [`Sockets::settled`] waits.
    pub async fn sockets_join(self, rooms: &[impl AsRef<str>]) {
        let targets = owned(rooms);
        self.send(What::Join(targets.clone().into()), |namespace, rooms, except| Message::Join {
            namespace,
            rooms,
            except,
            targets,
        })
        .await;
    }

    /// Takes the sockets out of `rooms`, on every instance.
    pub async fn sockets_leave(self, rooms: &[impl AsRef<str>]) {
        let targets = owned(rooms);
        self.send(What::Leave(targets.clone().into()), |namespace, rooms, except| Message::Leave {
            namespace,
            rooms,
            except,
            targets,
        })
        .await;
    }

    /// Takes the sockets out of every room but the one of their own id, on every instance.
    pub async fn sockets_leave_all(self) {
        self.send(What::LeaveAll, |namespace, rooms, except| Message::LeaveAll { namespace, rooms, except })
            .await;
    }

    /// Takes the sockets out of their namespace, on every instance; with `close` their whole connections end. Their
    /// clients don't come back by themselves.
    pub async fn disconnect_sockets(self, close: bool) {
        self.send(What::Disconnect { close }, |namespace, rooms, except| Message::Disconnect {
            namespace,
            rooms,
            except,
            close,
        })
        .await;
    }

    /// Tells the other instances at once, and this one's workers in the future.
    fn send(
        self,
        what: What,
        message: impl FnOnce(String, Vec<String>, Vec<String>) -> Message,
    ) -> impl Future<Output = ()> {
        let namespace = self.sockets.shared_namespace().clone();
        let (rooms, except) = (Arc::from(&*self.rooms), Arc::from(&*self.except));
        if !self.local {
            self.sockets.bus().publish(message(namespace.to_string(), self.rooms, self.except));
        }
        let (sockets, order) = (self.sockets, Order { namespace, rooms, except, what });
        async move { sockets.workers().all(&order).await }
    }
}

fn owned(rooms: &[impl AsRef<str>]) -> Vec<String> {
    rooms.iter().map(|room| room.as_ref().to_owned()).collect()
}
