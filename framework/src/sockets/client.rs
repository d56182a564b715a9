//! What a client says over its connection: packets in, handlers, answers out.
//! See the Socket.IO protocol, revision 5 (<https://socket.io/docs/v4/socket-io-protocol/>).

use std::borrow::Borrow;
use std::rc::Rc;

use actix_web::rt::time::Instant;
use actix_web::web::Query;
use bytes::Bytes;
use futures_util::{FutureExt as _, future};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::calls::{self, Refused};
use super::company::{Company, Place};
use super::engine::conversation::{Conversation, Reason};
use super::engine::{Link, frame, id};
use super::frames::Frames;
use super::hub::Hub;
use super::virtual_request::{self, Dispatcher};
use super::{Socket, Sockets, binary};
use crate::config::SocketsConfig;
use crate::protocol::attachments::{Assembled, Assembler, Kind, MAX_ATTACHMENTS};
use crate::protocol::engine::Revision;
use crate::protocol::packet::{Packet, PacketError, write};
use crate::routes::Call;

/// The namespace every app has.
const ROOT: &str = "/";

/// What the clients of a worker have in common.
pub(super) struct Surroundings {
    pub(super) sockets: Sockets,
    pub(super) hub: Rc<Hub>,
    pub(super) dispatcher: Dispatcher,
    pub(super) max_namespaces: usize,
    pub(super) max_rooms: usize,
    pub(super) max_in_flight: usize,
    /// Bytes of a packet's attachments together.
    pub(super) max_payload: usize,
}

impl Surroundings {
    pub(super) fn new(
        sockets: &Sockets,
        hub: &Rc<Hub>,
        dispatcher: &Dispatcher,
        config: &SocketsConfig,
    ) -> Self {
        Self {
            sockets: sockets.clone(),
            hub: hub.clone(),
            dispatcher: dispatcher.clone(),
            max_namespaces: config.max_namespaces,
            max_rooms: config.max_rooms,
            max_in_flight: config.max_in_flight,
            max_payload: config.max_payload,
        }
    }
}

/// The client at the other end of a connection.
pub(super) struct Client {
    link: Link,
    around: Rc<Surroundings>,
    /// Its sockets.
    company: Rc<Company>,
    /// Handlers at work; they run on when the client goes.
    handlers: JoinSet<Done>,
    assembler: Assembler,
    waits_since: Option<Instant>,
}

/// What a handler has done.
enum Done {
    Nothing,
    /// The app has decided whether the socket may enter.
    Decided(Socket, Result<(), Refused>),
}

impl Client {
    pub(super) fn new(link: Link, around: Rc<Surroundings>) -> Self {
        let company = Rc::new(Company::new(&link, around.sockets.sessions().clone()));
        Self {
            link,
            assembler: Assembler::new(MAX_ATTACHMENTS, around.max_payload),
            around,
            company,
            handlers: JoinSet::new(),
            waits_since: None,
        }
    }
}

impl Conversation for Client {
    fn opened(&mut self) {
        if self.link.revision() == Revision::V3 {
            let socket = self.socket(self.link.id().to_owned(), ROOT, Value::Null);
            self.ask(socket);
        }
    }

    fn is_connected(&self) -> bool {
        self.company.has_entered()
    }

    fn has_room(&self) -> bool {
        // A packet that was begun is taken whole.
        self.waits_since.is_some() || self.handlers.len() < self.around.max_in_flight
    }

