use std::net::SocketAddr;

use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// Where something shared lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    /// In this process: for one instance.
    #[default]
    Memory,
    /// In Redis: shared by every instance.
    Redis,
}

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Ordinary requests, one of which waits for what is sent.
    Polling,
    /// A WebSocket.
    WebSocket,
}

/// Where an instance takes requests from others whose client's connection it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Relay {
    /// At the address by which this host reaches Redis, on any free port.
    #[default]
    Auto,
    /// Nowhere: clients that poll need a balancer that always sends them to the same instance.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl TryFrom<String> for Relay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::At).map_err(|_| {
                format!("`{address}` is no address: write auto, off, or one like 10.0.0.5:7400")
            }),
        }
    }
}

impl From<Relay> for String {
    fn from(relay: Relay) -> Self {
        match relay {
            Relay::Auto => "auto".to_owned(),
            Relay::Off => "off".to_owned(),
            Relay::At(address) => address.to_string(),
        }
    }
}

/// `config/sockets.toml`: the file that makes an app a cluster.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "sockets")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SocketsConfig {
    /// `memory` for one instance, `redis` for many. Sessions follow it unless `config/session.toml` says otherwise.
    pub adapter: Adapter,
    /// The datastore of `config/datastores.toml` that the adapter uses.
    #[setting(default = "redis".to_owned())]
    pub datastore: String,
    /// Confirms that production is meant to be one instance with everything in its memory.
    pub single_instance: bool,
    /// Pages on these origins may connect, besides the app's own and those of `allowed_origins` in
    /// `config/security.toml`. `*` is every origin, and never the default.
    pub allowed_origins: Vec<String>,
    /// The path of the Engine.IO endpoint.
    #[setting(default = "/socket.io/".to_owned())]
    pub path: String,
    /// How clients may connect: `polling`, `websocket`.
    #[setting(default = vec![Transport::Polling, Transport::WebSocket])]
    pub transports: Vec<Transport>,
    /// Whether clients of Socket.IO 1 and 2 may connect, sails.io.js among them.
    #[setting(default = true)]
    pub allow_eio3: bool,
    /// The name of a cookie with the connection's id, for balancers that look at one. Only polling clients get it.
    pub cookie: Option<String>,
    /// Whether `GET /__getcookie` gives pages of other origins a session cookie before they connect, as `sails.io.js` asks.
    #[setting(default = true)]
    pub grant_third_party_cookie: bool,
    /// Where this instance takes requests from the others: `auto`, `off`, or an address such as `10.0.0.5:7400`.
    #[setting(default = Relay::Auto)]
    pub relay: Relay,
    /// The prefix of the Redis channels: apps with the same prefix share their rooms.
    #[setting(default = "socket.io".to_owned())]
    pub key: String,
    /// Time between two heartbeats.
    #[setting(default = Span::seconds(25))]
    pub ping_interval: Span,
    /// How long a client may take to answer a heartbeat.
    #[setting(default = Span::seconds(20))]
    pub ping_timeout: Span,
    /// How long a new connection may take to join its namespace.
    #[setting(default = Span::seconds(45))]
    pub connect_timeout: Span,
    /// How long a client may take to change from polling to a WebSocket.
    #[setting(default = Span::seconds(10))]
    pub upgrade_timeout: Span,
    /// The largest message a client may send, in bytes.
    #[setting(default = 1_000_000)]
    pub max_payload: usize,
    /// The most namespaces one connection may be in.
    #[setting(default = 16)]
    pub max_namespaces: usize,
    /// The most rooms one socket may be in.
    #[setting(default = 10_000)]
    pub max_rooms: usize,
    /// Bytes that may wait for one slow client before it is disconnected.
    #[setting(default = 1_048_576)]
    pub queue_bytes: usize,
    /// Packets that may wait for one slow client before it is disconnected.
    #[setting(default = 4_096)]
    pub queue_packets: usize,
    /// Virtual requests and events of one socket that may be in work at the same time.
    #[setting(default = 128)]
    pub max_in_flight: usize,
    /// The most messages one client may send in a second before it is disconnected; 0 is no bound.
    pub messages_per_second: usize,
    /// The most bytes one client may send in a second before it is disconnected, at least `max_payload`; 0 is no bound.
    pub bytes_per_second: usize,
    /// The most connections one address may open in a minute, over all instances; 0 is no bound. More get 429.
    pub connects_per_minute: u32,
    /// Broadcasts that may wait for a Redis that is away; the oldest go first.
    #[setting(default = 10_000)]
    pub outbox: usize,
    /// How many sockets in a second an instance that stops tells to connect elsewhere; more when `shutdown_timeout` in
    /// `config/http.toml` is too short for that. 0 tells all at once.
    #[setting(default = 200)]
    pub drain_per_second: usize,
    /// Whether a virtual request's answer carries its headers.
    #[setting(default = true)]
    pub send_response_headers: bool,
}
