//! How a request finds the worker that has its connection: here, on another worker, or in another instance.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::id::{Ids, Place};
use super::peers::Peers;
use super::refusal::Refusal;
use super::session::{Inbound, Sessions};
use super::upgrade;
use super::wire::{Batch, Wire};
use crate::Result;

/// Requests that may wait for one worker.
const CHANNEL: usize = 4_096;

/// A request for the connection `id`.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) ask: Ask,
}

/// Where the answer to a request goes; when nobody waits there any longer, the request is given up.
pub(super) type Answer<T> = oneshot::Sender<std::result::Result<T, Refusal>>;

/// Answers a request; whoever made it may be gone, and what it was given with it.
pub(super) fn reply<T>(answer: Answer<T>, outcome: std::result::Result<T, Refusal>) {
    if answer.send(outcome).is_err() {
        tracing::trace!("a request was given up");
    }
}

/// What a request wants.
#[derive(Debug)]
pub(super) enum Ask {
    /// What waits for the client.
    Poll { wire: Wire, answer: Answer<Batch> },
    /// The client sends something.
    Post { body: Bytes, is_binary: bool, answer: Answer<()> },
    /// The client sent more than it may.
    Overflow,
    /// The client wants a WebSocket instead: what comes from it, and what goes to it.
    Upgrade { from: mpsc::Receiver<Inbound>, to: mpsc::Sender<Bytes>, answer: Answer<()> },
}

/// A worker by its number.
type Channel = (u8, mpsc::Sender<Request>);

/// The way to every connection of the fleet.
pub(in crate::sockets) struct Handover {
    ids: Ids,
    /// The number of an instance without others.
    alone: u16,
    upgrade_timeout: Duration,
    workers: Mutex<Arc<[Channel]>>,
    peers: Option<Peers>,
}

impl Handover {
    /// With `peers` other instances of the fleet are reached.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(in crate::sockets) fn new(ids: Ids, peers: Option<Peers>, upgrade_timeout: Duration) -> Result<Self> {
        Ok(Self { ids, alone: random_node()?, upgrade_timeout, workers: Mutex::new(Arc::from([])), peers })
    }

    /// The number of this instance.
    fn node(&self) -> u16 {
        self.peers.as_ref().map_or(self.alone, Peers::node)
    }

    /// The instances this one passes requests to and takes them from.
    pub(in crate::sockets) fn peers(&self) -> Option<&Peers> {
        self.peers.as_ref()
    }

    /// Brings the request to the worker that has its connection.
    ///
    /// # Errors
    /// When there is none, or it can't be reached.
    pub(super) async fn pass(&self, place: Place, request: Request) -> std::result::Result<(), Refusal> {
        if place.node == self.node() {
            return self.pass_here(place.worker, request).await;
        }
        let peers = self.peers.as_ref().ok_or(Refusal::Session)?;
        peers.pass(place, request).await
    }

    /// Brings a request to a worker of this instance.
    pub(super) async fn pass_here(&self, worker: u8, request: Request) -> std::result::Result<(), Refusal> {
        let channels = Arc::clone(&self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let channel = channels.iter().find(|(number, _)| *number == worker);
        let (_, channel) = channel.ok_or(Refusal::Session)?;
        channel.send(request).await.map_err(|_| Refusal::Session)
    }

    fn enlist(&self, channel: mpsc::Sender<Request>) -> u8 {
        let mut channels = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let living = channels.iter().filter(|(_, channel)| !channel.is_closed()).cloned();
        let living: Vec<Channel> = living.collect();
        let free = (0..=u8::MAX).find(|number| living.iter().all(|(taken, _)| taken != number));
        let number = free.unwrap_or_default();
        *channels = living.into_iter().chain([(number, channel)]).collect();
        number
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("node", &self.node()).finish_non_exhaustive()
    }
}

/// A number for an instance, which with 65,536 of them others rarely have.
pub(super) fn random_node() -> Result<u16> {
    let mut node = [0; 2];
    getrandom::fill(&mut node).map_err(crate::Error::internal)?;
    Ok(u16::from_be_bytes(node))
}

/// A worker's own connections, and the way to those of others.
#[derive(Clone)]
pub(in crate::sockets) struct Desk {
    handover: Arc<Handover>,
    place: Place,
    sessions: Sessions,
}

