//! The life of one connection: heartbeat, packets in, handlers.

use std::pin::Pin;
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep, sleep_until};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseReason, ProtocolError};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::virtual_request::{self, Dispatcher};
use super::{Socket, frame};
use crate::config::SocketsConfig;
use crate::protocol::engine::{Engine, Revision};
use crate::protocol::packet::{self, Packet};

/// Why the read loop ended.
type Reason = &'static str;

pub(super) struct Connection {
    socket: Socket,
    revision: Revision,
    dispatcher: Dispatcher,
    ping_interval: Duration,
    ping_timeout: Duration,
    max_in_flight: usize,
    /// Handlers at work for this socket; they run on when it goes.
    handlers: JoinSet<()>,
    heartbeat: Pin<Box<Sleep>>,
    awaits_pong: bool,
}

impl Connection {
    pub(super) fn new(
        socket: Socket,
        revision: Revision,
        dispatcher: Dispatcher,
        config: &SocketsConfig,
    ) -> Self {
        let (ping_interval, ping_timeout) = (config.ping_interval.get(), config.ping_timeout.get());
        let first_beat = match revision {
            Revision::V3 => ping_interval + ping_timeout,
            Revision::V4 => ping_interval,
        };
        Self {
            socket,
            revision,
            dispatcher,
            ping_interval,
            ping_timeout,
            max_in_flight: config.max_in_flight,
            handlers: JoinSet::new(),
            heartbeat: Box::pin(sleep(first_beat)),
            awaits_pong: false,
        }
    }

    /// Runs until the connection ends, for whatever reason; then the socket has left everything.
    pub(super) async fn run(mut self, mut incoming: AggregatedMessageStream, connect_timeout: Duration) {
        let connect_deadline = Instant::now() + connect_timeout;
        if self.revision == Revision::V3 {
            self.socket.send_text(packet::CONNECTED_V3);
            self.socket.enter_namespace(Value::Null);
        }
        let reason = self.serve(&mut incoming, connect_deadline).await;
        let reason = self.socket.reason().unwrap_or(reason);
        self.socket.close(frame::NORMAL, reason, false);
        tracing::debug!(socket = self.socket.id(), reason, "socket disconnected");
        self.handlers.detach_all();
        self.socket.left().await;
    }

    async fn serve(&mut self, incoming: &mut AggregatedMessageStream, connect_deadline: Instant) -> Reason {
        loop {
            let may_read = self.handlers.len() < self.max_in_flight;
            let step = tokio::select! {
                message = incoming.recv(), if may_read => match message {
                    Some(Ok(message)) => self.message(message),
                    Some(Err(error)) => Err(self.broken(&error)),
                    None => Err("transport close"),
                },
                () = self.heartbeat.as_mut() => self.beat(),
                Some(_) = self.handlers.join_next(), if !self.handlers.is_empty() => Ok(()),
                () = sleep_until(connect_deadline), if !self.socket.is_connected() => Err("connect timeout"),
                () = self.socket.ended() => Err("server disconnect"),
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    /// The server's heartbeat: a ping, or the end when the last one was not answered. A client of revision 3
    /// pings itself, and should have by now.
    fn beat(&mut self) -> Result<(), Reason> {
        if self.awaits_pong || self.revision == Revision::V3 {
            return Err("ping timeout");
        }
        self.awaits_pong = true;
        self.socket.send_text("2");
        self.heartbeat.as_mut().reset(Instant::now() + self.ping_timeout);
        Ok(())
    }

    fn message(&mut self, message: AggregatedMessage) -> Result<(), Reason> {
        match message {
            AggregatedMessage::Text(text) => self.engine(&text),
            AggregatedMessage::Binary(_) => Err(self.parse_error()),
            AggregatedMessage::Ping(data) => {
                self.socket.send(frame::pong(&data), false);
                Ok(())
            }
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Close(reason) => {
                let code = reason.map_or(frame::NORMAL, |CloseReason { code, .. }| code.into());
                self.socket.close(code, "", true);
                Err("transport close")
            }
        }
    }

    fn engine(&mut self, text: &str) -> Result<(), Reason> {
        match Engine::parse(text) {
            Ok(Engine::Ping(data)) if self.revision == Revision::V3 => {
                self.socket.send_text(&format!("3{data}"));
                self.heartbeat.as_mut().reset(Instant::now() + self.ping_interval + self.ping_timeout);
                Ok(())
            }
            Ok(Engine::Pong) if self.revision == Revision::V4 => {
                self.awaits_pong = false;
                self.heartbeat.as_mut().reset(Instant::now() + self.ping_interval);
                Ok(())
            }
            Ok(Engine::Message(message)) => match Packet::parse(message) {
                Ok(packet) => self.packet(packet),
                Err(error) => {
                    tracing::debug!(socket = self.socket.id(), %error, "packet refused");
                    Err(self.parse_error())
                }
            },
            Ok(Engine::Close) => Err("transport close"),
            Ok(Engine::Noop) => Ok(()),
            Ok(Engine::Ping(_) | Engine::Pong | Engine::Upgrade) | Err(_) => Err(self.parse_error()),
        }
    }

    fn packet(&mut self, packet: Packet<'_>) -> Result<(), Reason> {
        match packet {
            Packet::Connect { namespace: "/", auth } if !self.socket.is_connected() => {
                let auth = auth.and_then(|auth| serde_json::from_str(auth.get()).ok()).unwrap_or_default();
                self.socket.send_text(&packet::connected(self.socket.id()));
                self.socket.enter_namespace(auth);
                Ok(())
            }
            Packet::Connect { namespace: "/", .. } if self.revision == Revision::V3 => Ok(()),
            Packet::Connect { namespace, .. } if namespace != "/" => {
                self.socket.send_text(&packet::refused(namespace, "Invalid namespace", self.revision));
                Ok(())
            }
            Packet::Disconnect { namespace: "/" } => Err("client namespace disconnect"),
            Packet::Event { namespace: "/", ack, args } if self.socket.is_connected() => {
                self.event(ack, &args);
                Ok(())
            }
            Packet::Ack { namespace: "/", id, args } if self.socket.is_connected() => {
                if !self.socket.acknowledged(id, &args) {
                    tracing::trace!(socket = self.socket.id(), id, "nobody waits for this acknowledgement");
                }
                Ok(())
            }
            _ => Err(self.parse_error()),
        }
    }

    /// Starts the handler of an event: a virtual request when its name is a verb.
    fn event(&mut self, ack: Option<u64>, args: &[&RawValue]) {
        let Some((name, args)) = args.split_first() else { return };
        let Ok(name) = serde_json::from_str::<String>(name.get()) else { return };
        let socket = self.socket.clone();
        let dispatcher = self.dispatcher.clone();
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
        self.socket.close(frame::PROTOCOL_ERROR, "parse error", false);
        "parse error"
    }

    fn broken(&self, error: &ProtocolError) -> Reason {
        let too_big = matches!(error, ProtocolError::Overflow)
            || matches!(error, ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::Other);
        if too_big {
            self.socket.close(frame::TOO_BIG, "message too large", false);
            return "message too large";
        }
        tracing::debug!(socket = self.socket.id(), %error, "connection broken");
        self.socket.close(frame::PROTOCOL_ERROR, "transport error", false);
        "transport error"
    }
}
