//! What the whole fleet is asked: who its sockets are, which rooms it has, and what clients acknowledge.
//!
//! An instance that does not answer in time does not spoil the answers of the others: they come with how many
//! were asked and how many answered. Node servers on `@socket.io/redis-adapter` ask and answer alike.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::args::{Payload, Said};
use super::frames::Frames;
use super::registry::{Registry, Selection};
use super::socket::Socket;
use super::{Broadcast, Sockets};
use crate::bus::{Answers, Message, Question, Reply};
use crate::protocol::event::Event;
use crate::{Error, Result};

/// How long the other instances may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A socket of any instance.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RemoteSocket {
    /// Its id.
    pub id: String,
    /// The rooms it is in, its own among them.
    pub rooms: Vec<String>,
    /// What it sent when it connected: `headers`, `query`, `auth` and more.
    pub handshake: Value,
    /// What its server says about it.
    pub data: Value,
}

/// What the instances of a fleet answered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fleet<T> {
    /// All answers together.
    pub found: Vec<T>,
    /// How many other instances were asked.
    pub asked: u64,
    /// How many of them answered in time.
    pub answered: u64,
}

impl<T> Fleet<T> {
    /// Whether everybody answered.
    pub fn is_whole(&self) -> bool {
        self.asked == self.answered
    }
}

impl Broadcast {
    /// The sockets themselves, of all instances.
    ///
    /// # Errors
    /// 503 when the other instances can't be reached.
    pub async fn fetch_sockets(self) -> Result<Fleet<RemoteSocket>> {
        let (sockets, local, patience) = (self.sockets.clone(), self.local, self.patience);
        let (rooms, except) = (self.rooms.clone(), self.except.clone());
        let own = sockets.workers().collect(&sockets.namespace, &rooms, &except, described).await;
        let mut found: Vec<_> = own.into_iter().flatten().filter_map(read).collect();
        let (mut asked, mut answered) = (0, 0);
        if !local {
            let answers = sockets.bus().ask(sockets.namespace(), Question::Fetch { rooms, except }).await?;
            asked = answers.others;
            answered = gather(answers, patience, |reply| match reply {
                Reply::Fetched(others) => {
                    found.extend(others.into_iter().filter_map(read));
                    true
                }
                _ => false,
            })
            .await;
        }
        Ok(Fleet { found, asked, answered })
    }

