//! The listening sockets of an instance: its own, or those handed down by the LISTEN_FDS protocol.
//! See sd_listen_fds(3).

use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;
use crate::http::Door;
use crate::{Error, Result};

const BACKLOG: i32 = 2_048;

/// The longest path of a Unix socket on every system, in bytes.
const LONGEST_ADDRESS: usize = 103;

/// Where the LISTEN_FDS protocol starts counting.
pub(super) const FIRST_FD: i32 = 3;

/// The name of a socket unit's sockets that are meant, when it names its sockets at all (`FileDescriptorName=`).
const NAME: &str = "http";

/// The sockets this process was handed by its parent or by systemd, else a new one as the configuration says.
pub(crate) fn doors(config: &Config) -> Result<Vec<Door>> {
    let handed = handed()?;
    if handed.is_empty() { Ok(vec![open(config)?]) } else { Ok(handed) }
}

/// A new listening socket as the configuration says.
pub(super) fn open(config: &Config) -> Result<Door> {
    match &config.http.socket {
        Some(path) => bind_unix(&config.path(path), None).map(Door::Unix),
        None => bind(SocketAddr::new(config.http.host, config.http.port)).map(Door::Tcp),
    }
}

/// The sockets this process was handed: those called `http` when any is, else all.
pub(super) fn handed() -> Result<Vec<Door>> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<_> = names.split(':').collect();
    let mut handed = ListenFd::from_env();
    let chosen = names.contains(&NAME);
    let mut doors = Vec::new();
    for place in 0..handed.len() {
        if chosen && names.get(place) != Some(&NAME) {
            continue;
        }
        doors.push(door(&mut handed, place)?);
    }
    Ok(doors)
}

/// The handed socket at this place.
pub(super) fn door(handed: &mut ListenFd, place: usize) -> Result<Door> {
    if let Ok(Some(listener)) = handed.take_tcp_listener(place) {
        listener.set_nonblocking(true)?;
        return Ok(Door::Tcp(listener));
    }
    match handed.take_unix_listener(place) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true)?;
            Ok(Door::Unix(listener))
        }
        _ => Err(Error::internal(format!(
            "socket {place} of LISTEN_FDS is neither a TCP nor a Unix stream socket: name the app's with \
             FileDescriptorName={NAME} in its socket unit"
        ))),
    }
}

/// A second handle of the socket, for another process.
pub(super) fn fd(door: &Door) -> Result<OwnedFd> {
    Ok(match door {
        Door::Tcp(listener) => listener.try_clone()?.into(),
        Door::Unix(listener) => listener.try_clone()?.into(),
    })
}

/// A second handle of the socket.
pub(super) fn same(door: &Door) -> Result<Door> {
    Ok(match door {
        Door::Tcp(listener) => Door::Tcp(listener.try_clone()?),
        Door::Unix(listener) => Door::Unix(listener.try_clone()?),
    })
}

/// Where clients find it.
pub(crate) fn address(door: &Door) -> String {
    match door {
        Door::Tcp(listener) => listener
            .local_addr()
            .map_or_else(|_| "an address".to_owned(), |address| format!("http://{address}")),
        Door::Unix(listener) => {
            let address = listener.local_addr().ok();
            let path = address.as_ref().and_then(|address| address.as_pathname());
            path.map_or_else(|| "a Unix socket".to_owned(), |path| path.display().to_string())
        }
    }
}

/// A new listening socket.
///
/// # Errors
/// When the port is taken or not allowed; the message says what to do.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    tcp(address).map_err(|error| {
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

pub(super) fn tcp(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A new Unix socket, with these permissions or the usual ones; one that a dead process left behind is replaced.
///
/// # Errors
/// When the path is taken or not allowed; the message says what to do.
pub(super) fn bind_unix(path: &Path, mode: Option<u32>) -> Result<UnixListener> {
    let shown = path.display();
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket {
        let (way, _folder) = short(path)?;
        if UnixStream::connect(way).is_ok() {
            return Err(Error::internal(format!(
                "{shown} is in use by another program: stop it, or choose another path"
            )));
        }
        std::fs::remove_file(path)?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let bound = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let (way, _folder) = short(path)?;
        socket.bind(&socket2::SockAddr::unix(way)?)?;
        // Nobody can connect before it listens.
        if let Some(mode) = mode {
            std::fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        std::io::Result::Ok(UnixListener::from(socket))
    };
    bound().map_err(|error| Error::internal(format!("can't listen on {shown}: {error}")))
}

/// A way to a socket's file that fits into an address, which is at most 107 bytes long, for as long as the folder beside it
/// is held open.
pub(super) fn short(path: &Path) -> std::io::Result<(PathBuf, Option<File>)> {
    match (path.as_os_str().len() > LONGEST_ADDRESS, path.parent(), path.file_name()) {
        (true, Some(folder), Some(name)) => {
            let folder = File::open(folder)?;
            let way = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
            Ok((way, Some(folder)))
        }
        _ => Ok((path.to_owned(), None)),
    }
}
