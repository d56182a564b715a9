//! Who is making which answer in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Key;

type Table = HashMap<Key, watch::Receiver<()>>;

/// The keys whose answers are being made; at most one for each request in flight.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Table>>);

/// The only one to make an answer; dropped, it lets the others go on.
#[derive(Debug)]
pub(super) struct Turn {
    flights: Flights,
    key: Key,
    _ends: watch::Sender<()>,
}

impl Flights {
    /// The turn, or what tells when whoever has it is done.
    pub(super) fn take(&self, key: &Key) -> Result<Turn, watch::Receiver<()>> {
        let mut table = self.table();
        if let Some(ended) = table.get(key) {
            return Err(ended.clone());
        }
        let (ends, ended) = watch::channel(());
        table.insert(key.clone(), ended);
        Ok(Turn { flights: self.clone(), key: key.clone(), _ends: ends })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.flights.table().remove(&self.key);
    }
}
