//! One connected client, as actions and event handlers see it.

use std::borrow::Borrow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use futures_util::future;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::calls::{self, Disconnect};
use super::client::Surroundings;
use super::company::{Company, Place};
use super::engine::{Link, frame};
use super::frames::Frames;
use super::registry::Registry;
use super::{Dispatcher, Handshake, Present, Sockets, presence};
use crate::protocol::packet::write;
use crate::{Error, Result};

/// Why a socket has left that the app disconnected.
const BY_SERVER: &str = "server namespace disconnect";

/// Why a connection ends whose session did.
const SESSION_ENDED: &str = "session ended";

/// A connected client. Handles are cheap to clone and stay on their worker's thread.
#[derive(Clone)]
pub struct Socket(Rc<Inner>);

struct Inner {
    id: Rc<str>,
    key: u64,
    link: Link,
    /// The sockets of its namespace.
    sockets: Sockets,
    around: Rc<Surroundings>,
    /// The other sockets of its connection.
    company: Rc<Company>,
    state: Cell<State>,
    /// Where it is, since it has entered.
    registry: OnceCell<Rc<Registry>>,
    rooms: RefCell<HashSet<String>>,
    /// What was sent before it entered: the client learns of that first.
    early: RefCell<Vec<Frames>>,
    auth: Value,
    /// What the app keeps about it.
    data: RefCell<Map<String, Value>>,
    /// Rooms in whose presence list it is, with what it said about itself.
    tracked: RefCell<HashMap<String, Value>>,
    /// Events that wait for the client's acknowledgement.
    acks: RefCell<HashMap<u64, Expected>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The app is asked whether it may enter; the rooms it joins meanwhile wait for that, and so do events.
    Asked,
    Entered,
    Left,
}

/// Who waits for an acknowledgement.
struct Expected {
    sender: mpsc::UnboundedSender<Value>,
    /// Only the first argument counts, as between servers.
    first_only: bool,
}

/// Packets that may be sent to a socket before it has entered.
const EARLY: usize = 128;

/// Acknowledgements that may be waited for before those are looked for that nobody waits for any longer.
const MANY: usize = 64;

impl Socket {
    pub(super) fn new(
        id: String,
        namespace: &str,
        auth: Value,
        link: Link,
        around: Rc<Surroundings>,
        company: Rc<Company>,
    ) -> Self {
        Self(Rc::new(Inner {
            id: id.into(),
            key: around.hub.key(),
            link,
            sockets: around.sockets.of(namespace),
            around,
            company,
            state: Cell::new(State::Asked),
            registry: OnceCell::new(),
            rooms: RefCell::default(),
            early: RefCell::default(),
            auth,
            data: RefCell::default(),
            tracked: RefCell::default(),
            acks: RefCell::default(),
        }))
    }

