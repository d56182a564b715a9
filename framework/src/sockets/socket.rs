//! One connected client, as actions and event handlers see it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use actix_web::http::header::{self, HeaderMap};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::engine::{Link, frame};
use super::hub::Hub;
use super::{Present, Sockets, presence};
use crate::protocol::packet;
use crate::{Error, Result};

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) address: Option<SocketAddr>,
    pub(super) secure: bool,
}

impl Handshake {
    /// The headers of the connecting request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The query string of the connecting request, without the `?`.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The address of the other end of the connection: the proxy's when there is one.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether the connection came in over TLS, here or at the proxy.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

/// A connected client. Handles are cheap to clone and stay on their worker's thread.
#[derive(Clone)]
pub struct Socket(Rc<Inner>);

struct Inner {
    id: String,
    key: u64,
    link: Link,
    sockets: Sockets,
    hub: Rc<Hub>,
    max_rooms: usize,
    rooms: RefCell<HashSet<String>>,
    auth: RefCell<Value>,
    /// The `Cookie` header of its virtual requests: the handshake's, with what the app set since.
    cookie: RefCell<Option<String>>,
    /// Rooms in whose presence list it is, with what it said about itself.
    tracked: RefCell<HashMap<String, Value>>,
    /// Events that wait for the client's acknowledgement.
    acks: RefCell<HashMap<u64, Expected>>,
    /// Whether it is in the namespace.
    connected: Cell<bool>,
}

/// Who waits for an acknowledgement.
struct Expected {
    sender: mpsc::UnboundedSender<Value>,
    /// Only the first argument counts, as between servers.
    first_only: bool,
}

/// Acknowledgements that may be waited for before those are looked for that nobody waits for any longer.
const MANY: usize = 64;

impl Socket {
    pub(super) fn new(id: String, link: Link, sockets: Sockets, hub: Rc<Hub>, max_rooms: usize) -> Self {
        let cookie = link.handshake().headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        let cookie = RefCell::new(cookie.map(str::to_owned));
        Self(Rc::new(Inner {
            id,
            key: hub.key(),
            link,
            sockets,
            hub,
            max_rooms,
            rooms: RefCell::default(),
            auth: RefCell::new(Value::Null),
            cookie,
            tracked: RefCell::default(),
            acks: RefCell::default(),
            connected: Cell::new(false),
        }))
    }

    /// The socket's id: 20 characters. It is also the name of a room with only this socket in it.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What the client sent when it connected.
    pub fn handshake(&self) -> &Handshake {
        self.0.link.handshake()
    }

    /// The credentials the client entered with: the `auth` object of a Socket.IO client, else null.
    pub fn auth(&self) -> Value {
        self.0.auth.borrow().clone()
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
        let max = self.0.max_rooms;
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
        self.0.rooms.borrow().iter().filter(|room| **room != self.0.id).cloned().collect()
    }

    /// Emits an event with one argument to this client.
    ///
    /// # Errors
    /// When `data` can't be written as JSON.
    pub fn emit(&self, event: &str, data: &(impl Serialize + ?Sized)) -> Result<()> {
        let args = serde_json::to_string(&(event, data))?;
        self.send_text(&packet::event(&args));
        Ok(())
    }

    /// Joins `room` and its presence list, with `meta` telling the others who this is. Everybody in the room,
    /// on every instance, gets the event `presence`: `{"room", "joins": [{"id", "meta"}], "leaves": []}`.
    ///
    /// # Errors
    /// As [`Socket::join`], and 503 when the shared store does not answer.
    pub async fn track(&self, room: &str, meta: Value) -> Result<()> {
        self.join(room).await?;
        self.0.tracked.borrow_mut().insert(room.to_owned(), meta.clone());
        presence::join(&self.0.sockets, room, Present { id: self.id().to_owned(), meta }).await
    }

    /// Disconnects the client; it does not come back by itself.
    pub fn disconnect(&self) {
        self.end(true);
    }

    pub(super) fn key(&self) -> u64 {
        self.0.key
    }

    pub(super) fn is_in(&self, room: &str) -> bool {
        self.0.rooms.borrow().contains(room)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.0.connected.get()
    }

    /// Enters the namespace: from now on it has rooms and gets broadcasts.
    pub(super) fn enter_namespace(&self, auth: Value) {
        self.0.auth.replace(auth);
        self.0.connected.set(true);
        self.0.hub.add(self);
        self.enter(self.id());
    }

    /// Whether the socket is in `room` now: not when it had too many already.
    pub(super) fn enter(&self, room: &str) -> bool {
        if !self.is_connected() {
            return true;
        }
        let mut rooms = self.0.rooms.borrow_mut();
        if rooms.contains(room) {
            return true;
        }
        if rooms.len() > self.0.max_rooms {
            return false;
        }
        rooms.insert(room.to_owned());
        drop(rooms);
        self.0.hub.join(self, room);
        true
    }

    pub(super) fn exit(&self, room: &str) {
        if self.0.rooms.borrow_mut().remove(room) {
            self.0.hub.leave_room(self, room);
        }
    }

    pub(super) fn take_rooms(&self) -> HashSet<String> {
        self.0.rooms.take()
    }

    pub(super) fn send_text(&self, message: &str) {
        self.0.link.send_text(message);
    }

    /// Queues a frame; a client whose queue is full is disconnected.
    pub(super) fn send(&self, frame: Bytes, volatile: bool) {
        self.0.link.send(frame, volatile);
    }

    /// The server ends the conversation: the client is told not to come back.
    pub(super) fn end(&self, _close: bool) {
        self.send_text("41");
        self.0.link.close(frame::NORMAL, "server disconnect", false);
    }

    /// The connection is gone: leaves rooms at once, presence lists as soon as the store answers.
    pub(super) async fn left(&self) {
        if !self.0.connected.replace(false) {
            return;
        }
        self.0.hub.remove(self);
        for (room, meta) in self.0.tracked.take() {
            let who = Present { id: self.id().to_owned(), meta };
            if let Err(error) = presence::leave(&self.0.sockets, &room, who).await {
                tracing::warn!(room, %error, "presence could not be updated; it is when the store is back");
            }
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
    pub(super) fn acknowledged(&self, id: u64, args: &[&RawValue]) -> bool {
        let Some(Expected { sender, first_only }) = self.0.acks.borrow_mut().remove(&id) else {
            return false;
        };
        let value = |arg: &&RawValue| serde_json::from_str(arg.get()).unwrap_or_default();
        let answer = match args {
            [] => Value::Null,
            [only] => value(only),
            [first, ..] if first_only => value(first),
            many => many.iter().map(value).collect(),
        };
        sender.send(answer).is_ok()
    }

    pub(super) fn cookie(&self) -> Option<String> {
        self.0.cookie.borrow().clone()
    }

    /// Keeps a cookie the app set in answer to a virtual request, for the next ones.
    pub(super) fn set_cookie(&self, name: &str, value: Option<&str>) {
        let mut cookie = self.0.cookie.borrow_mut();
        let others = cookie
            .as_deref()
            .unwrap_or_default()
            .split(';')
            .map(str::trim)
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
        let own = value.map(|value| format!("{name}={value}"));
        let all: Vec<String> = others.map(str::to_owned).chain(own).collect();
        *cookie = (!all.is_empty()).then(|| all.join("; "));
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("id", &self.0.id).finish_non_exhaustive()
    }
}
