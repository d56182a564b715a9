//! What happened to a record, for those who watch it.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::input::Given;
use super::{Record, Schema, Value};

/// What happened to a record, by the word its event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// It was made.
    Created,
    /// Values of it were changed.
    Updated,
    /// It was removed.
    Destroyed,
    /// A record came into one of its collections.
    AddedTo,
    /// A record left one of its collections.
    RemovedFrom,
}

/// A record that was made, changed or removed, or whose collections gained or lost a member.
#[derive(Debug, Clone)]
pub struct Change {
    schema: Arc<Schema>,
    id: Value,
    what: What,
    origin: Option<String>,
}

#[derive(Debug, Clone)]
enum What {
    Created(Record),
    /// `changed` has the attributes that were set, in that order, `members` what collections were given.
    Updated {
        record: Record,
        previous: Record,
        changed: Vec<usize>,
        members: Vec<(usize, Vec<Value>)>,
    },
    /// The other side of an association was changed: this attribute refers to `value` now.
    Linked {
        attribute: usize,
        value: Value,
    },
    Destroyed(Record),
    AddedTo {
        attribute: usize,
        member: Value,
    },
    RemovedFrom {
        attribute: usize,
        member: Value,
    },
}

impl Change {
    fn new(schema: &Arc<Schema>, id: Value, what: What, origin: Option<&String>) -> Self {
        Self { schema: schema.clone(), id, what, origin: origin.cloned() }
    }

    pub(super) fn created(record: Record, origin: Option<&String>) -> Self {
        Self::new(&record.schema().clone(), record.id().clone(), What::Created(record), origin)
    }

    pub(super) fn updated(record: Record, previous: Record, given: &Given, origin: Option<&String>) -> Self {
        // Who watches knows the record by the key it had.
        let (schema, id) = (record.schema().clone(), previous.id().clone());
        let changed = given.values.iter().map(|(place, _)| *place).collect();
        let members = given.members.clone();
        Self::new(&schema, id, What::Updated { record, previous, changed, members }, origin)
    }

    pub(super) fn linked(
        schema: &Arc<Schema>,
        id: Value,
        attribute: usize,
        value: Value,
        origin: Option<&String>,
    ) -> Self {
        Self::new(schema, id, What::Linked { attribute, value }, origin)
    }

    pub(super) fn destroyed(record: Record, origin: Option<&String>) -> Self {
        Self::new(&record.schema().clone(), record.id().clone(), What::Destroyed(record), origin)
    }

    pub(super) fn added(
        schema: &Arc<Schema>,
        id: Value,
        attribute: usize,
        member: Value,
        origin: Option<&String>,
    ) -> Self {
        Self::new(schema, id, What::AddedTo { attribute, member }, origin)
    }

    pub(super) fn removed(
        schema: &Arc<Schema>,
        id: Value,
        attribute: usize,
        member: Value,
        origin: Option<&String>,
    ) -> Self {
        Self::new(schema, id, What::RemovedFrom { attribute, member }, origin)
    }

    /// What happened.
    pub fn verb(&self) -> Verb {
        match self.what {
            What::Created(_) => Verb::Created,
            What::Updated { .. } | What::Linked { .. } => Verb::Updated,
            What::Destroyed(_) => Verb::Destroyed,
            What::AddedTo { .. } => Verb::AddedTo,
            What::RemovedFrom { .. } => Verb::RemovedFrom,
        }
    }

    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The record's primary key.
    pub fn id(&self) -> &Value {
        &self.id
    }

    /// The socket that caused it and does not hear of it.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether clients may hear of it: what is private happens in silence.
    pub(crate) fn is_public(&self) -> bool {
        match self.what {
            What::Linked { attribute, .. }
            | What::AddedTo { attribute, .. }
            | What::RemovedFrom { attribute, .. } => !self.schema.attribute_at(attribute).is_private(),
            What::Created(_) | What::Updated { .. } | What::Destroyed(_) => true,
        }
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
        let name = |attribute: usize| change.schema.attribute_at(attribute).name();
        let mut map = serializer.serialize_map(None)?;
        match &change.what {
            What::Created(record) => {
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("data", record)?;
                map.serialize_entry("id", &change.id)?;
            }
            What::Updated { record, previous, changed, members } => {
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("data", &Changed { record, changed, members })?;
                map.serialize_entry("id", &change.id)?;
                map.serialize_entry("previous", previous)?;
            }
            What::Linked { attribute, value } => {
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("data", &Pair(name(*attribute), value))?;
                map.serialize_entry("id", &change.id)?;
            }
            What::Destroyed(record) => {
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("id", &change.id)?;
                map.serialize_entry("previous", record)?;
            }
            What::AddedTo { attribute, member } => {
                map.serialize_entry("id", &change.id)?;
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("attribute", name(*attribute))?;
                map.serialize_entry("addedId", member)?;
            }
            What::RemovedFrom { attribute, member } => {
                map.serialize_entry("id", &change.id)?;
                map.serialize_entry("verb", &change.verb())?;
                map.serialize_entry("attribute", name(*attribute))?;
                map.serialize_entry("removedId", member)?;
            }
        }
        map.end()
    }
}

struct Pair<'a>(&'a str, &'a Value);

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, self.1)?;
        map.end()
    }
}

/// The values that were set, and the primary key before those that set themselves.
struct Changed<'a> {
    record: &'a Record,
    changed: &'a [usize],
    members: &'a [(usize, Vec<Value>)],
}

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema = self.record.schema();
        let is_automatic = |index: usize| schema.attribute_at(index).automatic().is_some();
        let is_public = |index: usize| !schema.attribute_at(index).is_private();
        let key = schema.primary_key_index();
        let without_key = self.changed.iter().filter(|index| **index != key);
        let set = without_key.clone().filter(|index| !is_automatic(**index));
        let automatic = without_key.filter(|index| is_automatic(**index));
        let mut map = serializer.serialize_map(None)?;
        for &index in set.filter(|index| is_public(**index)) {
            map.serialize_entry(schema.attribute_at(index).name(), self.record.at(index))?;
        }
        for (index, ids) in self.members.iter().filter(|(index, _)| is_public(*index)) {
            map.serialize_entry(schema.attribute_at(*index).name(), ids)?;
        }
        for &index in [&key].into_iter().chain(automatic.filter(|index| is_public(**index))) {
            map.serialize_entry(schema.attribute_at(index).name(), self.record.at(index))?;
        }
        map.end()
    }
}

/// Who hears of changes. An app has one: its sockets.
pub trait ChangeSink: Send + Sync + fmt::Debug {
    /// Tells of a change; called after it lasts.
    fn publish(&self, change: Change) -> BoxFuture<'static, ()>;
}