    async fn worked(&mut self) {
        match self.handlers.join_next().await {
            Some(Ok(done)) => self.done(done),
            // A handler's panic is told where it is called; this one was ended with the app.
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Reason> {
        match self.assembler.text(text) {
            Ok(Some(packet)) => self.packet(packet),
            Ok(None) => {
                self.waits_since = Some(Instant::now());
                Ok(())
            }
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn binary(&mut self, data: Bytes) -> Result<(), Reason> {
        match self.assembler.binary(data) {
            Ok(Some(packet)) => {
                self.waits_since = None;
                self.assembled(packet)
            }
            Ok(None) => Ok(()),
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn waits_since(&self) -> Option<Instant> {
        self.waits_since
    }

    /// Its sockets leave everything.
    async fn left(&mut self, reason: Reason) {
        self.handlers.detach_all();
        let reason = named(reason);
        self.around.sockets.figures().ended(reason);
        let left: Vec<_> = self.company.take().iter().map(|socket| socket.left(reason)).collect();
        future::join_all(left).await;
    }
}

impl Client {
    fn packet(&mut self, packet: Packet<'_>) -> Result<(), Reason> {
        match packet {
            // The server has done that already.
            Packet::Connect { namespace: ROOT, .. } if self.link.revision() == Revision::V3 => Ok(()),
            Packet::Connect { namespace, query, auth } => {
                let auth = match (self.link.revision(), auth) {
                    (Revision::V3, _) => query.map(credentials).unwrap_or_default(),
                    (Revision::V4, Some(auth)) => serde_json::from_str(auth.get()).unwrap_or_default(),
                    (Revision::V4, None) => Value::Null,
                };
                self.connect(namespace, auth)
            }
            Packet::Disconnect { namespace } => self.in_place(namespace, |client, socket| {
                client.company.remove(namespace);
                let left = socket.left("client namespace disconnect");
                client.start(async {
                    left.await;
                    Done::Nothing
                });
            }),
            Packet::Event { namespace, ack, args, .. } => {
                let args = args.into_iter().map(ToOwned::to_owned).collect();
                self.in_place(namespace, |client, socket| client.event(socket, ack, args, Vec::new()))
            }
            Packet::Ack { namespace, id, args, .. } => {
                self.in_place(namespace, |client, socket| client.acknowledged(&socket, id, &args))
            }
        }
    }

    fn assembled(&mut self, packet: Assembled) -> Result<(), Reason> {
        let Assembled { kind, namespace, ack, args, attachments } = packet;
        self.in_place(&namespace, |client, socket| match (kind, ack) {
            (Kind::Event, ack) => client.event(socket, ack, args, attachments),
            (Kind::Ack, Some(id)) => match binary::as_texts(&args, &attachments) {
                Ok(args) => client.acknowledged(&socket, id, &args),
                Err(error) => tracing::debug!(socket = socket.id(), %error, "acknowledgement refused"),
            },
            (Kind::Ack, None) => {}
        })
    }

    fn acknowledged(&self, socket: &Socket, id: u64, args: &[impl Borrow<RawValue>]) {
        if !socket.acknowledged(id, args) {
            tracing::trace!(socket = socket.id(), id, "nobody waits for this acknowledgement");
        }
    }

    /// Does something with the socket in `namespace`.
    ///
    /// # Errors
    /// When the client has none there.
    fn in_place(&mut self, namespace: &str, act: impl FnOnce(&mut Self, Socket)) -> Result<(), Reason> {
        match self.company.get(namespace) {
            Some(Place::Taken(socket)) => act(self, socket),
            Some(Place::Ended) => {}
            Some(Place::Asked(_)) | None => return Err(self.parse_error()),
        }
        Ok(())
    }

    fn connect(&mut self, namespace: &str, auth: Value) -> Result<(), Reason> {
        if matches!(self.company.get(namespace), Some(Place::Asked(_) | Place::Taken(_))) {
            return Err(self.parse_error());
        }
        let refused = if self.around.sockets.namespaces().find(namespace).is_none() {
            Some("Invalid namespace")
        } else if !self.company.has_room(self.around.max_namespaces) {
            Some("Too many namespaces")
        } else {
            None
        };
        if let Some(message) = refused {
            self.link.send_text(&write::refused(namespace, message, None, self.link.revision()));
            return Ok(());
        }
        let id = match self.link.revision() {
            Revision::V3 => format!("{namespace}#{}", self.link.id()),
            Revision::V4 => id::random().map_err(|_| "no random bytes")?,
        };
        let socket = self.socket(id, namespace, auth);
        self.ask(socket);
        Ok(())
    }

    fn socket(&self, id: String, namespace: &str, auth: Value) -> Socket {
        Socket::new(id, namespace, auth, self.link.clone(), self.around.clone(), self.company.clone())
    }

    /// Lets a socket enter when the app agrees.
    fn ask(&mut self, socket: Socket) {
        if !socket.sockets().takes(&Call::Connect) {
            return self.enter(socket);
        }
        self.company.put(socket.sockets().shared_namespace().clone(), Place::Asked(socket.clone()));
        self.start(async move {
            let decided = calls::connecting(&socket).await;
            Done::Decided(socket, decided)
        });
    }

    fn enter(&mut self, socket: Socket) {
        let connected = write::connected(socket.namespace(), socket.id(), None, self.link.revision());
        if socket.is_asked() {
            self.link.send_text(&connected);
            socket.enter_namespace();
            self.company.put(socket.sockets().shared_namespace().clone(), Place::Taken(socket));
        }
    }

    fn turn_away(&mut self, socket: &Socket, refused: &Refused) {
        if !socket.is_asked() {
            return;
        }
        let Refused { message, data } = refused;
        let namespace = socket.namespace();
        // Clients of revision 3 would get the data without the message.
        let data = Some(&**data).filter(|_| self.link.revision() == Revision::V4);
        self.link.send_text(&write::refused(namespace, message, data, self.link.revision()));
        self.company.remove(namespace);
        let left = socket.left("refused");
        self.start(async {
            left.await;
            Done::Nothing
        });
    }

    /// Starts the handler of an event: a virtual request when its name is a verb.
    fn event(
        &mut self,
        socket: Socket,
        ack: Option<u64>,
        mut args: Vec<Box<RawValue>>,
        attachments: Vec<Bytes>,
    ) {
        if args.is_empty() {
            return;
        }
        self.around.sockets.figures().received.add(1);
        let name = args.remove(0);
        let name = serde_json::from_str::<String>(name.get()).unwrap_or_else(|_| name.get().to_owned());
        let verb = virtual_request::verb(&name).filter(|_| socket.namespace() == ROOT);
        let call = Call::Event(name.into());
        if verb.is_none() && !socket.sockets().takes(&call) {
            return;
        }
        self.start(async move {
            let answer = match verb {
                Some(verb) => {
                    match virtual_request::answer(&socket, verb, args.first().map(|arg| &**arg)).await {
                        Ok(answer) => format!("[{answer}]").into(),
                        Err(error) if ack.is_none() => {
                            let event = format!("[\"sails:parseError\",{error}]").into();
                            socket.send_frames(&Frames::event(ROOT, None, &event), false);
                            return Done::Nothing;
                        }
                        Err(error) => format!("[{error}]").into(),
                    }
                }
                None => match calls::event(&socket, call, args, attachments).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        tracing::error!(socket = socket.id(), %error, "an acknowledgement could not be sent");
                        return Done::Nothing;
                    }
                },
            };
            if let Some(id) = ack {
                socket.send_frames(&Frames::ack(socket.namespace(), id, &answer), false);
            }
            Done::Nothing
        });
    }

    /// Runs a handler as far as it comes at once; only one that has to wait becomes a task.
    fn start(&mut self, handler: impl Future<Output = Done> + 'static) {
        let mut handler = Box::pin(handler);
        match handler.as_mut().now_or_never() {
            Some(done) => self.done(done),
            None => drop(self.handlers.spawn_local(handler)),
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Decided(socket, Ok(())) => self.enter(socket),
            Done::Decided(socket, Err(refused)) => self.turn_away(&socket, &refused),
        }
    }

    fn refused(&self, error: &PacketError) -> Reason {
        tracing::debug!(connection = self.link.key(), %error, "packet refused");
        self.parse_error()
    }

    fn parse_error(&self) -> Reason {
        self.link.close(frame::PROTOCOL_ERROR, "parse error", false);
        "parse error"
    }
}

/// The reason as Socket.IO names it.
fn named(reason: Reason) -> Reason {
    match reason {
        "instance stops" => "server shutting down",
        "message too large" => "transport error",
        "server disconnect" => "forced server close",
        reason => reason,
    }
}

/// The credentials a client of revision 3 wrote behind the namespace's name.
fn credentials(query: &str) -> Value {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    if pairs.is_empty() {
        return Value::Null;
    }
    pairs.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>().into()
}
