//! The listening socket of an instance: its own, or one handed down by the LISTEN_FDS protocol.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;
use crate::{Error, Result};

const BACKLOG: i32 = 2_048;

/// The socket this process was handed by its parent or by systemd, else a new one.
pub(crate) fn listener(config: &Config) -> Result<TcpListener> {
    match listenfd::ListenFd::from_env().take_tcp_listener(0) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true)?;
            Ok(listener)
        }
        Ok(None) => bind(SocketAddr::new(config.http.host, config.http.port)),
        Err(error) => {
            Err(Error::internal(format!("LISTEN_FDS names something that is no TCP socket: {error}")))
        }
    }
}

/// A new listening socket.
///
/// # Errors
/// When the port is taken or not allowed; the message says what to do.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    open(address).map_err(|error| {
        let (host, port) = (address.ip(), address.port());
        match error.kind() {
            ErrorKind::AddrInUse => Error::internal(format!(
                "port {port} on {host} is in use by another program: stop it, or choose another port with --port"
            )),
            ErrorKind::PermissionDenied => Error::internal(format!(
                "port {port} on {host} is not allowed for this user: choose one above 1023 with --port"
            )),
            ErrorKind::AddrNotAvailable => Error::internal(format!(
                "{host} is no address of this machine: set host in config/http.toml to one, or to 0.0.0.0"
            )),
            _ => Error::internal(format!("can't listen on {address}: {error}")),
        }
    })
}

fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
