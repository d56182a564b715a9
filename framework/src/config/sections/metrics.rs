use std::net::SocketAddr;
use std::path::PathBuf;

use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// Where the private listener is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// Where only the parent of several instances finds it.
    #[default]
    Auto,
    /// Nowhere.
    Off,
    /// At this address.
    At(SocketAddr),
    /// In this file, a Unix socket.
    Unix(PathBuf),
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            path if path.contains('/') => Ok(Self::Unix(path.into())),
            address => address.parse().map(Self::At).map_err(|_| {
                format!(
                    "`{address}` is no address: write auto, off, one like 127.0.0.1:9100, or the path of a Unix \
                     socket such as ./.tmp/private.sock"
                )
            }),
        }
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        match listen {
            Listen::Auto => "auto".to_owned(),
            Listen::Off => "off".to_owned(),
            Listen::At(address) => address.to_string(),
            Listen::Unix(path) => path.display().to_string(),
        }
    }
}

/// `config/metrics.toml`: figures for Prometheus, and the private listener that tells them.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "metrics")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricsConfig {
    /// The private listener with `/metrics`, `/livez` and `/readyz`: an address such as `127.0.0.1:9100`, the path of a Unix
    /// socket, `off`, or `auto`: none for an instance alone. Under `lift --instances` it is the parent's, with the figures of
    /// all; each instance has a Unix socket of its own beside `control` of `config/fleet.toml`, unless this is `off`.
    pub listen: Listen,
    /// The upper bounds by which the times of requests are told apart: at most 32, the smallest first.
    #[setting(default = BUCKETS.map(Span::micros).to_vec())]
    pub buckets: Vec<Span>,
    /// How long an instance may take to tell its figures to its parent before it is left out.
    #[setting(default = Span::seconds(1))]
    pub timeout: Span,
}

/// In microseconds.
const BUCKETS: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];
