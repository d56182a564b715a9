//! Whom connections are made to, and why one could not be made.

use std::io;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, PushInfo, PushKind, RedisResult,
};
use tokio::time::timeout;

#[cfg(feature = "redis-sentinel")]
use super::sentinel::Sentinels;
use super::wire::{self, Ear, Line, Mouth};
use super::{CONNECT_TIMEOUT, RedisError, connection_config, hosts};
use crate::config::DatastoreConfig;
use crate::tls::{self, Files, TlsError};

/// How long sent bytes may stay unacknowledged by the server's host before the kernel gives up.
pub(super) const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The server of a datastore.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// How the server is reached: where it is, unless Sentinels say so.
    client: Client,
    is_encrypted: bool,
    #[cfg(feature = "redis-sentinel")]
    sentinels: Option<std::sync::Arc<Sentinels>>,
}

impl Target {
    /// # Errors
    /// When the URL is no Redis address, or asks for what can't be had.
    pub(super) fn of(config: &DatastoreConfig) -> Result<Self, RedisError> {
        let is_encrypted = ["rediss:", "valkeys:"].iter().any(|scheme| config.url.starts_with(scheme));
        if is_encrypted {
            tls::ready(config.address())?;
        } else if let Some(key) = Files::first_key(config) {
            let (missing, instead) = ("encrypted", "rediss:// instead of redis://");
            return Err(TlsError::Unused { key, address: config.address(), missing, instead }.into());
        }
        match config.master.as_deref() {
            Some(master) => Self::watched(config, master, is_encrypted),
            None if hosts::are_several(&config.url) => {
                Err(RedisError::SeveralHosts { address: config.address() })
            }
            None => Ok(Self {
                client: client(config, &config.url, is_encrypted)?,
                is_encrypted,
                #[cfg(feature = "redis-sentinel")]
                sentinels: None,
            }),
        }
    }

    #[cfg(feature = "redis-sentinel")]
    fn watched(config: &DatastoreConfig, master: &str, is_encrypted: bool) -> Result<Self, RedisError> {
        let bad_url = |source| RedisError::Url { address: config.address().into(), source };
        let nodes = hosts::each(&config.url);
        let nodes = nodes.iter().map(|url| client(config, url, is_encrypted));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let Some(client) = nodes.first().cloned() else {
            return Err(bad_url((redis::ErrorKind::InvalidClientConfig, "it names no Sentinel").into()));
        };
        let sentinels = Sentinels::of(master, nodes, config).map_err(bad_url)?;
        Ok(Self { client, is_encrypted, sentinels: Some(sentinels.into()) })
    }

    #[cfg(not(feature = "redis-sentinel"))]
    fn watched(config: &DatastoreConfig, master: &str, _: bool) -> Result<Self, RedisError> {
        Err(RedisError::NoSentinel { address: config.address(), master: master.to_owned() })
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
        #[cfg(feature = "redis-sentinel")]
        if let Some(sentinels) = &self.sentinels {
            return sentinels.master(&self.client).await;
        }
        Ok(self.client.clone())
    }

    /// A connection that is lent to one at a time.
    pub(super) async fn connect(&self, config: &AsyncConnectionConfig) -> RedisResult<MultiplexedConnection> {
        self.within_deadline(async {
            self.client().await?.get_multiplexed_async_connection_with_config(config).await
        })
        .await
    }

    /// A connection for the commands of many, on the calling runtime; `ended` is called when it breaks later.
    pub(super) async fn line(&self, ended: impl Fn() + Clone + Send + Sync + 'static) -> RedisResult<Line> {
        self.within_deadline(async {
            let client = self.client().await?;
            match Line::open(&client, ended.clone()).await? {
                Some(line) => Ok(line),
                None => Ok(Line::encrypted(newest_protocol(client, ended).await?)),
            }
        })
        .await
    }

    /// A connection on which these channels are heard.
    pub(super) async fn listen(&self, patterns: &[String], channels: &[String]) -> RedisResult<(Mouth, Ear)> {
        self.within_deadline(async {
            let client = self.client().await?;
            match wire::listen(&client, patterns, channels).await? {
                Some(halves) => Ok(halves),
                None => wire::listen_encrypted(client.get_async_pubsub().await?, patterns, channels).await,
            }
        })
        .await
    }

    /// Whoever asks Sentinels first makes three connections.
    fn patience(&self) -> Duration {
        #[cfg(feature = "redis-sentinel")]
        if self.sentinels.is_some() {
            return 2 * CONNECT_TIMEOUT;
        }
        CONNECT_TIMEOUT
    }

    /// Covers the name's resolution, the handshakes, and a server that accepts and then says nothing.
    pub(super) async fn within_deadline<T>(
        &self,
        connecting: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        let made = timeout(self.patience(), connecting).await.unwrap_or_else(|_| {
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

fn client(config: &DatastoreConfig, url: &str, is_encrypted: bool) -> Result<Client, RedisError> {
    let bad_url = |source| RedisError::Url { address: config.address().into(), source };
    let info = url.into_connection_info().map_err(bad_url)?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
        return Err(TlsError::Unchecked { address: config.address() }.into());
    }
    let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(TCP_USER_TIMEOUT);
    let info = info.set_tcp_settings(tcp);
    let client = if is_encrypted { encrypted(info, Files::read(config)?) } else { Client::open(info) };
    client.map_err(bad_url)
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

/// The third protocol is what lets the library tell at once that a connection is gone.
async fn newest_protocol(
    client: Client,
    ended: impl Fn() + Send + Sync + 'static,
) -> RedisResult<MultiplexedConnection> {
    let config = connection_config().set_push_sender(move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            ended();
        }
        Ok::<_, redis::aio::SendError>(())
    });
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let newest = Client::open(info.set_redis_settings(settings))?;
    match newest.get_multiplexed_async_connection_with_config(&config).await {
        Err(error) if error.kind() == ErrorKind::RESP3NotSupported => {
            client.get_multiplexed_async_connection_with_config(&connection_config()).await
        }
        made => made,
    }
}
