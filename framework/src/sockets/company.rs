//! What the sockets of one connection have in common.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header;

use super::engine::Link;
use super::socket::Socket;
use crate::sessions::Sessions;

/// What the sockets of one connection have in common.
#[derive(Debug)]
pub(super) struct Company {
    /// Its places by namespace.
    places: RefCell<HashMap<Arc<str>, Place>>,
    /// The `Cookie` header of their virtual requests: the handshake's, with what the app set since.
    cookie: RefCell<Option<String>>,
    /// The session that cookie names, by the hash of its id.
    session: RefCell<Option<String>>,
    sessions: Sessions,
}

/// A connection's place in a namespace.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The app is asked whether the socket may enter.
    Asked(Socket),
    Taken(Socket),
    /// The server ended it; what the client sends before it knows is passed over.
    Ended,
}

impl Company {
    pub(super) fn new(link: &Link, sessions: Sessions) -> Self {
        let cookie = link.handshake().header(&header::COOKIE);
        let cookie = cookie.as_ref().and_then(|value| value.to_str().ok());
        let session = RefCell::new(cookie.and_then(|cookie| sessions.key_in(cookie)));
        Self {
            places: RefCell::default(),
            cookie: RefCell::new(cookie.map(str::to_owned)),
            session,
            sessions,
        }
    }

    pub(super) fn get(&self, namespace: &str) -> Option<Place> {
        self.places.borrow().get(namespace).cloned()
    }

    pub(super) fn put(&self, namespace: Arc<str>, place: Place) {
        self.places.borrow_mut().insert(namespace, place);
    }

    pub(super) fn remove(&self, namespace: &str) {
        self.places.borrow_mut().remove(namespace);
    }

    /// The sockets, in a namespace or about to enter it.
    pub(super) fn sockets(&self) -> Vec<Socket> {
        let places = self.places.borrow();
        let socket = |place: &Place| match place {
            Place::Asked(socket) | Place::Taken(socket) => Some(socket.clone()),
            Place::Ended => None,
        };
        places.values().filter_map(socket).collect()
    }

    /// Takes all sockets out.
    pub(super) fn take(&self) -> Vec<Socket> {
        let sockets = self.sockets();
        self.places.take();
        sockets
    }

    /// Whether there is room for another socket beside fewer than `max`.
    pub(super) fn has_room(&self, max: usize) -> bool {
        let mut places = self.places.borrow_mut();
        if places.len() >= max {
            places.retain(|_, place| !matches!(place, Place::Ended));
        }
        places.len() < max
    }

    /// Whether a socket is in its namespace.
    pub(super) fn has_entered(&self) -> bool {
        self.places.borrow().values().any(|place| matches!(place, Place::Taken(_)))
    }

    pub(super) fn cookie(&self) -> Option<String> {
        self.cookie.borrow().clone()
    }

    /// The session its sockets belong to, by the hash of its id.
    pub(super) fn session(&self) -> Option<String> {
        self.session.borrow().clone()
    }

    pub(super) fn is_of(&self, ended: &[String]) -> bool {
        self.session.borrow().as_ref().is_some_and(|session| ended.contains(session))
    }

    /// Keeps a cookie the app set in answer to a virtual request, for the next ones.
    pub(super) fn set_cookie(&self, name: &str, value: Option<&str>) {
        let mut cookie = self.cookie.borrow_mut();
        let others = cookie
            .as_deref()
            .unwrap_or_default()
            .split(';')
            .map(str::trim)
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
        let own = value.map(|value| format!("{name}={value}"));
        let all: Vec<String> = others.map(str::to_owned).chain(own).collect();
        *cookie = (!all.is_empty()).then(|| all.join("; "));
        if name == self.sessions.cookie_name() {
            *self.session.borrow_mut() = cookie.as_deref().and_then(|cookie| self.sessions.key_in(cookie));
        }
    }
}
