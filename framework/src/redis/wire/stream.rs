//! A connection as bytes, without encryption.

use std::io;
use std::time::Duration;

use redis::{Client, ConnectionAddr, RedisResult};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::redis::target::TCP_USER_TIMEOUT;

/// Both directions of a connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects; nothing for an address that asks for encryption.
///
/// # Errors
/// When nobody listens there.
pub(super) async fn open(client: &Client) -> RedisResult<Option<Box<dyn Stream>>> {
    Ok(match client.get_connection_info().addr() {
        ConnectionAddr::Tcp(host, port) => Some(Box::new(tcp(host, *port).await?)),
        ConnectionAddr::Unix(path) => Some(Box::new(UnixStream::connect(path).await?)),
        _ => None,
    })
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    bound(&stream, TCP_USER_TIMEOUT);
    Ok(stream)
}

/// Bytes that a host which is gone never confirms are given up after some time, where the system can do that.
fn bound(stream: &TcpStream, timeout: Duration) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(timeout)) {
        tracing::debug!(%error, "a connection to Redis keeps the kernel's own bounds");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, timeout);
}
