//! What a client says over its connection: packets in, handlers, answers out.
//! See the Socket.IO protocol, revision 5 (<https://socket.io/docs/v4/socket-io-protocol/>).

use std::rc::Rc;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::engine::{Link, frame, id};
use super::hub::Hub;
use super::virtual_request::{self, Dispatcher};
use super::{Socket, Sockets};
use crate::protocol::engine::Revision;
use crate::protocol::packet::{self, Packet};

/// Why a connection ended.
pub(super) type Reason = &'static str;

/// What clients have in common.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) sockets: Sockets,
    pub(super) hub: Rc<Hub>,
    pub(super) dispatcher: Dispatcher,
    pub(super) max_rooms: usize,
    pub(super) max_in_flight: usize,
}

/// The client at the other end of a connection.
pub(super) struct Client {
    link: Link,
    around: Surroundings,
    /// Its socket in the default namespace, once it is there.
    socket: Option<Socket>,
    /// Handlers at work; they run on when the client goes.
    handlers: JoinSet<()>,
}

impl Client {
    pub(super) fn new(link: Link, around: Surroundings) -> Self {
        Self { link, around, socket: None, handlers: JoinSet::new() }
    }

    /// The connection is open.
    pub(super) fn opened(&mut self) {
        if self.link.revision() == Revision::V3 {
            self.link.send_text(packet::CONNECTED_V3);
            self.enter(self.link.id().to_owned(), Value::Null);
        }
    }

    /// Whether it has joined a namespace.
    pub(super) fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether another message may be taken: not while too many are at work.
    pub(super) fn has_room(&self) -> bool {
        self.handlers.len() < self.around.max_in_flight
    }

    /// Resolves when a handler is done; never without one at work.
    pub(super) async fn worked(&mut self) {
        if self.handlers.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    /// A message arrived.
    ///
    /// # Errors
    /// Why the connection ends.
    pub(super) fn message(&mut self, text: &str) -> Result<(), Reason> {
        match Packet::parse(text, 0) {
            Ok(packet) => self.packet(packet),
            Err(error) => {
                tracing::debug!(connection = self.link.key(), %error, "packet refused");
                Err(self.parse_error())
            }
        }
    }

    /// The connection is gone: its sockets leave everything.
    pub(super) async fn left(mut self, reason: Reason) {
        self.handlers.detach_all();
        if let Some(socket) = self.socket {
            tracing::debug!(socket = socket.id(), reason, "socket disconnected");
            socket.left().await;
        }
    }

    fn enter(&mut self, id: String, auth: Value) {
        let Surroundings { sockets, hub, max_rooms, .. } = &self.around;
        let socket = Socket::new(id, self.link.clone(), sockets.clone(), hub.clone(), *max_rooms);
        socket.enter_namespace(auth);
        self.socket = Some(socket);
    }

    fn packet(&mut self, packet: Packet<'_>) -> Result<(), Reason> {
        match (packet, &self.socket) {
            (Packet::Connect { namespace: "/", auth, .. }, None) => {
                let auth = auth.and_then(|auth| serde_json::from_str(auth.get()).ok()).unwrap_or_default();
                let Ok(id) = id::random() else { return Err("no random bytes") };
                self.link.send_text(&packet::connected(&id));
                self.enter(id, auth);
                Ok(())
            }
            (Packet::Connect { namespace: "/", .. }, _) if self.link.revision() == Revision::V3 => Ok(()),
            (Packet::Connect { namespace, .. }, _) if namespace != "/" => {
                let refused = packet::refused(namespace, "Invalid namespace", self.link.revision());
                self.link.send_text(&refused);
                Ok(())
            }
            (Packet::Disconnect { namespace: "/" }, _) => Err("client namespace disconnect"),
            (Packet::Event { namespace: "/", ack, args, .. }, Some(socket)) => {
                let socket = socket.clone();
                self.event(socket, ack, &args);
                Ok(())
            }
            (Packet::Ack { namespace: "/", id, args, .. }, Some(socket)) => {
                if !socket.acknowledged(id, &args) {
                    tracing::trace!(socket = socket.id(), id, "nobody waits for this acknowledgement");
                }
                Ok(())
            }
            _ => Err(self.parse_error()),
        }
    }

    /// Starts the handler of an event: a virtual request when its name is a verb.
    fn event(&mut self, socket: Socket, ack: Option<u64>, args: &[&RawValue]) {
        let Some((name, args)) = args.split_first() else { return };
        let Ok(name) = serde_json::from_str::<String>(name.get()) else { return };
        let dispatcher = self.around.dispatcher.clone();
        let args: Vec<Box<RawValue>> = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.handlers.spawn_local(async move {
            let args: Vec<&RawValue> = args.iter().map(|arg| &**arg).collect();
            let answer = match virtual_request::verb(&name) {
                Some(verb) => {
                    match virtual_request::answer(&dispatcher, &socket, verb, args.first().copied()).await {
                        Ok(answer) => Some(answer),
                        Err(error) if ack.is_none() => {
                            socket.send_text(&packet::event(&format!("[\"sails:parseError\",{error}]")));
                            None
                        }
                        Err(error) => Some(error),
                    }
                }
                None => virtual_request::event(&dispatcher, &socket, &name, &args).await,
            };
            if let (Some(id), Some(answer)) = (ack, answer) {
                socket.send_text(&packet::ack(id, &answer));
            }
        });
    }

    fn parse_error(&self) -> Reason {
        self.link.close(frame::PROTOCOL_ERROR, "parse error", false);
        "parse error"
    }
}
