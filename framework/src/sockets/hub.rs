//! The sockets of one worker and the rooms they are in.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::engine::Link;
use super::socket::Socket;

type Members = HashMap<u64, Socket>;

/// The registry of one worker: only its thread touches it.
#[derive(Debug, Default)]
pub(super) struct Hub {
    /// Every socket in the namespace.
    sockets: RefCell<Members>,
    rooms: RefCell<HashMap<String, Members>>,
    next_key: Cell<u64>,
    /// Set when the instance stops: new connections are turned away.
    draining: Cell<bool>,
    /// Every open connection, in the namespace or not.
    connections: RefCell<HashMap<u64, Link>>,
}

/// Whom something is for: the union of `rooms` (every socket when empty) without the members of `except`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) rooms: &'a [String],
    pub(super) except: &'a [String],
}

impl Hub {
    pub(super) fn key(&self) -> u64 {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        key
    }

    pub(super) fn add(&self, socket: &Socket) {
        self.sockets.borrow_mut().insert(socket.key(), socket.clone());
    }

    /// Takes the socket out of the namespace and all its rooms.
    pub(super) fn remove(&self, socket: &Socket) {
        self.sockets.borrow_mut().remove(&socket.key());
        for room in socket.take_rooms() {
            self.leave_room(socket, &room);
        }
    }

    pub(super) fn join(&self, socket: &Socket, room: &str) {
        let mut rooms = self.rooms.borrow_mut();
        match rooms.get_mut(room) {
            Some(members) => {
                members.insert(socket.key(), socket.clone());
            }
            None => {
                rooms.insert(room.to_owned(), HashMap::from([(socket.key(), socket.clone())]));
            }
        }
    }

    pub(super) fn leave_room(&self, socket: &Socket, room: &str) {
        let mut rooms = self.rooms.borrow_mut();
        if let Some(members) = rooms.get_mut(room) {
            members.remove(&socket.key());
            if members.is_empty() {
                rooms.remove(room);
            }
        }
    }

    /// Queues `frame` for every selected socket.
    pub(super) fn deliver(&self, frame: &Bytes, selection: Selection<'_>, volatile: bool) {
        for socket in self.select(selection) {
            socket.send(frame.clone(), volatile);
        }
    }

    /// The selected sockets, each once.
    pub(super) fn select(&self, selection: Selection<'_>) -> Vec<Socket> {
        let allowed = |socket: &&Socket| !selection.except.iter().any(|room| socket.is_in(room));
        let rooms = self.rooms.borrow();
        match selection.rooms {
            [] => self.sockets.borrow().values().filter(allowed).cloned().collect(),
            [room] => rooms
                .get(room)
                .map_or_else(Vec::new, |members| members.values().filter(allowed).cloned().collect()),
            many => {
                let mut seen = HashSet::new();
                let members = many.iter().filter_map(|room| rooms.get(room)).flat_map(HashMap::values);
                members.filter(|socket| seen.insert(socket.key())).filter(allowed).cloned().collect()
            }
        }
    }

    /// The rooms that have members, the sockets' own among them.
    pub(super) fn rooms(&self) -> Vec<String> {
        self.rooms.borrow().keys().cloned().collect()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    pub(super) fn start_draining(&self) {
        self.draining.set(true);
    }

    pub(super) fn opened(&self, link: &Link) {
        self.connections.borrow_mut().insert(link.key(), link.clone());
    }

    pub(super) fn closed(&self, link: &Link) {
        self.connections.borrow_mut().remove(&link.key());
    }

    pub(super) fn connections(&self) -> Vec<Link> {
        self.connections.borrow().values().cloned().collect()
    }
}
