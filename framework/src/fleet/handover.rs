//! The parent's program started anew, in the same process and with all it has: its listening sockets, its control socket
//! and the lines to its children come to it by the LISTEN_FDS protocol, what is known about them in a variable.

use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use listenfd::ListenFd;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::child::{Child, Known};
use super::listeners::{FIRST_FD, door, fd};
use super::place::Order;
use super::{Doors, survey};
use crate::http::Door;
use crate::{Error, Result};

/// What is handed over, in this variable.
pub(super) const HANDED: &str = "REGATTA_HANDED";

/// Linux's numbers of what the lines are made of.
const AF_UNIX: i32 = 1;
const SOCK_STREAM: i32 = 1;

/// What one program hands to the next.
pub(super) struct Handed<'a> {
    pub(super) places: Vec<HandedPlace>,
    pub(super) doors: &'a Doors,
    pub(super) control: Result<OwnedFd>,
}

/// A place: its instance, if it has one, with how often it was started again.
#[derive(Debug)]
pub(super) struct HandedPlace {
    pub(super) child: Option<(Child, u32)>,
}

/// What a program finds that takes over.
pub(super) struct Found {
    pub(super) places: Vec<HandedPlace>,
    pub(super) doors: Doors,
    pub(super) control: UnixListener,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    /// Who it is for: children inherit variables.
    pid: u32,
    doors: usize,
    a_door_each: bool,
    places: Vec<Option<(Known, u32)>>,
}

/// What every place has, which ends then.
pub(super) async fn collect(places: &[mpsc::Sender<Order>]) -> Vec<HandedPlace> {
    let mut all = Vec::new();
    for place in places {
        let restarts = survey::rows(std::slice::from_ref(place)).await.first().map_or(0, |row| row.restarts);
        let (give, given) = oneshot::channel();
        let _ = place.send(Order::GiveUp(give)).await;
        let child = given.await.ok().flatten();
        all.push(HandedPlace { child: child.map(|child| (child, restarts)) });
    }
    all
}

/// Goes on as `program`; comes back only with an error, after which nothing here can be relied upon.
pub(super) fn go(program: &Path, handed: Handed<'_>) -> Error {
    match prepare(program, handed) {
        Ok(mut command) => Error::internal(format!("{}: {}", program.display(), command.exec())),
        Err(error) => error,
    }
}

fn prepare(program: &Path, handed: Handed<'_>) -> Result<Command> {
    let (a_door_each, doors) = match handed.doors {
        Doors::Each(doors) => (true, doors),
        Doors::Shared(doors) => (false, doors),
    };
    let mut fds = vec![handed.control?];
    for door in doors {
        fds.push(fd(door)?);
    }
    let mut places = Vec::new();
    for place in handed.places {
        places.push(match place.child {
            Some((child, restarts)) => {
                let (known, line) = child.hand_over()?;
                fds.push(line);
                Some((known, restarts))
            }
            None => None,
        });
    }
    let pid = std::process::id();
    let message = serde_json::to_string(&Message { pid, doors: doors.len(), a_door_each, places })?;
    let mut command = Command::new(program);
    command
        .args(std::env::args_os().skip(1))
        .env(HANDED, message)
        .env("LISTEN_FDS", fds.len().to_string())
        .env("LISTEN_PID", pid.to_string())
        .env_remove("LISTEN_FDNAMES")
        .env_remove("LISTEN_FDS_FIRST_FD");
    let mappings =
        fds.into_iter().zip(FIRST_FD..).map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
    command.fd_mappings(mappings.collect()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(command)
}

/// What the program before this one handed over; nothing when there was none.
///
/// # Errors
/// When what was handed over is not complete.
pub(super) fn found() -> Result<Option<Found>> {
    let message = std::env::var(HANDED).ok().and_then(|text| serde_json::from_str::<Message>(&text).ok());
    let Some(message) = message.filter(|message| message.pid == std::process::id()) else { return Ok(None) };
    let mut fds = ListenFd::from_env();
    let incomplete = || Error::internal("what the parent's program before handed over is not complete");
    let control = fds.take_unix_listener(0)?.ok_or_else(incomplete)?;
    let doors = (1..=message.doors).map(|at| door(&mut fds, at)).collect::<Result<Vec<Door>>>()?;
    let mut next = 1 + message.doors;
    let mut places = Vec::new();
    for place in message.places {
        let child = match place {
            Some((known, restarts)) => {
                let line: Option<UnixStream> =
                    fds.take_custom(next, AF_UNIX, SOCK_STREAM, "line to a child")?;
                next += 1;
                Some((Child::taken_over(known, line.ok_or_else(incomplete)?)?, restarts))
            }
            None => None,
        };
        places.push(HandedPlace { child });
    }
    let doors = if message.a_door_each { Doors::Each(doors) } else { Doors::Shared(doors) };
    Ok(Some(Found { places, doors, control }))
}
