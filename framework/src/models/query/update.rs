//! Changed records.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Writing, to_map, typed, writing};
use crate::Result;
use crate::models::crud::{self, Write};
use crate::models::filter::Filter;
use crate::models::{Db, Model, Value};

/// A record to be changed; see [`Model::update`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Update<M> {
    filter: Filter,
    values: Result<Map<String, Json>>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Update<M> {
    writing!();

    pub(in crate::models) fn new(filter: Filter) -> Self {
        Self { filter, values: Ok(Map::new()), writing: Writing::default(), of: PhantomData }
    }

    pub(in crate::models) fn by_key(id: Value) -> Self {
        Self::new(Filter::id(M::schema(), id))
    }

    /// The values to change: anything that serialises as an object with the model's JSON names.
    pub fn set(mut self, values: impl Serialize) -> Self {
        self.values = to_map(&values);
        self
    }

    /// Changes the record and tells those who watch it; nothing when it does not exist.
    ///
    /// # Errors
    /// 400 `E_INVALID_VALUES_TO_SET` with everything that is wrong; 409 when several records fit, or when the
    /// record has changed since the version that the values name; else as [`Create::exec`](super::Create::exec).
    pub async fn exec(self, db: &Db) -> Result<Option<M>> {
        let write = Write { single: true, ..self.writing.write(db, M::schema())? };
        let mut records = crud::update(db, M::schema(), self.filter, self.values?, &write).await?;
        records.pop().map(M::from_record).transpose()
    }
}

/// Records to be changed; see [`Model::update_each`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct UpdateEach<M> {
    filter: Filter,
    values: Result<Map<String, Json>>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> UpdateEach<M> {
    writing!();

    pub(in crate::models) fn new(filter: Filter) -> Self {
        Self { filter, values: Ok(Map::new()), writing: Writing::default(), of: PhantomData }
    }

    /// The values to change: anything that serialises as an object with the model's JSON names.
    pub fn set(mut self, values: impl Serialize) -> Self {
        self.values = to_map(&values);
        self
    }

    /// Changes the records, with an event for each, and returns them as they are now, in the order of their primary
    /// keys. All of them are in memory meanwhile.
    ///
    /// # Errors
    /// As [`Update::exec`].
    pub async fn exec(self, db: &Db) -> Result<Vec<M>> {
        let write = self.writing.write(db, M::schema())?;
        typed(crud::update(db, M::schema(), self.filter, self.values?, &write).await?)
    }
}
