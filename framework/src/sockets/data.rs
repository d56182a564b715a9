//! What the app keeps about a socket.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Socket;
use crate::{Error, Result};

impl Socket {
    /// What the app keeps about the socket under `key`. It lives as long as the socket does.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # fn example(socket: &Socket) -> Result<()> {
    /// socket.set("name", &"Ada")?;
    /// let name: Option<String> = socket.get("name")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 500 when it is something else than a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let value = self.data_cell().borrow().get(key).cloned();
        let read = |value| {
            serde_json::from_value(value)
                .map_err(|error| Error::internal(format!("the socket's `{key}` is something else: {error}")))
        };
        value.map(read).transpose()
    }

    /// Keeps something about the socket, where [`Broadcast::fetch_sockets`](super::Broadcast::fetch_sockets) shows it to
    /// every instance.
    ///
    /// # Errors
    /// When `value` can't be written as JSON.
    pub fn set(&self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        let value = serde_json::to_value(value)?;
        self.data_cell().borrow_mut().insert(key.to_owned(), value);
        Ok(())
    }

    /// Keeps it no longer; what it was.
    pub fn unset(&self, key: &str) -> Option<Value> {
        self.data_cell().borrow_mut().shift_remove(key)
    }

    /// All that the app keeps about the socket.
    pub fn data(&self) -> Map<String, Value> {
        self.data_cell().borrow().clone()
    }
}
