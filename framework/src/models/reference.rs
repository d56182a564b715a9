//! Associations in typed records.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::field::Slot;
use super::record::Populated;
use super::{Field, Kind, Model};
use crate::{Error, Result};

/// A reference to one record: its id, or the record itself once populated.
#[derive(Debug, Clone)]
pub enum Ref<M: Model> {
    /// The primary key.
    Id(M::Key),
    /// The record, with what of it was populated.
    Record(Box<M>),
}

impl<M: Model> Ref<M> {
    /// The primary key of what is referred to.
    pub fn id(&self) -> M::Key {
        match self {
            Self::Id(id) => id.clone(),
            Self::Record(record) => record.key(),
        }
    }

    /// The record, when it was populated.
    pub fn get(&self) -> Option<&M> {
        match self {
            Self::Id(_) => None,
            Self::Record(record) => Some(record),
        }
    }
}

impl<M: Model> Serialize for Ref<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Record(record) => record.serialize(serializer),
        }
    }
}

impl<M: Model> Field for Ref<M> {
    const KIND: Kind = M::Key::KIND;
    const TARGET: Option<&'static str> = Some(M::IDENTITY);
    type Operand = M::Key;

    fn load(slot: Slot) -> Result<Self> {
        match slot.populated {
            Some(Populated::One(Some(record))) => {
                M::from_record(Arc::unwrap_or_clone(record)).map(|record| Self::Record(Box::new(record)))
            }
            Some(Populated::One(None)) => Err(Error::internal("what it refers to is gone")),
            _ => M::Key::load(slot).map(Self::Id),
        }
    }
}

/// The records that refer to this one; none, and not in JSON, until populated.
#[derive(Debug, Clone)]
pub struct Many<M>(Option<Vec<M>>);

impl<M> Many<M> {
    /// Whether the records were asked for.
    pub fn is_populated(&self) -> bool {
        self.0.is_some()
    }
}

impl<M> Default for Many<M> {
    fn default() -> Self {
        Self(None)
    }
}

impl<M> Deref for Many<M> {
    type Target = [M];

    fn deref(&self) -> &[M] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<M: Serialize> Serialize for Many<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<M: Model> Field for Many<M> {
    const KIND: Kind = Kind::Json;
    const TARGET: Option<&'static str> = Some(M::IDENTITY);
    type Operand = ();

    fn load(slot: Slot) -> Result<Self> {
        let Some(Populated::Many(records)) = slot.populated else { return Ok(Self(None)) };
        let records = records.into_iter().map(|record| M::from_record(Arc::unwrap_or_clone(record)));
        records.collect::<Result<_>>().map(|records| Self(Some(records)))
    }

    fn is_shown(&self) -> bool {
        self.is_populated()
    }
}
