//! The life of one connection: heartbeat, and messages in.

use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep, sleep_until};
use tokio::sync::mpsc;

use super::conversation::{Conversation, Reason};
use super::pace::Pace;
use super::session::Inbound;
use super::websocket::WebSocket;
use super::{Link, frame};
use crate::config::SocketsConfig;
use crate::protocol::engine::{Engine, Revision};

/// Where a client's messages come from.
pub(super) enum Source {
    WebSocket(WebSocket),
    /// From requests, and from a WebSocket that took over from them.
    Inbox(mpsc::Receiver<Inbound>),
}

impl Source {
    async fn next(&mut self) -> Option<Inbound> {
        match self {
            Self::WebSocket(socket) => socket.next().await,
            Self::Inbox(inbox) => inbox.recv().await,
        }
    }
}

const PING_TIMEOUT: Reason = "ping timeout";

pub(super) struct Connection<C> {
    link: Link,
    client: C,
    incoming: Source,
    config: Rc<SocketsConfig>,
    heartbeat: Pin<Box<Sleep>>,
    awaits_pong: bool,
    pace: Pace,
}

impl<C: Conversation> Connection<C> {
    pub(super) fn new(link: Link, client: C, incoming: Source, config: Rc<SocketsConfig>) -> Self {
        let first_beat = match link.revision() {
            Revision::V3 => config.ping_interval.get() + config.ping_timeout.get(),
            Revision::V4 => config.ping_interval.get(),
        };
        let (heartbeat, pace) = (Box::pin(sleep(first_beat)), Pace::new(&config));
        Self { link, client, incoming, config, heartbeat, awaits_pong: false, pace }
    }

    /// Runs until the connection ends, for whatever reason; then its sockets have left everything.
    pub(super) async fn run(&mut self) {
        self.client.opened();
        let reason = self.serve().await;
        let reason = self.link.reason().unwrap_or(reason);
        // Whoever does not answer will not fetch anything either.
        self.link.close(frame::NORMAL, reason, reason == PING_TIMEOUT);
        self.client.left(reason).await;
    }

    async fn serve(&mut self) -> Reason {
        let connect_timeout = self.config.connect_timeout.get();
        let connect_deadline = Instant::now() + connect_timeout;
        loop {
            let (has_room, is_connected) = (self.client.has_room(), self.client.is_connected());
            let attachments_due = self.client.waits_since().map(|since| since + connect_timeout);
            let step = tokio::select! {
                message = self.incoming.next(), if has_room => match message {
                    Some(message) => self.message(message),
                    None => Err("transport close"),
                },
                () = self.heartbeat.as_mut() => self.beat(),
                () = self.client.worked() => Ok(()),
                () = sleep_until(connect_deadline), if !is_connected => Err("connect timeout"),
                () = sleep_until(attachments_due.unwrap_or(connect_deadline)), if attachments_due.is_some() => {
                    Err(self.parse_error())
                }
                () = self.link.ended() => Err("server disconnect"),
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    /// The next beat is due then.
    fn beats_in(&mut self, time: Duration) {
        self.heartbeat.as_mut().reset(Instant::now() + time);
    }

    /// The server's heartbeat: a ping, or the end when the last one was not answered. A client of revision 3
    /// pings itself, and should have by now.
    fn beat(&mut self) -> Result<(), Reason> {
        if self.awaits_pong || self.link.revision() == Revision::V3 {
            return Err(PING_TIMEOUT);
        }
        self.awaits_pong = true;
        self.link.send_text("2");
        self.beats_in(self.config.ping_timeout.get());
        Ok(())
    }

    fn message(&mut self, message: Inbound) -> Result<(), Reason> {
        let bytes = match &message {
            Inbound::Text(text) => text.len(),
            Inbound::Binary(data) | Inbound::Ping(data) => data.len(),
            Inbound::Close(_) | Inbound::TooBig | Inbound::Broken => 0,
        };
        if !self.pace.takes(bytes) {
            self.link.close(frame::POLICY, "rate limit", false);
            return Err("rate limit");
        }
        match message {
            Inbound::Text(text) => self.engine(&text),
            Inbound::Binary(data) => self.client.binary(data),
            Inbound::Ping(data) => {
                self.link.send(frame::pong(&data));
                Ok(())
            }
            Inbound::Close(code) => {
                self.link.close(code.unwrap_or(frame::NORMAL), "", true);
                Err("transport close")
            }
            Inbound::TooBig => {
                self.link.close(frame::TOO_BIG, "message too large", false);
                Err("message too large")
            }
            Inbound::Broken => {
                self.link.close(frame::PROTOCOL_ERROR, "transport error", false);
                Err("transport error")
            }
        }
    }

    fn engine(&mut self, text: &str) -> Result<(), Reason> {
        let revision = self.link.revision();
        match Engine::parse(text) {
            Ok(Engine::Ping(data)) if revision == Revision::V3 => {
                self.link.send_text(&format!("3{data}"));
                self.beats_in(self.config.ping_interval.get() + self.config.ping_timeout.get());
                Ok(())
            }
            Ok(Engine::Pong) if revision == Revision::V4 => {
                self.awaits_pong = false;
                self.beats_in(self.config.ping_interval.get());
                Ok(())
            }
            Ok(Engine::Message(message)) => self.client.text(message),
            Ok(Engine::Close) => {
                self.link.close(frame::NORMAL, "", false);
                Err("transport close")
            }
            Ok(Engine::Noop) => Ok(()),
            Ok(Engine::Ping(_) | Engine::Pong | Engine::Upgrade) | Err(_) => Err(self.parse_error()),
        }
    }

    fn parse_error(&self) -> Reason {
        self.link.close(frame::PROTOCOL_ERROR, "parse error", false);
        "parse error"
    }
}