    /// The socket's id: 20 characters, and `/namespace#` before them for old clients in other namespaces than `/`. It
    /// is also the name of a room with only this socket in it.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn shared_id(&self) -> &Rc<str> {
        &self.0.id
    }

    /// The namespace it is in.
    pub fn namespace(&self) -> &str {
        self.0.sockets.namespace()
    }

    /// The sockets of its namespace, on every instance.
    pub fn sockets(&self) -> &Sockets {
        &self.0.sockets
    }

    /// What the client sent when it connected.
    pub fn handshake(&self) -> &Handshake {
        self.0.link.handshake()
    }

    /// The credentials the client entered with: the `auth` object of a Socket.IO client, else null.
    pub fn auth(&self) -> &Value {
        &self.0.auth
    }

    /// Puts the socket into `room`.
    ///
    /// # Errors
    /// 400 when it is in `sockets.max_rooms` rooms already.
    #[expect(clippy::unused_async, reason = "joining will wait for the fleet where peers can confirm it")]
    pub async fn join(&self, room: &str) -> Result<()> {
        if self.enter(room) {
            return Ok(());
        }
        let max = self.0.around.max_rooms;
        Err(Error::bad_request(format!(
            "this socket is in {max} rooms already: leave one first, or raise max_rooms in config/sockets.toml"
        )))
    }

    /// Takes the socket out of `room`, and out of its presence list.
    ///
    /// # Errors
    /// 503 when it was present there and the shared store does not answer.
    pub async fn leave(&self, room: &str) -> Result<()> {
        self.exit(room);
        let meta = self.0.tracked.borrow_mut().remove(room);
        match meta {
            Some(meta) => {
                presence::leave(&self.0.sockets, room, Present { id: self.id().to_owned(), meta }).await
            }
            None => Ok(()),
        }
    }

    /// The rooms the socket is in, without the one of its own id.
    pub fn rooms(&self) -> Vec<String> {
        self.0.rooms.borrow().iter().filter(|room| **room != *self.0.id).cloned().collect()
    }

    /// Joins `room` and its presence list, with `meta` telling the others who this is. Everybody in the room,
    /// on every instance, gets the event `presence`: `{"room", "joins": [{"id", "meta"}], "leaves": []}`.
    ///
    /// # Errors
    /// As [`Socket::join`], and 503 when the shared store does not answer.
    pub async fn track(&self, room: &str, meta: Value) -> Result<()> {
        self.join(room).await?;
        self.0.tracked.borrow_mut().insert(room.to_owned(), meta.clone());
        presence::join(&self.0.sockets, room, Present { id: self.id().to_owned(), meta }).await?;
        if self.0.state.get() == State::Left {
            // It went while the store was asked.
            return self.leave(room).await;
        }
        Ok(())
    }

    /// Takes the socket out of its namespace; with `close` the whole connection ends, with its sockets in other
    /// namespaces. The client does not come back by itself.
    pub fn disconnect(&self, close: bool) {
        if !close {
            self.end(BY_SERVER);
            return;
        }
        for socket in self.0.company.sockets() {
            socket.end(BY_SERVER);
        }
        self.0.link.close(frame::NORMAL, BY_SERVER, false);
    }

    /// Its session has ended: the connection ends; unless they may return, its sockets are told not to come back.
    pub(super) fn lose_session(&self, may_return: bool) {
        if !may_return {
            for socket in self.0.company.sockets() {
                socket.end(SESSION_ENDED);
            }
        }
        self.0.link.close(frame::POLICY, SESSION_ENDED, false);
    }

    pub(super) fn key(&self) -> u64 {
        self.0.key
    }

    pub(super) fn is_in(&self, room: &str) -> bool {
        self.0.rooms.borrow().contains(room)
    }

    /// Whether it is not in its namespace yet, and may still be.
    pub(super) fn is_asked(&self) -> bool {
        self.0.state.get() == State::Asked
    }

    /// Enters the namespace: from now on it gets broadcasts.
    pub(super) fn enter_namespace(&self) {
        self.0.state.set(State::Entered);
        self.0.rooms.borrow_mut().insert(self.0.id.to_string());
        let registry = self.0.around.hub.open(self.0.sockets.shared_namespace());
        registry.add(self);
        for room in self.0.rooms.borrow().iter() {
            registry.join(self, room);
        }
        // It enters once.
        let _ = self.0.registry.set(registry);
        for frames in self.0.early.take() {
            self.send_frames(&frames, false);
        }
    }

    /// Whether the socket is in `room` now: not when it had too many already.
    pub(super) fn enter(&self, room: &str) -> bool {
        if self.0.state.get() == State::Left {
            return true;
        }
        let mut rooms = self.0.rooms.borrow_mut();
        if rooms.contains(room) {
            return true;
        }
        if rooms.len() > self.0.around.max_rooms {
            return false;
        }
        rooms.insert(room.to_owned());
        drop(rooms);
        if let Some(registry) = self.0.registry.get() {
            registry.join(self, room);
        }
        true
    }

    pub(super) fn exit(&self, room: &str) {
        if self.0.rooms.borrow_mut().remove(room)
            && let Some(registry) = self.0.registry.get()
        {
            registry.leave_room(self, room);
        }
    }

    pub(super) fn take_rooms(&self) -> HashSet<String> {
        self.0.rooms.take()
    }

    pub(super) fn send_text(&self, message: &str) {
        self.0.link.send_text(message);
    }

    /// Queues a packet; a client whose queue is full is disconnected.
    pub(super) fn send_frames(&self, frames: &Frames, volatile: bool) {
        if self.0.state.get() == State::Asked {
            let mut early = self.0.early.borrow_mut();
            if early.len() < EARLY {
                early.push(frames.clone());
            } else {
                tracing::warn!(socket = self.id(), "an event was dropped: the socket has not entered yet");
            }
            return;
        }
        self.0.link.send_all(&frames.text, &frames.attachments, volatile);
    }

    /// The server ends its stay in the namespace: the client is told not to come back.
    fn end(&self, reason: &'static str) {
        self.send_text(&write::disconnected(self.namespace()));
        self.0.company.put(self.0.sockets.shared_namespace().clone(), Place::Ended);
        actix_web::rt::spawn(self.left(reason));
    }

    /// It is not in the namespace any longer: it leaves rooms at once, presence lists as soon as the store answers,
    /// and the app is told.
    pub(super) fn left(&self, reason: &'static str) -> impl Future<Output = ()> + 'static {
        let before = self.0.state.replace(State::Left);
        let rooms = self.rooms();
        if let Some(registry) = self.0.registry.get().filter(|_| before == State::Entered) {
            registry.remove(self);
            self.0.around.hub.tidy(self.namespace());
            tracing::debug!(socket = self.id(), namespace = self.namespace(), reason, "socket disconnected");
        }
        // Nobody will acknowledge any more.
        self.0.acks.take();
        let (socket, tracked) = (self.clone(), self.0.tracked.take());
        async move {
            let told = async {
                if before == State::Entered {
                    calls::disconnected(&socket, Disconnect { reason, rooms }).await;
                }
            };
            let unlisted = async {
                for (room, meta) in tracked {
                    let who = Present { id: socket.id().to_owned(), meta };
                    if let Err(error) = presence::leave(&socket.0.sockets, &room, who).await {
                        tracing::warn!(room, %error, "presence could not be updated; it is when the store is back");
                    }
                }
            };
            future::join(told, unlisted).await;
        }
    }

    /// Hands the acknowledgement of the event `id` to `sender`.
    pub(super) fn expect(&self, id: u64, sender: mpsc::UnboundedSender<Value>, first_only: bool) {
        let mut acks = self.0.acks.borrow_mut();
        if acks.len() >= MANY {
            acks.retain(|_, expected| !expected.sender.is_closed());
        }
        acks.insert(id, Expected { sender, first_only });
    }

    /// Waits no longer for the acknowledgement of the event `id`.
    pub(super) fn give_up(&self, id: u64) {
        self.0.acks.borrow_mut().remove(&id);
    }

    /// The client has acknowledged; whether anybody waited for it.
    pub(super) fn acknowledged(&self, id: u64, args: &[impl Borrow<RawValue>]) -> bool {
        let Some(Expected { sender, first_only }) = self.0.acks.borrow_mut().remove(&id) else {
            return false;
        };
        let value = |arg: &_| serde_json::from_str(Borrow::<RawValue>::borrow(arg).get()).unwrap_or_default();
        let answer = match args {
            [] => Value::Null,
            [only] => value(only),
            [first, ..] if first_only => value(first),
            many => many.iter().map(value).collect(),
        };
        sender.send(answer).is_ok()
    }
}

impl Socket {
    pub(super) fn dispatcher(&self) -> &Dispatcher {
        &self.0.around.dispatcher
    }

    pub(super) fn data_cell(&self) -> &RefCell<Map<String, Value>> {
        &self.0.data
    }

    pub(super) fn company(&self) -> &Company {
        &self.0.company
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}
