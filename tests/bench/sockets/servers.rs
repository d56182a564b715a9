//! The servers that are compared: each speaks Socket.IO and knows the same three events.

use std::net::SocketAddr;
use std::process::Command;

use regatta_tests::workdir::repository;

use crate::app::Bench;
use crate::cores::Cores;
use crate::side::{Services, Side};

/// A way to serve sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scaffolded,
    HandWritten,
    Socketioxide,
    Node,
}

impl Kind {
    /// All, the one first with which the others are compared.
    pub(super) const ALL: [Self; 4] = [Self::Scaffolded, Self::HandWritten, Self::Socketioxide, Self::Node];

    /// How the tables call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Scaffolded => "scaffolded app",
            Self::HandWritten => "hand-written on actix-ws",
            Self::Socketioxide => "socketioxide on axum",
            Self::Node => "Socket.IO on Node.js",
        }
    }
}

/// What servers are made of.
#[derive(Debug)]
pub(super) struct Yard<'a> {
    pub(super) bench: &'a Bench,
    pub(super) services: &'a Services,
    pub(super) cores: &'a Cores,
}

/// Processes of one kind, over Redis when there are several.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) kind: Kind,
    pub(super) sides: Vec<Side>,
}

impl Yard<'_> {
    /// One fleet of every kind.
    pub(super) fn fleets(&self, processes: usize) -> Vec<Fleet> {
        Kind::ALL.into_iter().map(|kind| self.fleet(kind, processes)).collect()
    }

    /// Starts `processes` of a kind.
    pub(super) fn fleet(&self, kind: Kind, processes: usize) -> Fleet {
        let redis = (processes > 1).then_some(self.services.redis.as_str());
        let start = |_| self.cores.server(|| self.start(kind, redis));
        Fleet { kind, sides: (0..processes).map(start).collect() }
    }

    fn start(&self, kind: Kind, redis: Option<&str>) -> Side {
        match kind {
            Kind::Scaffolded if redis.is_some() => self.bench.lift(self.services),
            Kind::Scaffolded => self.bench.lift_alone(self.services),
            Kind::HandWritten => Side::own(kind.name(), "raw-sockets", redis),
            Kind::Socketioxide => Side::own(kind.name(), "socketioxide", redis),
            Kind::Node => {
                let clients = repository().join("tests/clients");
                assert!(
                    clients.join("node_modules").is_dir(),
                    "packages are missing: npm ci --prefix {}",
                    clients.display()
                );
                let mut node = Command::new("node");
                node.arg(clients.join("bench-server.mjs"));
                Side::start(kind.name(), node, redis)
            }
        }
    }
}

impl Fleet {
    /// Where they listen.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.sides.iter().map(Side::address).collect()
    }
}
