//! Models as Rust types.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::attr::{Condition, Direction};
use super::criteria::{Criteria, Populate};
use super::crud::{self, Write};
use super::filter::Filter;
use super::input::{Assignments, Giver, for_create, for_update};
use super::{Db, Key, Record, Schema, Value};
use crate::{Error, Result};

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
        Find { criteria: Criteria::default(), populate: Vec::new(), of: PhantomData }
    }

    /// The record with this primary key.
    fn find_one(id: impl Into<Self::Key>) -> FindOne<Self> {
        FindOne { id: id.into().into(), populate: Vec::new(), of: PhantomData }
    }

    /// A new record of anything that serialises as an object with the model's JSON names.
    fn create(values: impl Serialize) -> Create<Self> {
        Create { values: to_map(&values), found_by: None, writing: Writing::default(), of: PhantomData }
    }

    /// The first record that fits, else a new one. Of several who do this at once with a unique attribute, one
    /// makes the record and the others find it.
    fn find_or_create(condition: Condition<Self>, values: impl Serialize) -> Create<Self> {
        Create { found_by: Some(condition.filter), ..Self::create(values) }
    }

    /// Changes the record with this primary key.
    fn update(id: impl Into<Self::Key>) -> Update<Self> {
        let (id, values) = (id.into().into(), Ok(Map::new()));
        Update { id, values, writing: Writing::default(), of: PhantomData }
    }

    /// Removes the record with this primary key.
    fn destroy(id: impl Into<Self::Key>) -> Destroy<Self> {
        Destroy { id: id.into().into(), writing: Writing::default(), of: PhantomData }
    }
}

/// A query for many records; see [`Model::find`].
#[derive(Debug)]
#[must_use = "nothing is read before `all`, `first` or `count`"]
pub struct Find<M> {
    criteria: Criteria,
    populate: Vec<String>,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Find<M> {
    /// Only records for which this holds; several conditions all have to hold.
    pub fn filter(mut self, condition: Condition<M>) -> Self {
        self.criteria.filter = self.criteria.filter.and(condition.filter);
        self
    }

    /// Sorted like this; a second order decides among equals.
    pub fn sort(mut self, direction: Direction<M>) -> Self {
        self.criteria.sort.push(direction.sort);
        self
    }

    /// At most `limit` records; all when not called.
    pub fn limit(mut self, limit: u64) -> Self {
        self.criteria.limit = Some(limit);
        self
    }

    /// Without the first `skip` records.
    pub fn skip(mut self, skip: u64) -> Self {
        self.criteria.skip = skip;
        self
    }

    /// With what the association refers to: one more statement, however many records there are.
    pub fn populate(mut self, association: &str) -> Self {
        self.populate.push(association.to_owned());
        self
    }

    /// The records.
    ///
    /// # Errors
    /// 503 when the database is away; 500 for an association the model lacks.
    pub async fn all(mut self, db: &Db) -> Result<Vec<M>> {
        self.criteria.populate = paths(M::schema(), &self.populate)?;
        let records = crud::find(db, M::schema(), &self.criteria).await?;
        records.into_iter().map(M::from_record).collect()
    }

    /// The first record.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn first(self, db: &Db) -> Result<Option<M>> {
        Ok(self.limit(1).all(db).await?.pop())
    }

    /// How many records there are, whatever the limit.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn count(self, db: &Db) -> Result<u64> {
        crud::count(db, M::schema(), &self.criteria.filter).await
    }
}

/// A query for one record; see [`Model::find_one`].
#[derive(Debug)]
#[must_use = "nothing is read before `get`"]
pub struct FindOne<M> {
    id: Value,
    populate: Vec<String>,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> FindOne<M> {
    /// With what the association refers to.
    pub fn populate(mut self, association: &str) -> Self {
        self.populate.push(association.to_owned());
        self
    }

    /// The record, if it exists.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn get(self, db: &Db) -> Result<Option<M>> {
        let paths = paths(M::schema(), &self.populate)?;
        crud::find_one(db, M::schema(), self.id, &paths).await?.map(M::from_record).transpose()
    }
}