    /// Emits an event that every socket shall acknowledge within `timeout`; the first argument
    /// of each acknowledgement that came in time is the answer. `asked` and `answered` count sockets.
    ///
    /// # Errors
    /// When `data` can't be written as JSON; 503 when the other instances can't be reached.
    pub async fn emit_with_ack(
        self,
        event: &str,
        data: impl Payload,
        timeout: Duration,
    ) -> Result<Fleet<Value>> {
        let deadline = Instant::now() + timeout;
        let Said(args) = data.said(event)?;
        let (rooms, except) = (self.rooms.clone(), self.except.clone());
        let mut others = if self.local {
            None
        } else {
            let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            let question = Question::Broadcast {
                data: args.clone(),
                rooms: rooms.clone(),
                except: except.clone(),
                timeout,
            };
            Some(self.sockets.bus().ask(self.sockets.namespace(), question).await?)
        };
        let (mut asked, mut own) = self.sockets.ask_own(&rooms, &except, &args).await?;
        let mut silent = others.as_ref().map_or(0, |answers| answers.others);
        let mut found = Vec::new();
        loop {
            if silent == 0 && u64::try_from(found.len()).is_ok_and(|found| found >= asked) {
                break;
            }
            let foreign = async {
                match &mut others {
                    Some(answers) => answers.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(value) = own.recv() => found.push(value),
                Some(reply) = foreign => match reply {
                    Reply::Clients(count) => {
                        asked += count;
                        silent = silent.saturating_sub(1);
                    }
                    Reply::Acknowledged(value) => found.push(value),
                    _ => {}
                },
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        let answered = u64::try_from(found.len()).unwrap_or(u64::MAX);
        Ok(Fleet { found, asked, answered })
    }
}

impl Sockets {
    /// The rooms that have members, on all instances; a socket's own room is one of them.
    ///
    /// # Errors
    /// 503 when the other instances can't be reached.
    pub async fn rooms(&self) -> Result<Fleet<String>> {
        let own = self.workers().collect(&self.namespace, &[], &[], |registry, _| registry.rooms()).await;
        let mut found: BTreeSet<_> = own.into_iter().flatten().collect();
        let answers = self.bus().ask(&self.namespace, Question::Rooms).await?;
        let asked = answers.others;
        let answered = gather(answers, PATIENCE, |reply| match reply {
            Reply::Rooms(rooms) => {
                found.extend(rooms);
                true
            }
            _ => false,
        })
        .await;
        Ok(Fleet { found: found.into_iter().collect(), asked, answered })
    }

    /// Returns when everything this instance has asked for before, of rooms and sockets, is done on all others too. Node
    /// servers in the fleet don't say so; they are not waited for.
    ///
    /// # Errors
    /// 503 when the other instances can't be reached, or don't answer within 5 seconds.
    pub async fn settled(&self) -> Result<()> {
        self.workers().collect(&self.namespace, &[], &[], |_, _| ()).await;
        let answers = self.bus().ask(&self.namespace, Question::Settled).await?;
        let asked = answers.others;
        if gather(answers, PATIENCE, |reply| matches!(reply, Reply::Settled)).await < asked {
            return Err(Error::unavailable("an instance has not confirmed in time: it may be too busy"));
        }
        Ok(())
    }

    /// Answers what another instance asks.
    pub(super) async fn answer(self, id: Option<String>, question: Question) {
        let reply = |reply| {
            let Some(id) = &id else { return };
            self.bus().publish(Message::Reply {
                namespace: self.namespace.to_string(),
                id: id.clone(),
                reply,
            });
        };
        match question {
            Question::Sockets { rooms } => {
                let ids = |registry: &Registry, selection: Selection<'_>| {
                    registry.select(selection).iter().map(|socket| socket.id().to_owned()).collect::<Vec<_>>()
                };
                reply(Reply::Sockets(
                    self.workers().collect(&self.namespace, &rooms, &[], ids).await.concat(),
                ));
            }
            Question::Rooms => {
                let rooms =
                    self.workers().collect(&self.namespace, &[], &[], |registry, _| registry.rooms()).await;
                let rooms: BTreeSet<_> = rooms.into_iter().flatten().collect();
                reply(Reply::Rooms(rooms.into_iter().collect()));
            }
            Question::Fetch { rooms, except } => {
                reply(Reply::Fetched(
                    self.workers().collect(&self.namespace, &rooms, &except, described).await.concat(),
                ));
            }
            Question::Broadcast { data, rooms, except, timeout } => {
                let deadline = Instant::now() + Duration::from_millis(timeout).min(PATIENCE * 12);
                let Ok((asked, mut acknowledged)) = self.ask_own(&rooms, &except, &data).await else {
                    return;
                };
                reply(Reply::Clients(asked));
                for _ in 0..asked {
                    match tokio::time::timeout_at(deadline, acknowledged.recv()).await {
                        Ok(Some(value)) => reply(Reply::Acknowledged(value)),
                        _ => break,
                    }
                }
            }
            Question::Settled => {
                // Each worker does what it is told in its order.
                self.workers().collect(&self.namespace, &[], &[], |_, _| ()).await;
                reply(Reply::Settled);
            }
            // Without a handler it says nothing, as a Node server does.
            Question::Emit { args } => {
                if let Some(answer) = self.served(&args).await {
                    reply(Reply::Emitted(answer));
                }
            }
        }
    }

    /// Emits an event that the selected sockets of this instance shall acknowledge; how many there are, and what
    /// they answer.
    async fn ask_own(
        &self,
        rooms: &[String],
        except: &[String],
        event: &Event,
    ) -> Result<(u64, mpsc::UnboundedReceiver<Value>)> {
        let (sender, acknowledged) = mpsc::unbounded_channel();
        let id = next_ack();
        let frames = Frames::event(&self.namespace, Some(id), event);
        let ask = move |registry: &Registry, selection: Selection<'_>| {
            let selected = registry.select(selection);
            for socket in &selected {
                socket.expect(id, sender.clone(), true);
                socket.send_frames(&frames, false);
            }
            selected.len()
        };
        let asked: usize =
            self.workers().collect(&self.namespace, rooms, except, ask).await.into_iter().sum();
        Ok((u64::try_from(asked).unwrap_or(u64::MAX), acknowledged))
    }
}

/// A number no other event of this process waits for.
pub(super) fn next_ack() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Takes the answers that come in time; how many `take` counted.
pub(super) async fn gather(
    mut answers: Answers,
    patience: Duration,
    mut take: impl FnMut(Reply) -> bool,
) -> u64 {
    let deadline = Instant::now() + patience;
    let mut answered = 0;
    while answered < answers.others {
        match tokio::time::timeout_at(deadline, answers.next()).await {
            Ok(Some(reply)) => answered += u64::from(take(reply)),
            _ => break,
        }
    }
    answered
}

/// The selected sockets of one worker, as Node's adapter describes them.
fn described(registry: &Registry, selection: Selection<'_>) -> Vec<Value> {
    registry.select(selection).iter().map(Socket::described).collect()
}

fn read(mut socket: Value) -> Option<RemoteSocket> {
    let mut take = |name: &str| socket.get_mut(name).map(Value::take).unwrap_or_default();
    let Value::String(id) = take("id") else { return None };
    let rooms = take("rooms");
    let rooms = rooms.as_array().into_iter().flatten();
    Some(RemoteSocket {
        id,
        rooms: rooms.filter_map(|room| room.as_str().map(str::to_owned)).collect(),
        handshake: take("handshake"),
        data: take("data"),
    })
}

impl Socket {
    /// As Node's adapter describes a socket.
    fn described(&self) -> Value {
        let handshake = self.handshake();
        let headers = handshake.headers();
        let headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let query = actix_web::web::Query::<Vec<(String, String)>>::from_query(handshake.query());
        let query = query.map(actix_web::web::Query::into_inner).unwrap_or_default();
        let address = handshake.peer_address().map(|address| address.ip().to_string());
        let query: serde_json::Map<_, _> =
            query.into_iter().map(|(name, value)| (name, value.into())).collect();
        let headers: serde_json::Map<_, _> =
            headers.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        json!({
            "id": self.id(),
            "handshake": {
                "headers": headers,
                "address": address,
                "xdomain": false,
                "secure": handshake.is_secure(),
                "query": query,
                "auth": self.auth(),
            },
            "rooms": ([vec![self.id().to_owned()], self.rooms()].concat()),
            "data": self.data(),
        })
    }
}
