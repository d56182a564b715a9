//! The sockets of one worker in one namespace, and the rooms they are in.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::figures::Figures;
use super::frames::Frames;
use super::socket::Socket;

type Members = HashMap<u64, Socket>;

/// The registry of one namespace on one worker: only its thread touches it.
#[derive(Debug)]
pub(super) struct Registry {
    /// Every socket in the namespace.
    sockets: RefCell<Members>,
    rooms: RefCell<HashMap<String, Members>>,
    figures: Arc<Figures>,
    /// The place of the namespace in the figures.
    place: usize,
}

/// Whom something is for: the union of `rooms` (every socket when empty) without the members of `except`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) rooms: &'a [String],
    pub(super) except: &'a [String],
}

impl Registry {
    pub(super) fn new(figures: Arc<Figures>, place: usize) -> Self {
        Self { sockets: RefCell::default(), rooms: RefCell::default(), figures, place }
    }

    pub(super) fn add(&self, socket: &Socket) {
        self.sockets.borrow_mut().insert(socket.key(), socket.clone());
        if let Some(connected) = self.figures.connected.get(self.place) {
            connected.up();
        }
    }

    /// Takes the socket out of the namespace and all its rooms.
    pub(super) fn remove(&self, socket: &Socket) {
        let removed = self.sockets.borrow_mut().remove(&socket.key());
        if let (Some(_), Some(connected)) = (removed, self.figures.connected.get(self.place)) {
            connected.down();
        }
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
                self.figures.rooms.up();
            }
        }
    }

    pub(super) fn leave_room(&self, socket: &Socket, room: &str) {
        let mut rooms = self.rooms.borrow_mut();
        if let Some(members) = rooms.get_mut(room) {
            members.remove(&socket.key());
            if members.is_empty() {
                rooms.remove(room);
                self.figures.rooms.down();
            }
        }
    }

    /// Queues a packet for every selected socket.
    pub(super) fn deliver(&self, frames: &Frames, selection: Selection<'_>, volatile: bool) {
        // Queueing leaves the rooms as they are: whoever reads too slowly leaves them later.
        if let [room] = selection.rooms {
            let rooms = self.rooms.borrow();
            let mut sent = 0;
            for socket in rooms.get(room).into_iter().flat_map(HashMap::values) {
                if !selection.except.iter().any(|room| socket.is_in(room)) {
                    socket.send_frames(frames, volatile);
                    sent += 1;
                }
            }
            self.figures.sent.add(sent);
            return;
        }
        let selected = self.select(selection);
        selected.iter().for_each(|socket| socket.send_frames(frames, volatile));
        self.figures.sent.add(selected.len() as u64);
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

    pub(super) fn is_empty(&self) -> bool {
        self.sockets.borrow().is_empty()
    }
}
