//! Whom connections are made to, and why one could not be made.

use std::io;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult};
use tokio::time::timeout;

use super::{CONNECT_TIMEOUT, RedisError};
use crate::config::DatastoreConfig;
use crate::tls::{self, Files, TlsError};

/// How long sent bytes may stay unacknowledged by the server's host before the kernel gives up.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The server of a datastore.
#[derive(Debug, Clone)]
pub(super) struct Target {
    client: Client,
    is_encrypted: bool,
}

impl Target {
    /// # Errors
    /// When the URL is no Redis address, or asks for an encryption that can't be had.
    pub(super) fn of(config: &DatastoreConfig) -> Result<Self, RedisError> {
        let is_encrypted = ["rediss:", "valkeys:"].iter().any(|scheme| config.url.starts_with(scheme));
        if is_encrypted {
            tls::ready(config.address())?;
        } else if let Some(key) = Files::first_key(config) {
            let (missing, instead) = ("encrypted", "rediss:// instead of redis://");
            return Err(TlsError::Unused { key, address: config.address(), missing, instead }.into());
        }
        let bad_url = |source| RedisError::Url { address: config.address().into(), source };
        let info = config.url.as_str().into_connection_info().map_err(bad_url)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(TlsError::Unchecked { address: config.address() }.into());
        }
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(TCP_USER_TIMEOUT);
        let info = info.set_tcp_settings(tcp);
        let client = if is_encrypted { encrypted(info, Files::read(config)?) } else { Client::open(info) };
        Ok(Self { client: client.map_err(bad_url)?, is_encrypted })
    }

    /// The host and port of the address; nothing when it is a file of this machine.
    pub(super) fn host(&self) -> Option<(&str, u16)> {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some((host, *port))
            }
            _ => None,
        }
    }

    /// Whom to connect to now.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        Ok(self.client.clone())
    }

    /// A connection for commands.
    pub(super) async fn connect(&self, config: &AsyncConnectionConfig) -> RedisResult<MultiplexedConnection> {
        self.within_deadline(async {
            self.client().await?.get_multiplexed_async_connection_with_config(config).await
        })
        .await
    }

    /// A connection to hear channels on.
    pub(super) async fn listen(&self) -> RedisResult<PubSub> {
        self.within_deadline(async { self.client().await?.get_async_pubsub().await }).await
    }

    /// Covers the name's resolution, the handshakes, and a server that accepts and then says nothing.
    pub(super) async fn within_deadline<T>(
        &self,
        connecting: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        let made = timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| {
            let text = "it accepts connections but does not answer";
            Err(io::Error::new(io::ErrorKind::TimedOut, text).into())
        });
        made.map_err(|error| self.explained(error))
    }

    /// The error with what to do about it, where its cause is that one side encrypts and the other does not, or does not
    /// trust it.
    fn explained(&self, error: redis::RedisError) -> redis::RedisError {
        let advice = match tls::advice(&error) {
            Some(advice) => advice,
            None if self.is_encrypted && error.is_timeout() => {
                format!("{error}: if it does not speak TLS there, write redis:// or the port of its tls-port")
            }
            None if !self.is_encrypted && error.is_connection_dropped() => {
                format!("{error}: if it only speaks TLS there, write rediss://")
            }
            None => return error,
        };
        io::Error::other(advice).into()
    }
}

#[cfg(feature = "tls")]
fn encrypted(info: ConnectionInfo, files: Files) -> RedisResult<Client> {
    let own = files.own.map(|(client_cert, client_key)| redis::ClientTlsConfig { client_cert, client_key });
    Client::build_with_tls(info, redis::TlsCertificates { client_tls: own, root_cert: files.authorities })
}

#[cfg(not(feature = "tls"))]
fn encrypted(info: ConnectionInfo, _: Files) -> RedisResult<Client> {
    Client::open(info)
}
