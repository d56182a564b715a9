//! What happened to a record, for those who watch it.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Record, Schema, Value};

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It was made.
    Created,
    /// Values of it were changed.
    Updated,
    /// It was removed.
    Destroyed,
}

/// A record that was made, changed or removed.
#[derive(Debug, Clone)]
pub struct Change {
    verb: Verb,
    record: Record,
    /// The record as it was, of an update.
    previous: Option<Record>,
    /// The attributes that were set, in that order, of an update.
    changed: Vec<usize>,
    origin: Option<String>,
}

impl Change {
    pub(super) fn created(record: Record, origin: Option<String>) -> Self {
        Self { verb: Verb::Created, record, previous: None, changed: Vec::new(), origin }
    }

    pub(super) fn updated(
        record: Record,
        previous: Record,
        changed: Vec<usize>,
        origin: Option<String>,
    ) -> Self {
        Self { verb: Verb::Updated, record, previous: Some(previous), changed, origin }
    }

    pub(super) fn destroyed(record: Record, origin: Option<String>) -> Self {
        Self { verb: Verb::Destroyed, record, previous: None, changed: Vec::new(), origin }
    }

    /// What happened.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        self.record.schema()
    }

    /// The record as it is now, or as it was when it was removed.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The record's primary key.
    pub fn id(&self) -> &Value {
        self.record.id()
    }

    /// The socket that caused it and does not hear of it.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The event's data, as Sails sends it; private attributes are in none of it.
    pub fn payload(&self) -> impl Serialize + '_ {
        Payload(self)
    }
}

struct Payload<'a>(&'a Change);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("verb", &change.verb)?;
        match change.verb {
            Verb::Created => {
                map.serialize_entry("data", &change.record)?;
                map.serialize_entry("id", change.id())?;
            }
            Verb::Updated => {
                map.serialize_entry("data", &Changed(change))?;
                map.serialize_entry("id", change.id())?;
                map.serialize_entry("previous", &change.previous)?;
            }
            Verb::Destroyed => {
                map.serialize_entry("id", change.id())?;
                map.serialize_entry("previous", &change.record)?;
            }
        }
        map.end()
    }
}

/// The values that were set, and the primary key before those that set themselves.
struct Changed<'a>(&'a Change);

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = &self.0.record;
        let attributes = record.schema().attributes();
        let is_automatic = |index: &&usize| attributes[**index].automatic().is_some();
        let key = record.schema().primary_key_index();
        let set = self.0.changed.iter().filter(|index| !is_automatic(index) && **index != key);
        let automatic = self.0.changed.iter().filter(|index| is_automatic(index) && **index != key);
        let mut map = serializer.serialize_map(None)?;
        for &index in set.chain([&key]).chain(automatic) {
            if !attributes[index].is_private() {
                map.serialize_entry(attributes[index].name(), record.at(index))?;
            }
        }
        map.end()
    }
}

/// Who hears of changes. An app has one: its sockets.
pub trait ChangeSink: Send + Sync + fmt::Debug {
    /// Tells of a change; called after it lasts.
    fn publish(&self, change: Change) -> BoxFuture<'static, ()>;
}
