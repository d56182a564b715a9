//! Where private listeners are: that of an instance alone or of the parent where the configuration says, those of a parent's
//! instances beside its control socket.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::child::PRIVATE;
use super::listeners::{bind_unix, tcp};
use crate::config::{Config, Listen};
use crate::http::Door;
use crate::{Error, Result};

/// The permissions of a listener that is a file: it is for this user alone.
const MODE: u32 = 0o600;

/// The file of a private listener, which goes with this.
#[derive(Debug)]
pub(crate) struct PrivateFile(PathBuf);

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // Its parent may have been faster.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A listening socket with the file it may have.
pub(crate) type PrivateDoor = (Door, Option<PrivateFile>);

/// That of an instance: where its parent wants it, else where the configuration does; nothing when nobody does.
///
/// # Errors
/// When its address is taken or not allowed; the message says what to do.
pub(crate) fn private_door(config: &Config) -> Result<Option<PrivateDoor>> {
    if super::is_child() {
        let wanted = std::env::var_os(PRIVATE).filter(|path| !path.is_empty());
        return wanted.map(|path| file(PathBuf::from(path))).transpose();
    }
    configured(config)
}

/// That of the configuration.
///
/// # Errors
/// As [`private_door`].
pub(super) fn configured(config: &Config) -> Result<Option<PrivateDoor>> {
    match &config.metrics.listen {
        Listen::Auto | Listen::Off => Ok(None),
        Listen::At(address) => Ok(Some((at(*address)?, None))),
        Listen::Unix(path) => file(config.path(path)).map(Some),
    }
}

/// Where an instance's is, for the parent with this control socket.
pub(super) fn of_instance(control: &Path, id: &str) -> PathBuf {
    control.with_extension(format!("{id}.sock"))
}

fn file(path: PathBuf) -> Result<PrivateDoor> {
    let door = bind_unix(&path, Some(MODE)).map(Door::Unix)?;
    Ok((door, Some(PrivateFile(path))))
}

fn at(address: SocketAddr) -> Result<Door> {
    tcp(address).map(Door::Tcp).map_err(|error| {
        Error::internal(format!(
            "can't listen on {address} ({error}): set `listen` in config/metrics.toml to a free address of this machine, \
             or to off"
        ))
    })
}
