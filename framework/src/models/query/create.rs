//! New records.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Writing, to_map, typed, writing};
use crate::Result;
use crate::models::filter::Filter;
use crate::models::{Db, Model, crud};

/// A record to be made; see [`Model::create`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Create<M> {
    values: Result<Map<String, Json>>,
    found_by: Option<Filter>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Create<M> {
    writing!();

    pub(in crate::models) fn new(values: &impl Serialize, found_by: Option<Filter>) -> Self {
        Self { values: to_map(values), found_by, writing: Writing::default(), of: PhantomData }
    }

    /// Stores it, and tells those who watch the model.
    ///
    /// # Errors
    /// 400 `E_INVALID_NEW_RECORD` with everything that is wrong, 400 `E_UNIQUE`, 409 when it refers to what is
    /// not there, 503 when the database is away.
    pub async fn exec(self, db: &Db) -> Result<M> {
        let schema = M::schema();
        let write = self.writing.write(db, schema)?;
        let record = match self.found_by {
            Some(filter) => crud::find_or_create(db, schema, filter, self.values?, &write).await?.0,
            None => crud::create(db, schema, self.values?, &write).await?,
        };
        M::from_record(record)
    }
}

/// Records to be made; see [`Model::create_each`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct CreateEach<M> {
    all: Result<Vec<Map<String, Json>>>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> CreateEach<M> {
    writing!();

    pub(in crate::models) fn new<T: Serialize>(all: impl IntoIterator<Item = T>) -> Self {
        let all = all.into_iter().map(|values| to_map(&values)).collect();
        Self { all, writing: Writing::default(), of: PhantomData }
    }

    /// Stores all of them or none, and tells those who watch the model; the records come in the order they were
    /// given.
    ///
    /// # Errors
    /// As [`Create::exec`]; a wrong value names the record's place, from 0, as `record`.
    pub async fn exec(self, db: &Db) -> Result<Vec<M>> {
        let write = self.writing.write(db, M::schema())?;
        typed(crud::create_each(db, M::schema(), self.all?, &write).await?)
    }
}

/// A record to be changed or made; see [`Model::upsert`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Upsert<M> {
    unique: Vec<usize>,
    values: Result<Map<String, Json>>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Upsert<M> {
    writing!();

    pub(in crate::models) fn new(unique: usize, values: &impl Serialize) -> Self {
        Self { unique: vec![unique], values: to_map(values), writing: Writing::default(), of: PhantomData }
    }

    /// The record is the same only when it has the same value in this attribute too.
    pub fn and_by<V>(mut self, attribute: crate::models::Attr<M, V>) -> Self {
        self.unique.push(attribute.place());
        self
    }

    /// Changes the record or makes it, and tells those who watch.
    ///
    /// # Errors
    /// As [`Create::exec`]; 500 when the values lack one it is found by.
    pub async fn exec(self, db: &Db) -> Result<M> {
        let write = self.writing.write(db, M::schema())?;
        let (record, _) = crud::upsert(db, M::schema(), &self.unique, self.values?, &write).await?;
        M::from_record(record)
    }
}