impl Desk {
    /// Joins the calling thread.
    pub(in crate::sockets) fn start(handover: &Arc<Handover>) -> Self {
        let (channel, mut requests) = mpsc::channel(CHANNEL);
        let worker = handover.enlist(channel);
        let sessions = Sessions::default();
        let desk =
            Self { handover: handover.clone(), place: Place { node: handover.node(), worker }, sessions };
        let (sessions, patience) = (desk.sessions.clone(), handover.upgrade_timeout);
        actix_web::rt::spawn(async move {
            while let Some(request) = requests.recv().await {
                actix_web::rt::spawn(carry_out(sessions.clone(), request, patience));
            }
        });
        desk
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A new id for a connection of this worker.
    pub(super) fn new_id(&self) -> Result<String> {
        self.handover.ids.make(self.place)
    }

    /// What waits for the client of the connection `id`.
    pub(super) async fn poll(&self, id: &str, wire: Wire) -> std::result::Result<Batch, Refusal> {
        match self.elsewhere(id)? {
            None => self.sessions.get(id)?.poll(wire).await,
            Some(place) => self.ask(place, id, |answer| Ask::Poll { wire, answer }).await,
        }
    }

    /// Brings what the client of the connection `id` sends.
    pub(super) async fn post(
        &self,
        id: &str,
        body: Bytes,
        is_binary: bool,
    ) -> std::result::Result<(), Refusal> {
        match self.elsewhere(id)? {
            None => self.sessions.get(id)?.post(body, is_binary).await,
            Some(place) => self.ask(place, id, |answer| Ask::Post { body, is_binary, answer }).await,
        }
    }

    /// The client of the connection `id` sent more than it may.
    pub(super) async fn overflow(&self, id: &str) -> std::result::Result<(), Refusal> {
        match self.elsewhere(id)? {
            None => {
                self.sessions.get(id)?.overflowed();
                Ok(())
            }
            Some(place) => self.handover.pass(place, Request { id: id.to_owned(), ask: Ask::Overflow }).await,
        }
    }

    /// Lets a WebSocket take over the connection `id`.
    pub(super) async fn upgrade(
        &self,
        id: &str,
        from: mpsc::Receiver<Inbound>,
        to: mpsc::Sender<Bytes>,
    ) -> std::result::Result<(), Refusal> {
        let place = self.handover.ids.place(id).ok_or(Refusal::Session)?;
        self.ask(place, id, |answer| Ask::Upgrade { from, to, answer }).await
    }

    /// Where the connection lives, if not on this worker.
    fn elsewhere(&self, id: &str) -> std::result::Result<Option<Place>, Refusal> {
        let place = self.handover.ids.place(id).ok_or(Refusal::Session)?;
        Ok((place != self.place).then_some(place))
    }

    async fn ask<T>(
        &self,
        place: Place,
        id: &str,
        ask: impl FnOnce(Answer<T>) -> Ask,
    ) -> std::result::Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.handover.pass(place, Request { id: id.to_owned(), ask: ask(answer) }).await?;
        // Whoever was to answer is gone, and the connection with it.
        answered.await.unwrap_or(Err(Refusal::Session))
    }
}

/// Does on the connection's own worker what a request wants.
async fn carry_out(sessions: Sessions, request: Request, patience: Duration) {
    let found = sessions.get(&request.id);
    match request.ask {
        Ask::Poll { wire, mut answer } => {
            let session = match found {
                Ok(session) => session,
                Err(refusal) => return reply(answer, Err(refusal)),
            };
            let batch = tokio::select! {
                batch = session.poll(wire) => batch,
                () = answer.closed() => return,
            };
            // Nobody there any longer: the batch goes back to the queue as it is dropped.
            reply(answer, batch);
        }
        Ask::Post { body, is_binary, answer } => {
            let taken = match found {
                Ok(session) => session.post(body, is_binary).await,
                Err(refusal) => Err(refusal),
            };
            reply(answer, taken);
        }
        Ask::Overflow => {
            if let Ok(session) = found {
                session.overflowed();
            }
        }
        Ask::Upgrade { from, to, answer } => match found.map(|session| (session.start_upgrade(), session)) {
            Ok((Some(upgrade), session)) => {
                if answer.send(Ok(())).is_ok() {
                    upgrade::run(&session, upgrade, patience, from, to).await;
                }
            }
            Ok((None, _)) => reply(answer, Err(Refusal::Request)),
            Err(refusal) => reply(answer, Err(refusal)),
        },
    }
}
