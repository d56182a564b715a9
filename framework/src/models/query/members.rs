//! What is in a record's collection.

use std::marker::PhantomData;

use crate::models::crud;
use crate::models::{Db, Model, Value};
use crate::{Error, Result};

/// The collection of one record; see [`Model::members`].
#[derive(Debug)]
#[must_use = "nothing happens before `add`, `remove` or `replace`"]
pub struct Members<M> {
    owner: Value,
    collection: String,
    origin: Option<String>,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Members<M> {
    pub(in crate::models) fn new(owner: Value, collection: &str) -> Self {
        Self { owner, collection: collection.to_owned(), origin: None, of: PhantomData }
    }

    /// The id of the socket that causes it: the events go to everyone else.
    pub fn origin<'a>(mut self, socket: impl Into<Option<&'a str>>) -> Self {
        self.origin = socket.into().map(str::to_owned);
        self
    }

    /// Puts records into the collection; those that are in it already stay. A record that can be in one such
    /// collection only leaves the other.
    ///
    /// # Errors
    /// 409 when one of them, or the owner, does not exist; 500 when the model has no such collection.
    pub async fn add<K: Into<Value>>(self, ids: impl IntoIterator<Item = K>, db: &Db) -> Result<()> {
        crud::add(db, self.found()?, &values(ids), self.origin.as_ref()).await
    }

    /// Takes records out of the collection; those that are not in it are no mistake.
    ///
    /// # Errors
    /// 409 when a member can't be without an owner; 500 when the model has no such collection.
    pub async fn remove<K: Into<Value>>(self, ids: impl IntoIterator<Item = K>, db: &Db) -> Result<()> {
        crud::remove(db, self.found()?, &values(ids), self.origin.as_ref()).await
    }

    /// Makes exactly these records the members.
    ///
    /// # Errors
    /// As [`Members::add`] and [`Members::remove`].
    pub async fn replace<K: Into<Value>>(self, ids: impl IntoIterator<Item = K>, db: &Db) -> Result<()> {
        crud::replace(db, self.found()?, &values(ids), self.origin.as_ref()).await
    }

    fn found(&self) -> Result<crud::Members<'_>> {
        let schema = M::schema();
        let attribute = schema.index_of(&self.collection).ok_or_else(|| {
            Error::internal(format!("`{}` has no collection `{}`", M::IDENTITY, self.collection))
        })?;
        Ok(crud::Members { schema, owner: &self.owner, attribute })
    }
}

fn values<K: Into<Value>>(ids: impl IntoIterator<Item = K>) -> Vec<Value> {
    ids.into_iter().map(Into::into).collect()
}
