//! Records that go.

use std::marker::PhantomData;

use super::{Writing, typed, writing};
use crate::Result;
use crate::models::archive::archive;
use crate::models::crud::{self, Write};
use crate::models::filter::Filter;
use crate::models::{Db, Model, Value};

/// A record to be removed; see [`Model::destroy`].
#[derive(Debug)]
#[must_use = "nothing is removed before `exec`"]
pub struct Destroy<M> {
    filter: Filter,
    archived: bool,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Destroy<M> {
    writing!();

    pub(in crate::models) fn new(filter: Filter) -> Self {
        Self { filter, archived: false, writing: Writing::default(), of: PhantomData }
    }

    pub(in crate::models) fn by_key(id: Value) -> Self {
        Self::new(Filter::id(M::schema(), id))
    }

    /// Keeps a copy in the app's archive (`App::archive`), private attributes included.
    pub fn archive(mut self) -> Self {
        self.archived = true;
        self
    }

    /// Removes the record and tells those who watch it, and those who watch what was populated; nothing when it
    /// does not exist.
    ///
    /// # Errors
    /// 409 when other records need it or several fit, 503 when the database is away.
    pub async fn exec(self, db: &Db) -> Result<Option<M>> {
        let write = Write { single: true, ..self.writing.write(db, M::schema())? };
        let mut records = match self.archived {
            true => archive(db, M::schema(), self.filter, &write).await?,
            false => crud::destroy(db, M::schema(), self.filter, &write).await?,
        };
        records.pop().map(M::from_record).transpose()
    }
}

/// Records to be removed; see [`Model::destroy_each`].
#[derive(Debug)]
#[must_use = "nothing is removed before `exec`"]
pub struct DestroyEach<M> {
    filter: Filter,
    archived: bool,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> DestroyEach<M> {
    writing!();

    pub(in crate::models) fn new(filter: Filter) -> Self {
        Self { filter, archived: false, writing: Writing::default(), of: PhantomData }
    }

    /// Keeps a copy in the app's archive (`App::archive`), private attributes included.
    pub fn archive(mut self) -> Self {
        self.archived = true;
        self
    }

    /// Removes the records, with an event for each, and returns them as they were, in the order of their primary
    /// keys. All of them are in memory meanwhile.
    ///
    /// # Errors
    /// As [`Destroy::exec`].
    pub async fn exec(self, db: &Db) -> Result<Vec<M>> {
        let write = self.writing.write(db, M::schema())?;
        typed(match self.archived {
            true => archive(db, M::schema(), self.filter, &write).await?,
            false => crud::destroy(db, M::schema(), self.filter, &write).await?,
        })
    }
}
