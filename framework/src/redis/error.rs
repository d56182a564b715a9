//! Why Redis did not do what it was asked.

use std::sync::Arc;
use std::time::Duration;

use redis::ErrorKind;

use super::link::Doubt;
use crate::Error;
use crate::tls::TlsError;

/// Codes of answers that a later try may not get.
const PASSING: [&str; 10] = [
    "READONLY",
    "OOM",
    "LOADING",
    "MISCONF",
    "NOREPLICAS",
    "BUSY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "NOAUTH",
];

/// A failed command.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RedisError {
    /// The URL of a datastore can't be used.
    #[error(
        "`{address}` is no Redis address ({source}): write redis://host:port/number in config/datastores.toml or REDIS_URL"
    )]
    Url { address: Arc<str>, source: redis::RedisError },

    /// The encryption a datastore asks for can't be had.
    #[error(transparent)]
    Tls(#[from] TlsError),

    /// Only Sentinels come in numbers.
    #[error(
        "`{address}` names several hosts: if they are Sentinels, set `master` in config/datastores.toml to the name they watch \
         their master by; else name one"
    )]
    SeveralHosts { address: String },

    /// Sentinels are named in a build that asks none.
    #[cfg(not(feature = "redis-sentinel"))]
    #[error(
        "`master = \"{master}\"` asks the Sentinels at {address} for it, which this app was built without: run \
         `cargo add regatta --features redis-sentinel` and build it again"
    )]
    NoSentinel { address: String, master: String },

    /// There is no connection.
    #[error("Redis at {address} is away ({reason}): start it, or change its url in config/datastores.toml")]
    Away { address: Arc<str>, reason: Arc<str> },

    /// The answer took too long.
    #[error("Redis at {address} did not answer within {deadline:?}: see its SLOWLOG and the machine's load")]
    Late { address: Arc<str>, deadline: Duration },

    /// No connection of the pool came free.
    #[error(
        "no connection to Redis at {address} came free ({reason}): raise pool_size in config/datastores.toml"
    )]
    Pool { address: Arc<str>, reason: String },

    /// The connection broke while the command was under way.
    #[error("the connection to Redis at {address} was lost ({source}): try again")]
    Lost { address: Arc<str>, source: redis::RedisError },

    /// Redis can't do it at the moment.
    #[error("Redis at {address} refuses for now ({source}): see `regatta doctor`")]
    Refused { address: Arc<str>, source: redis::RedisError },

    /// Redis answered what was not expected.
    #[error("Redis at {address} answered: {source}")]
    Answer { address: Arc<str>, source: redis::RedisError },
}

impl RedisError {
    pub(super) fn answer(address: &Arc<str>, source: redis::RedisError) -> Self {
        let address = address.clone();
        match source.kind() {
            ErrorKind::Io => Self::Lost { address, source },
            _ if source.code().is_some_and(|code| PASSING.contains(&code)) => {
                Self::Refused { address, source }
            }
            _ if source.is_unrecoverable_error() => Self::Lost { address, source },
            _ => Self::Answer { address, source },
        }
    }

    /// What the error says about the connection it came from.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        match self {
            Self::Lost { .. } => Some(Doubt::Lost),
            // A demoted server stays read-only: whoever is asked next must be looked up anew.
            Self::Refused { source, .. } if source.code() == Some("READONLY") => Some(Doubt::ReadOnly),
            _ => None,
        }
    }

    /// Whether the server has answered, if only to refuse.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Answer { .. })
    }

    /// Whether a later try may succeed.
    fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Away { .. }
                | Self::Late { .. }
                | Self::Pool { .. }
                | Self::Lost { .. }
                | Self::Refused { .. }
        )
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        if error.is_passing() {
            return Self::unavailable(error.to_string()).with_source(error);
        }
        Self::internal(error)
    }
}