/// What every write can be told.
#[derive(Debug, Default)]
struct Writing {
    populate: Vec<String>,
    origin: Option<String>,
}

impl Writing {
    fn write(self, schema: &Schema) -> Result<Write> {
        Ok(Write { populate: paths(schema, &self.populate)?, origin: self.origin })
    }
}

macro_rules! writing {
    () => {
        /// With what the association refers to, in the answer and in the event.
        pub fn populate(mut self, association: &str) -> Self {
            self.writing.populate.push(association.to_owned());
            self
        }

        /// The id of the socket that caused it: the event goes to everyone else.
        pub fn origin(mut self, socket: Option<&str>) -> Self {
            self.writing.origin = socket.map(str::to_owned);
            self
        }
    };
}

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

    /// Stores it, and tells those who watch the model.
    ///
    /// # Errors
    /// 400 `E_INVALID_NEW_RECORD` with everything that is wrong, 400 `E_UNIQUE`, 409 when it refers to what is
    /// not there, 503 when the database is away.
    pub async fn exec(self, db: &Db) -> Result<M> {
        let schema = M::schema();
        let values = for_create(schema, &self.values?, Giver::App)?;
        let write = self.writing.write(schema)?;
        M::from_record(store(db, schema, self.found_by, values, write).await?)
    }
}

async fn store(
    db: &Db,
    schema: &Arc<Schema>,
    found_by: Option<Filter>,
    values: Assignments,
    write: Write,
) -> Result<Record> {
    match found_by {
        Some(filter) => crud::find_or_create(db, schema, filter, values, write).await,
        None => crud::create(db, schema, values, write).await,
    }
}

/// A record to be changed; see [`Model::update`].
#[derive(Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Update<M> {
    id: Value,
    values: Result<Map<String, Json>>,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Update<M> {
    writing!();

    /// The values to change: anything that serialises as an object with the model's JSON names.
    pub fn set(mut self, values: impl Serialize) -> Self {
        self.values = to_map(&values);
        self
    }

    /// Changes the record and tells those who watch it; nothing when it does not exist.
    ///
    /// # Errors
    /// 400 `E_INVALID_VALUES_TO_SET` with everything that is wrong, else as [`Create::exec`].
    pub async fn exec(self, db: &Db) -> Result<Option<M>> {
        let schema = M::schema();
        let values = for_update(schema, &self.values?, Giver::App)?;
        let write = self.writing.write(schema)?;
        crud::update(db, schema, self.id, values, write).await?.map(M::from_record).transpose()
    }
}

/// A record to be removed; see [`Model::destroy`].
#[derive(Debug)]
#[must_use = "nothing is removed before `exec`"]
pub struct Destroy<M> {
    id: Value,
    writing: Writing,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Destroy<M> {
    writing!();

    /// Removes the record and tells those who watch it; nothing when it does not exist.
    ///
    /// # Errors
    /// 409 when other records need it, 503 when the database is away.
    pub async fn exec(self, db: &Db) -> Result<Option<M>> {
        let schema = M::schema();
        let write = self.writing.write(schema)?;
        crud::destroy(db, schema, self.id, write).await?.map(M::from_record).transpose()
    }
}

fn to_map(values: &impl Serialize) -> Result<Map<String, Json>> {
    match serde_json::to_value(values)? {
        Json::Object(map) => Ok(map),
        other => Err(Error::internal(format!("the values of a record are an object, not `{other}`"))),
    }
}

/// The associations by name; a name the model lacks is the app's mistake.
fn paths(schema: &Schema, names: &[String]) -> Result<Vec<Populate>> {
    let path = |name: &String| match schema.association(name) {
        Ok((attribute, _)) => Ok(Populate { attribute, limit: None }),
        Err(error) => Err(Error::internal(error.message().to_owned())),
    };
    names.iter().map(path).collect()
}
