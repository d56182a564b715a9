//! What is counted about sockets.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Sockets;
use crate::metrics::{Counter, Gauge, Kind, Page};

/// The figures of one instance's sockets, of all workers.
#[derive(Debug)]
pub(super) struct Figures {
    /// How many there are, by the place of their namespace.
    pub(super) connected: Vec<Gauge>,
    /// Rooms with members, on each worker, those of the sockets' own ids among them.
    pub(super) rooms: Gauge,
    /// Events of clients.
    pub(super) received: Counter,
    /// Events for clients, each for every one that gets it.
    pub(super) sent: Counter,
    /// Connections that have ended, by why.
    ended: Mutex<BTreeMap<&'static str, u64>>,
}

impl Figures {
    /// For an app with so many namespaces.
    pub(super) fn new(namespaces: usize) -> Self {
        Self {
            connected: (0..namespaces).map(|_| Gauge::default()).collect(),
            rooms: Gauge::default(),
            received: Counter::default(),
            sent: Counter::default(),
            ended: Mutex::default(),
        }
    }

    /// A connection has ended.
    pub(super) fn ended(&self, reason: &'static str) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }
}

impl Sockets {
    /// Writes the figures of the sockets and of the bus between instances.
    pub(crate) fn report(&self, page: &mut Page) {
        let figures = self.figures();
        let mut connected = page.family(
            Kind::Gauge,
            "regatta_sockets_connected",
            "Sockets in each namespace, or pattern of namespaces.",
        );
        let mut all = 0;
        for (name, count) in self.namespaces().patterns().zip(&figures.connected) {
            connected.sample(&[("namespace", name)], count.get());
            all += count.get();
        }
        let open = self.workers().open();
        page.gauge("regatta_socket_connections", "Open connections, in a namespace or not.", open);
        let rooms = figures.rooms.get().saturating_sub(all);
        let help = "Rooms with members, on each worker that has any, without those of the sockets' own ids.";
        page.gauge("regatta_socket_rooms", help, rooms);
        let help = "Events and virtual requests of clients.";
        page.counter("regatta_socket_events_received_total", help, figures.received.get());
        let help = "Events for clients, each for every client that gets it.";
        page.counter("regatta_socket_events_sent_total", help, figures.sent.get());
        let ended = figures.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut endings = page.family(
            Kind::Counter,
            "regatta_socket_endings_total",
            "Connections that have ended, by the reason.",
        );
        // There before it happens: what is looked at most is how much it rises.
        let slow = [("slow consumer", 0)];
        for (reason, count) in slow.into_iter().chain(ended).collect::<BTreeMap<_, _>>() {
            endings.sample(&[("reason", reason)], count);
        }
        self.bus().report(page);
    }
}
