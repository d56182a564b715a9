//! A row of a model, known by its schema alone.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Schema, Value};

/// A record. As JSON it is what clients may see: private attributes are left out, a collection that was not
/// populated too, and an association to one record is its id until it is populated.
#[derive(Debug, Clone)]
pub struct Record {
    schema: Arc<Schema>,
    /// By the place of their attribute; null for collections.
    values: Vec<Value>,
    /// What was populated, by the place of its attribute.
    populated: Vec<(usize, Populated)>,
    /// The attributes that were asked for; all of them when unset.
    selected: Option<Arc<[usize]>>,
}

/// What an association refers to.
#[derive(Debug, Clone)]
pub enum Populated {
    /// The record, or nothing when it is gone.
    One(Option<Arc<Record>>),
    /// The records.
    Many(Vec<Arc<Record>>),
}

impl Record {
    pub(super) fn new(schema: Arc<Schema>, values: Vec<Value>, selected: Option<Arc<[usize]>>) -> Self {
        Self { schema, values, populated: Vec::new(), selected }
    }

    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The primary key.
    pub fn id(&self) -> &Value {
        self.at(self.schema.primary_key_index())
    }

    /// The value of the attribute `name`, private ones too; nothing for a name the model lacks.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.schema.index_of(name).map(|index| self.at(index))
    }

    /// What the association `name` was populated with.
    pub fn populated(&self, name: &str) -> Option<&Populated> {
        self.populated_at(self.schema.index_of(name)?)
    }

    /// Everything that was populated, with the place of its attribute.
    pub(crate) fn all_populated(&self) -> impl Iterator<Item = (usize, &Populated)> {
        self.populated.iter().map(|(place, populated)| (*place, populated))
    }

    pub(crate) fn at(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    /// Shows these attributes only; all when unset.
    pub(crate) fn select(&mut self, selected: Option<&Arc<[usize]>>) {
        self.selected = selected.cloned();
    }

    pub(super) fn populate(&mut self, index: usize, populated: Populated) {
        self.populated.push((index, populated));
    }

    /// The same with nothing populated.
    pub(super) fn without_populated(&self) -> Self {
        Self { populated: Vec::new(), ..self.clone() }
    }

    /// The same with null for the attribute at `index`.
    pub(super) fn with_null(&self, index: usize) -> Self {
        let mut record = self.without_populated();
        if let Some(value) = record.values.get_mut(index) {
            *value = Value::Null;
        }
        record
    }

    /// The parts a typed record is made of.
    pub(super) fn into_parts(self) -> (Arc<Schema>, Vec<Value>, Vec<(usize, Populated)>) {
        (self.schema, self.values, self.populated)
    }

    pub(crate) fn populated_at(&self, index: usize) -> Option<&Populated> {
        self.populated.iter().find(|(at, _)| *at == index).map(|(_, populated)| populated)
    }

    fn is_selected(&self, index: usize) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(&index))
    }
}

impl Populated {
    /// The records, however many there can be.
    pub(crate) fn records(&self) -> &[Arc<Record>] {
        match self {
            Self::One(record) => record.as_slice(),
            Self::Many(records) => records,
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, attribute) in self.schema.attributes().iter().enumerate() {
            if attribute.is_private() {
                continue;
            }
            match self.populated_at(index) {
                Some(populated) => map.serialize_entry(attribute.name(), populated)?,
                None if attribute.is_collection() || !self.is_selected(index) => {}
                None => map.serialize_entry(attribute.name(), self.at(index))?,
            }
        }
        map.end()
    }
}

impl Serialize for Populated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(Some(record)) => record.serialize(serializer),
            Self::One(None) => serializer.serialize_unit(),
            Self::Many(records) => serializer.collect_seq(records.iter().map(|record| &**record)),
        }
    }
}
