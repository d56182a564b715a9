//! A connection as requests that name it find it: what waits for it, and what it has sent.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::outbox::Outbox;
use super::refusal::Refusal;
use super::wire::{Batch, Wire};
use super::{Link, frame};
use crate::protocol::engine::Revision;
use crate::protocol::payload::{Unit, v3, v4};

/// Messages that may wait for a connection's task.
pub(super) const INBOX: usize = 64;

/// How long the last packets of a connection are kept for a client that polls, and how often that is looked at.
const LINGER: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// How long a client that asks again waits until it is known what became of the last answer.
const NEWS: Duration = Duration::from_secs(1);

/// How long a second poll waits for the end of the first, and how often that is looked at.
const NEWS_OF_END: Duration = Duration::from_millis(50);
const LOOK_SOON: Duration = Duration::from_millis(5);

/// Packets of one answer: python-engineio refuses more.
const BATCH: usize = 16;

/// Packets one body may have.
const MAX_PACKETS: usize = 10_000;

/// Something that arrived for a connection.
#[derive(Debug)]
pub(super) enum Inbound {
    Text(ByteString),
    Binary(Bytes),
    /// A WebSocket's own heartbeat.
    Ping(Bytes),
    /// The client closed its WebSocket, with this code if it said one.
    Close(Option<u16>),
    /// A message was larger than the server accepts.
    TooBig,
    /// The client broke the protocol of its transport.
    Broken,
}

/// How a client and the server reach each other now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Polling,
    /// Polling, with a WebSocket that is about to take over.
    Upgrading,
    WebSocket,
}

/// A connection of this worker.
#[derive(Clone)]
pub(super) struct Session(Rc<Inner>);

struct Inner {
    link: Link,
    outbox: Outbox,
    inbox: Option<mpsc::Sender<Inbound>>,
    transport: Cell<Transport>,
    /// Whether the client takes binary data as text only.
    base64: Cell<bool>,
    /// Whether a request waits for what is sent to the client.
    is_polled: Cell<bool>,
    /// Whether a request brings what the client sends.
    is_posted: Cell<bool>,
    /// Ends the request that waits.
    flush: Notify,
    /// What the last answer held, until it is known to have arrived.
    unconfirmed: RefCell<VecDeque<Bytes>>,
    /// How many answers there were.
    answers: Cell<u64>,
    /// Whether nobody knows yet what became of the last one.
    is_open: Cell<bool>,
    /// Tells that somebody does.
    known: Notify,
}

/// The connections of a worker, by their ids.
#[derive(Clone, Default)]
pub(super) struct Sessions(Rc<RefCell<HashMap<String, Session>>>);

impl Sessions {
    pub(super) fn add(&self, session: &Session) {
        self.0.borrow_mut().insert(session.0.link.id().to_owned(), session.clone());
    }

    pub(super) fn remove(&self, id: &str) {
        self.0.borrow_mut().remove(id);
    }

    pub(super) fn get(&self, id: &str) -> Result<Session, Refusal> {
        self.0.borrow().get(id).cloned().ok_or(Refusal::Session)
    }
}

impl Session {
    /// A connection; one that begins with polling has an inbox for what requests bring.
    pub(super) fn new(link: Link, outbox: Outbox, inbox: Option<mpsc::Sender<Inbound>>) -> Self {
        let is_polling = inbox.is_some();
        let transport = Cell::new(if is_polling { Transport::Polling } else { Transport::WebSocket });
        outbox.set_polled(is_polling);
        Self(Rc::new(Inner {
            link,
            outbox,
            inbox,
            transport,
            base64: Cell::new(false),
            is_polled: Cell::new(false),
            is_posted: Cell::new(false),
            flush: Notify::new(),
            unconfirmed: RefCell::default(),
            answers: Cell::new(0),
            is_open: Cell::new(false),
            known: Notify::new(),
        }))
    }

    /// What waits for the client, as soon as there is something.
    ///
    /// # Errors
    /// When the client has left polling, or asks twice at the same time: then the connection ends.
    pub(super) async fn poll(&self, wire: Wire) -> Result<Batch, Refusal> {
        if self.0.transport.get() == Transport::WebSocket {
            return Err(Refusal::Request);
        }
        let Some(_busy) = self.poll_alone().await else { return Err(self.overlapped()) };
        self.last_answer().await;
        let frames = tokio::select! {
            biased;
            frames = self.0.outbox.next(BATCH) => frames,
            () = self.0.flush.notified() => {
                // A client that has changed does not poll any longer.
                if self.0.transport.get() == Transport::WebSocket {
                    return Err(Refusal::Request);
                }
                VecDeque::from([frame::text("6")])
            }
        };
        self.0.base64.set(self.0.base64.get() || wire.base64);
        let wire = Wire { base64: self.0.base64.get() };
        let (body, is_binary) = wire.encode(self.0.link.revision(), &frames);
        let number = self.0.answers.get() + 1;
        self.0.answers.set(number);
        self.0.unconfirmed.replace(frames);
        self.0.is_open.set(true);
        let (delivered, confirmed) = oneshot::channel();
        let session = self.clone();
        actix_web::rt::spawn(async move {
            let arrived = confirmed.await.is_ok();
            if session.0.answers.get() != number {
                return;
            }
            if !arrived {
                session.0.outbox.restore(session.0.unconfirmed.take());
            }
            session.0.is_open.set(false);
            session.0.known.notify_waiters();
        });
        Ok(Batch { body, is_binary, delivered })
    }

