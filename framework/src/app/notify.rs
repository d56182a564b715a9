//! Tells systemd that an instance serves, and again and again that it still does.
//!
//! The protocol of sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names. A thread of its own asks over the
//! instance's own port or Unix socket, so that a worker that hangs, or a port nobody accepts on, is not told as well.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr as Address, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::fleet;
use crate::http::Door;

/// Time between two questions until the instance is ready.
const ASKED_EVERY: Duration = Duration::from_millis(100);
/// How long one answer may take until then.
const PATIENCE: Duration = Duration::from_secs(2);
/// An instance that answers but is not ready for this long is told as started: what it needs may come later.
const SETTLED: Duration = Duration::from_secs(10);

/// Where to tell, and how often.
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// After so long without a word the manager ends the instance; none: it does not.
    watchdog: Option<Duration>,
}

/// Where the instance reaches itself.
#[derive(Debug)]
enum Place {
    Tcp(Address),
    Unix(SocketAddr),
}

/// Begins to tell what is known at the first of the instance's `doors`, when this process was started by systemd with `Type=notify` and is not a child of ours.
pub(super) fn start(doors: &[Door]) {
    if fleet::is_child() {
        return;
    }
    let Some(manager) = Manager::from_environment() else { return };
    let Some(place) = doors.first().and_then(|door| Place::of(door).ok()) else { return };
    let spawned = thread::Builder::new().name("notify".to_owned()).spawn(move || tell(&manager, &place));
    if let Err(error) = spawned {
        tracing::error!(%error, "systemd is told nothing: it will take this instance for one that does not start");
    }
}

/// A listening address as the instance itself reaches it.
fn reached(mut address: Address) -> Address {
    match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(host) if host.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn tell(manager: &Manager, place: &Place) {
    let mut since = None;
    loop {
        if place.answers("/readyz", PATIENCE) {
            break;
        }
        if place.answers("/livez", PATIENCE) && since.get_or_insert_with(Instant::now).elapsed() >= SETTLED {
            break;
        }
        thread::sleep(ASKED_EVERY);
    }
    manager.say("READY=1");
    let Some(watchdog) = manager.watchdog else { return };
    // Twice in the time, as sd_watchdog_enabled(3) advises.
    let (pause, patience) = (watchdog / 2, watchdog / 4);
    loop {
        if place.answers("/livez", patience) {
            manager.say("WATCHDOG=1");
        }
        thread::sleep(pause);
    }
}

impl Place {
    fn of(door: &Door) -> std::io::Result<Self> {
        Ok(match door {
            Door::Tcp(listener) => Self::Tcp(reached(listener.local_addr()?)),
            Door::Unix(listener) => Self::Unix(listener.local_addr()?),
        })
    }

    /// Whether the instance answers a health check with 200 in time.
    fn answers(&self, path: &str, patience: Duration) -> bool {
        let answer = match self {
            Self::Tcp(address) => TcpStream::connect_timeout(address, patience).and_then(|stream| {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                ask(stream, path)
            }),
            // It only waits where so many wait to be accepted that the instance is as good as dead.
            Self::Unix(address) => UnixStream::connect_addr(address).and_then(|stream| {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                ask(stream, path)
            }),
        };
        answer.unwrap_or(false)
    }
}

fn ask(mut stream: impl Read + Write, path: &str) -> std::io::Result<bool> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(&status == b"HTTP/1.1 200")
}

impl Manager {
    fn from_environment() -> Option<Self> {
        let name = std::env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty())?;
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
        Self::at(&name, watchdog.map(Duration::from_micros))
            .inspect_err(|error| tracing::error!(%error, "NOTIFY_SOCKET={name} can't be used"))
            .ok()
    }

    fn at(name: &str, watchdog: Option<Duration>) -> std::io::Result<Self> {
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        Ok(Self { socket: UnixDatagram::unbound()?, address, watchdog })
    }

    fn say(&self, text: &str) {
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.address) {
            tracing::warn!(%error, "systemd could not be told {text}");
        }
    }
}

#[cfg(test)]
mod tests;
