//! Instances on their own, each with its line to one Redis, and the clients that listen to them.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use regatta_tests::http::{Http, wait_ready};
use regatta_tests::ports;
use regatta_tests::process::{Process, Signal};
use regatta_tests::proxy::Proxy;
use regatta_tests::redis::Redis;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::wire::{Frame, Outgoing};
use regatta_tests::workdir::Workdir;
use serde_json::{Value, json};

use super::history::{Heard, History, Times, Verdict};
use crate::dialogue::command;

/// Time between two numbers of an instance, in ms.
const PACE: u64 = 50;
/// Clients of each instance: its workers take turns with them.
const CLIENTS: usize = 2;
const NAMES: [&str; 3] = ["a", "b", "c"];
/// How long healing may take.
const HEALED: Duration = Duration::from_secs(30);

pub(super) struct Fleet {
    pub(super) nodes: Vec<Node>,
    clients: Vec<Client>,
    pub(super) redis: Redis,
}

/// An instance.
pub(super) struct Node {
    pub(super) proxy: Proxy,
    name: &'static str,
    starts: u32,
    port: u16,
    process: Option<Process>,
    folder: Workdir,
}

struct Client {
    history: Arc<Mutex<History>>,
    _outgoing: Outgoing,
}

impl Fleet {
    /// All of it, with every instance saying its numbers.
    pub(super) fn new() -> Self {
        let redis = Redis::new();
        let nodes = NAMES.map(|name| Node {
            proxy: Proxy::to(redis.port()),
            name,
            starts: 0,
            port: ports::free(),
            process: None,
            folder: Workdir::new(),
        });
        let mut fleet = Self { nodes: nodes.into(), clients: Vec::new(), redis };
        for at in 0..NAMES.len() {
            fleet.nodes[at].launch();
            fleet.connect(at, true);
        }
        fleet.nodes.iter().for_each(Node::tick);
        fleet
    }

    /// Starts an instance that ended, with new clients.
    pub(super) fn start(&mut self, at: usize) {
        self.nodes[at].launch();
        self.connect(at, false);
        self.nodes[at].tick();
    }

    /// Ends an instance and waits until it is gone.
    pub(super) fn end(&mut self, at: usize, signal: Signal) {
        if let Some(process) = self.nodes[at].process.take() {
            process.signal(signal);
            process.wait_for_exit(SOON);
        }
    }

    pub(super) fn signal(&self, at: usize, signal: Signal) {
        if let Some(process) = &self.nodes[at].process {
            process.signal(signal);
        }
    }

    /// Waits until every client has got a number that every instance said after `moment`; when the last of them came.
    #[track_caller]
    pub(super) fn wait_heard(&self, moment: Times) -> Times {
        let senders: Vec<_> = self.nodes.iter().map(Node::full_name).collect();
        wait::until("everybody hears everybody", HEALED, || {
            let histories = self.histories();
            let open = histories.iter().filter(|history| !history.is_closed);
            let firsts = open.flat_map(|history| senders.iter().map(|from| history.has_since(from, moment)));
            firsts.collect::<Option<Vec<_>>>()?.into_iter().max()
        })
    }

    /// Ends the numbers and waits until none is under way.
    pub(super) fn be_quiet(&self) {
        for node in &self.nodes {
            node.ask(&json!({}));
        }
        let mut before = 0;
        wait::until_true("the last numbers arrive", SOON, || {
            thread::sleep(Duration::from_millis(500));
            let now = self.histories().iter().map(|history| history.heard.len()).sum();
            std::mem::replace(&mut before, now) == now
        });
    }

    pub(super) fn verdict(&self, began: Times, healed: Times, stops: impl Fn(usize) -> bool) -> Verdict {
        Verdict::of(&self.histories(), began, healed, stops)
    }

    fn histories(&self) -> Vec<History> {
        let lock = |client: &Client| client.history.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.clients.iter().map(lock).collect()
    }

    fn connect(&mut self, at: usize, from_the_start: bool) {
        let own = self.nodes[at].full_name();
        let history = History { node: at, own, from_the_start, ..History::default() };
        for _ in 0..CLIENTS {
            self.clients.push(Client::connect(&self.nodes[at].base(), history.clone()));
        }
    }
}

impl Node {
    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its name in the numbers.
    fn full_name(&self) -> String {
        format!("{}{}", self.name, self.starts)
    }

    fn launch(&mut self) {
        self.starts += 1;
        let redis = format!("redis://127.0.0.1:{}", self.proxy.port());
        let port = self.port.to_string();
        let variables = [("REDIS_URL", &*redis), ("PORT", &*port), ("REGATTA__HTTP__WORKERS", "2")];
        let mut command = command(&json!({}), &variables);
        let process = Process::start(&self.full_name(), &mut command, self.folder.path());
        wait_ready(&self.base(), START);
        self.process = Some(process);
    }

    fn tick(&self) {
        self.ask(&json!({ "from": self.full_name(), "every": PACE }));
    }

    fn ask(&self, what: &Value) {
        assert_eq!(Http::new(&self.base()).post_json("/__tick", what).status, 200);
    }
}

impl Client {
    fn connect(base: &str, history: History) -> Self {
        let wire = Socket::open(base, &[]).expect("a connection");
        wire.send("40");
        let entered = |frame: Frame| matches!(frame, Frame::Text(text) if text.starts_with("40"));
        wait::until("the namespace is entered", SOON, || {
            wire.next(Duration::ZERO).filter(|frame| entered(frame.clone()))
        });
        let (outgoing, incoming) = wire.split();
        let history = Arc::new(Mutex::new(history));
        let own = history.clone();
        thread::spawn(move || {
            for frame in incoming {
                own.lock().unwrap_or_else(PoisonError::into_inner).enter(&frame);
            }
        });
        Self { history, _outgoing: outgoing }
    }
}

impl History {
    fn enter(&mut self, frame: &Frame) {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Closed(_) => {
                self.is_closed = true;
                return;
            }
            Frame::Binary(_) => return,
        };
        let event = text.strip_prefix("42").and_then(|event| serde_json::from_str::<Value>(event).ok());
        let Some(event) = event else { return };
        let data = &event[1];
        match event[0].as_str() {
            Some("tick") => self.heard.push(Heard {
                from: data["from"].as_str().unwrap_or_default().to_owned(),
                n: data["n"].as_u64().unwrap_or_default(),
                said: Times::at(data["at"].as_u64().unwrap_or_default()),
                at: Times::now(),
            }),
            Some("regatta:missed") => self.told.push(data["count"].as_u64()),
            _ => {}
        }
    }
}