    /// The only poll; nothing when there is another one, which did not end with its instance just now.
    async fn poll_alone(&self) -> Option<Busy<'_>> {
        let looks = NEWS_OF_END.as_millis() / LOOK_SOON.as_millis();
        for _ in 0..looks {
            if let Some(busy) = Busy::start(&self.0.is_polled) {
                return Some(busy);
            }
            sleep(LOOK_SOON).await;
        }
        Busy::start(&self.0.is_polled)
    }

    /// Returns when it is known what became of the last answer: a balancer that asks again for one that was lost with
    /// another instance may be faster than the news of that. Who asks again after longer has got it.
    async fn last_answer(&self) {
        let known = async {
            while self.0.is_open.get() {
                self.0.known.notified().await;
            }
        };
        let _ = timeout(NEWS, known).await;
        self.0.unconfirmed.take();
    }

    /// Takes what the client sends.
    ///
    /// # Errors
    /// When the client has left polling, sends twice at the same time, or what makes no sense: then the
    /// connection ends.
    pub(super) async fn post(&self, body: Bytes, is_binary: bool) -> Result<(), Refusal> {
        if self.0.transport.get() == Transport::WebSocket {
            return Err(Refusal::Request);
        }
        let Some(_busy) = Busy::start(&self.0.is_posted) else { return Err(self.overlapped()) };
        let units = match (self.0.link.revision(), is_binary) {
            (Revision::V4, false) => v4::decode(body, MAX_PACKETS).ok(),
            (Revision::V4, true) => None,
            (Revision::V3, false) => v3::decode_text(body, MAX_PACKETS).ok(),
            (Revision::V3, true) => v3::decode_bytes(body, MAX_PACKETS).ok(),
        };
        let Some(units) = units else {
            self.0.link.close(frame::PROTOCOL_ERROR, "parse error", false);
            return Err(Refusal::Request);
        };
        for unit in units {
            let message = match unit {
                Unit::Text(text) => Inbound::Text(text),
                Unit::Binary(data) => Inbound::Binary(data),
            };
            if !self.bring(message).await {
                break;
            }
        }
        Ok(())
    }

    /// The body of a request was too large.
    pub(super) fn overflowed(&self) {
        self.0.link.close(frame::TOO_BIG, "message too large", false);
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    /// Gives the connection what a request or another WebSocket brought; whether it took it.
    pub(super) async fn bring(&self, message: Inbound) -> bool {
        match &self.0.inbox {
            Some(inbox) => inbox.send(message).await.is_ok(),
            None => false,
        }
    }

    /// Returns when a client that polls has fetched what was left for it, or has not come for it in time.
    pub(super) async fn fetched(&self) {
        let ended = Instant::now();
        while self.0.transport.get() == Transport::Polling
            && self.0.outbox.has_messages()
            && ended.elapsed() < LINGER
        {
            sleep(LOOK).await;
        }
    }

    /// Begins to change to a WebSocket; nothing when that has happened, or is under way.
    pub(super) fn start_upgrade(&self) -> Option<Upgrade> {
        (self.0.transport.get() == Transport::Polling).then(|| {
            self.0.transport.set(Transport::Upgrading);
            Upgrade(self.clone())
        })
    }

    fn overlapped(&self) -> Refusal {
        self.0.link.close(frame::PROTOCOL_ERROR, "transport error", false);
        Refusal::Request
    }
}

/// A change of transport; without [`Upgrade::finish`] the client stays with polling.
pub(super) struct Upgrade(Session);

impl Upgrade {
    /// Ends the request that waits for something to send, so that the client can leave polling.
    pub(super) fn flush(&self) {
        if self.0.0.is_polled.get() {
            self.0.0.flush.notify_waiters();
        }
    }

    pub(super) fn finish(self) {
        self.0.0.transport.set(Transport::WebSocket);
        self.0.0.outbox.set_polled(false);
        self.flush();
    }
}

impl Drop for Upgrade {
    fn drop(&mut self) {
        if self.0.0.transport.get() == Transport::Upgrading {
            self.0.0.transport.set(Transport::Polling);
        }
    }
}

/// A request of a kind that a connection has one of at a time.
struct Busy<'a>(&'a Cell<bool>);

impl<'a> Busy<'a> {
    fn start(flag: &'a Cell<bool>) -> Option<Self> {
        (!flag.replace(true)).then(|| Self(flag))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
