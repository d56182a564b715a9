//! What one worker has: the registries of its namespaces, and its connections.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::engine::Link;
use super::registry::{Registry, Selection};
use super::socket::Socket;
use super::{Dispatcher, Sockets};

/// What one worker has: only its thread touches it.
pub(super) struct Hub {
    /// Those with sockets in them, by namespace.
    registries: RefCell<HashMap<Arc<str>, Rc<Registry>>>,
    /// Runs requests through the worker's app layer.
    dispatcher: Dispatcher,
    /// Those of the whole instance.
    all: Sockets,
    next_key: Cell<u64>,
    /// Set when the instance stops: new connections are turned away.
    draining: Cell<bool>,
    /// Every open connection, in a namespace or not.
    connections: RefCell<HashMap<u64, Link>>,
}

impl Hub {
    pub(super) fn new(dispatcher: Dispatcher, all: Sockets) -> Self {
        Self {
            registries: RefCell::default(),
            dispatcher,
            all,
            next_key: Cell::new(0),
            draining: Cell::new(false),
            connections: RefCell::default(),
        }
    }

    pub(super) fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    pub(super) fn key(&self) -> u64 {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        key
    }

    /// The registry of `namespace`, when it has sockets here.
    pub(super) fn registry(&self, namespace: &str) -> Option<Rc<Registry>> {
        self.registries.borrow().get(namespace).cloned()
    }

    /// All of them with their namespaces.
    pub(super) fn registries(&self) -> Vec<(Arc<str>, Rc<Registry>)> {
        self.registries.borrow().iter().map(|(name, registry)| (name.clone(), registry.clone())).collect()
    }

    /// Every socket that has entered a namespace.
    pub(super) fn sockets(&self) -> Vec<Socket> {
        let everybody = Selection { rooms: &[], except: &[] };
        self.registries.borrow().values().flat_map(|registry| registry.select(everybody)).collect()
    }

    /// The registry of `namespace` for a socket about to enter.
    pub(super) fn open(&self, namespace: &Arc<str>) -> Rc<Registry> {
        let mut registries = self.registries.borrow_mut();
        let registry = registries.entry(namespace.clone()).or_insert_with(|| {
            let place = self.all.namespaces().place(namespace).unwrap_or_default();
            Rc::new(Registry::new(self.all.figures().clone(), place))
        });
        registry.clone()
    }

    /// Forgets the registry of `namespace` once nobody is there.
    pub(super) fn tidy(&self, namespace: &str) {
        let mut registries = self.registries.borrow_mut();
        if registries.get(namespace).is_some_and(|registry| registry.is_empty()) {
            registries.remove(namespace);
        }
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

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("connections", &self.connections.borrow().len()).finish_non_exhaustive()
    }
}
