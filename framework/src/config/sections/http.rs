use std::net::IpAddr;
use std::path::PathBuf;

use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// Who compresses answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// The app, in the coding the client likes best.
    Auto,
    /// The proxy in front of it, or nobody.
    Off,
}

/// `config/http.toml`: the listener.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "http")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpConfig {
    /// The address to listen on; `0.0.0.0` is every IPv4 interface.
    #[setting(default = IpAddr::from([127, 0, 0, 1]))]
    pub host: IpAddr,
    /// The port to listen on. `PORT` and `--port` win.
    #[setting(default = 1337)]
    pub port: u16,
    /// A Unix socket to listen on instead of a port. `--socket` wins.
    pub socket: Option<PathBuf>,
    /// Worker threads of one instance; 0 is cores divided by instances, at least 1.
    pub workers: usize,
    /// The address people type, such as `https://chat.example.com`. Links and the allowed origin come from it.
    pub public_url: Option<String>,
    /// The largest request body, in bytes. A longer one is answered 413.
    #[setting(default = 1_048_576)]
    pub body_limit: usize,
    /// `auto` compresses answers as the client likes it best; `off` leaves it to the proxy.
    #[setting(default = Compression::Auto)]
    pub compression: Compression,
    /// Smaller answers are sent as they are, in bytes.
    #[setting(default = 1_024)]
    pub compression_min_bytes: usize,
    /// How long a client may send nothing of a body it has begun, before 408 and the end of its connection.
    #[setting(default = Span::seconds(30))]
    pub body_idle_timeout: Span,
    /// How long a body may take from its first byte to its last.
    #[setting(default = Span::seconds(300))]
    pub body_timeout: Span,
    /// The longest path and query together, in bytes. A longer one is answered 414.
    #[setting(default = 16_384)]
    pub url_limit: usize,
    /// The longest query, in bytes. A longer one is answered 414.
    #[setting(default = 8_192)]
    pub query_limit: usize,
    /// The most parameters of a query or a form. More are answered 400.
    #[setting(default = 1_000)]
    pub parameter_limit: usize,
    /// The most headers, at most 96. More are answered 431.
    #[setting(default = 96)]
    pub header_limit: usize,
    /// How deeply lists and objects of JSON inputs may be nested, at most 127. Deeper ones are answered 400.
    #[setting(default = 32)]
    pub json_depth: usize,
    /// How long a client may take to send its request's headers, before 408.
    #[setting(default = Span::seconds(5))]
    pub header_timeout: Span,
    /// How long an idle connection is kept.
    #[setting(default = Span::seconds(75))]
    pub keep_alive: Span,
    /// The most connections one worker holds, and as many WebSockets beside them.
    #[setting(default = 25_000)]
    pub max_connections: usize,
    /// File descriptors an instance keeps free for its own work (the database, Redis, files), at most a quarter of those it may
    /// have: clients that come when no others are left are cut off, and a proxy asks another instance.
    #[setting(default = 256)]
    pub spare_files: u64,
    /// How long unacknowledged data may stay on a connection before the kernel ends it.
    #[setting(default = Span::seconds(30))]
    pub tcp_user_timeout: Span,
    /// The kernel's send buffer of a connection, in bytes.
    #[setting(default = 131_072)]
    pub send_buffer: usize,
    /// A handler that keeps its worker busy for this long without an `.await` is named in the log; `0s`: none; unset: 100 ms in
    /// development, none elsewhere.
    pub blocked_after: Option<Span>,
    /// How long an instance that was told to stop may take in all: requests in flight finish, sockets go elsewhere.
    #[setting(default = Span::seconds(30))]
    pub shutdown_timeout: Span,
    /// How long a check of `/readyz` has to fail before the instance is not ready any more; one that never was well counts at
    /// once.
    #[setting(default = Span::seconds(3))]
    pub unready_after: Span,
    /// How long it still accepts connections while `/readyz` says no, for balancers to take it out first. An instance whose
    /// listener others have accepts none.
    #[setting(default = Span::seconds(0))]
    pub drain_delay: Span,
    /// How long connections without a request stay open for a last one, which is answered with `Connection: close`.
    #[setting(default = Span::seconds(2))]
    pub drain_idle: Span,
}
