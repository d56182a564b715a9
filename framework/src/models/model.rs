//! Models as Rust types.

use std::sync::Arc;

use serde::Serialize;

use super::attr::Condition;
use super::query::{
    Create, CreateEach, Destroy, DestroyEach, Find, FindOne, Members, Update, UpdateEach, Upsert,
};
use super::{Attr, Key, Record, Schema};
use crate::Result;

/// A model. Derive it; queries start from here.
///
/// ```
/// use regatta::models::{Db, Model, Timestamp};
///
/// #[derive(Debug, Model)]
/// #[model(rename_all = "camelCase")]
/// struct Message {
///     id: i64,
///     #[attr(required, max_length = 280)]
///     body: String,
///     #[attr(auto_created_at)]
///     created_at: Timestamp,
/// }
///
/// async fn latest(db: &Db) -> regatta::Result<Vec<Message>> {
///     Message::find().filter(Message::BODY.contains("rust")).sort(Message::ID.desc()).limit(20).all(db).await
/// }
/// ```
pub trait Model: Serialize + Sized + 'static {
    /// The model's name in paths and events, such as `message`.
    const IDENTITY: &'static str;
    /// The type of the primary key.
    type Key: Key;

    /// What is known of the model at run time.
    fn schema() -> &'static Arc<Schema>;

    /// The typed form of a record.
    ///
    /// # Errors
    /// 500 when a column holds something else than its field.
    fn from_record(record: Record) -> Result<Self>;

    /// The primary key.
    fn key(&self) -> Self::Key;

    /// Starts a query for many records.
    fn find() -> Find<Self> {
        Find::new()
    }

    /// The record with this primary key.
    fn find_one(id: impl Into<Self::Key>) -> FindOne<Self> {
        FindOne::new(id.into().into())
    }

    /// A new record of anything that serialises as an object with the model's JSON names. A collection takes a
    /// list of primary keys.
    fn create(values: impl Serialize) -> Create<Self> {
        Create::new(&values, None)
    }

    /// New records, all of them or none.
    fn create_each<T: Serialize>(all: impl IntoIterator<Item = T>) -> CreateEach<Self> {
        CreateEach::new(all)
    }

    /// The first record that fits, else a new one. Of several who do this at once with a unique attribute, one
    /// makes the record and the others find it.
    fn find_or_create(condition: Condition<Self>, values: impl Serialize) -> Create<Self> {
        Create::new(&values, Some(condition.filter))
    }

    /// Changes the record that has the same value in the attribute `by`, which must be unique, or makes it.
    fn upsert<V>(by: Attr<Self, V>, values: impl Serialize) -> Upsert<Self> {
        Upsert::new(by.place(), &values)
    }

    /// Changes the record with this primary key.
    fn update(id: impl Into<Self::Key>) -> Update<Self> {
        Update::by_key(id.into().into())
    }

    /// Changes the only record that fits; several are a mistake and none is changed.
    fn update_one(condition: Condition<Self>) -> Update<Self> {
        Update::new(condition.filter)
    }

    /// Changes every record that fits.
    fn update_each(condition: Condition<Self>) -> UpdateEach<Self> {
        UpdateEach::new(condition.filter)
    }

    /// Removes the record with this primary key.
    fn destroy(id: impl Into<Self::Key>) -> Destroy<Self> {
        Destroy::by_key(id.into().into())
    }

    /// Removes the only record that fits; several are a mistake and none is removed.
    fn destroy_one(condition: Condition<Self>) -> Destroy<Self> {
        Destroy::new(condition.filter)
    }

    /// Removes every record that fits.
    fn destroy_each(condition: Condition<Self>) -> DestroyEach<Self> {
        DestroyEach::new(condition.filter)
    }

    /// What is in a collection of the record with this primary key:
    /// `Person::members(1, "pets").add([2, 3], &db)`.
    fn members(id: impl Into<Self::Key>, collection: &str) -> Members<Self> {
        Members::new(id.into().into(), collection)
    }
}
