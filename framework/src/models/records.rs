//! Records of a model that is known at run time only.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::aggregate::{Aggregate, Group, aggregate};
use super::crud::{self, Members, Write};
use super::query::{Wanted, resolve};
use super::{Criteria, Db, Filter, Populate, Record, Schema, Value};
use crate::{Error, Result};

/// The records of one model, by its schema: what typed queries do, for models made at run time. See
/// [`Db::records`].
///
/// ```
/// use regatta::models::{Criteria, Db};
/// use serde_json::json;
///
/// # async fn example(db: &Db) -> regatta::Result<()> {
/// let pets = db.records("pet")?;
/// let made = pets.create(json!({"name": "Rex"}).as_object().cloned().unwrap_or_default()).await?;
/// let all = pets.find(&Criteria { populate: pets.paths(&["owner"])?, ..Criteria::default() }).await?;
/// # let _ = (made, all); Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Records {
    db: Db,
    schema: Arc<Schema>,
    write: Write,
}

impl Db {
    /// The records of the model called `identity`.
    ///
    /// # Errors
    /// 500 when it is not part of the app.
    pub fn records(&self, identity: &str) -> Result<Records> {
        let schema = self.schema(identity)?.clone();
        Ok(Records { db: self.clone(), schema, write: Write::default() })
    }
}

impl Records {
    /// The model.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The id of the socket that causes what is written: events go to everyone else.
    #[must_use]
    pub fn origin(mut self, socket: Option<&str>) -> Self {
        self.write.origin = socket.map(str::to_owned);
        self
    }

    /// Populates these associations in what is written and in its events.
    #[must_use]
    pub fn populate(mut self, paths: Vec<Populate>) -> Self {
        self.write.populate = paths;
        self
    }

    /// Associations by their paths, such as `pets.vets`.
    ///
    /// # Errors
    /// 500 for a name the model lacks.
    pub fn paths(&self, paths: &[&str]) -> Result<Vec<Populate>> {
        let wanted: Vec<_> = paths.iter().map(|path| Wanted::all(path)).collect();
        resolve(&self.db, &self.schema, &wanted)
    }

    /// The records that the criteria ask for.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn find(&self, criteria: &Criteria) -> Result<Vec<Record>> {
        crud::find(&self.db, &self.schema, criteria).await
    }

    /// The only record the criteria ask for.
    ///
    /// # Errors
    /// 409 when there are several; 503 when the database is away.
    pub async fn find_one(&self, criteria: &Criteria) -> Result<Option<Record>> {
        let mut records = self.find(&Criteria { limit: Some(2), ..criteria.clone() }).await?;
        if records.len() > 1 {
            let model = self.schema.identity();
            return Err(Error::conflict(format!("more than one record of `{model}` fits")));
        }
        Ok(records.pop())
    }

    /// How many records the filter means.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn count(&self, filter: Filter) -> Result<u64> {
        crud::count(&self.db, &self.schema, &Criteria::of(filter)).await
    }

    /// The aggregates of each group of the records the filter means.
    ///
    /// # Errors
    /// 503 when the database is away; 500 when an attribute can't be added up.
    pub async fn aggregate(
        &self,
        filter: Filter,
        group: &[usize],
        aggregates: &[Aggregate],
    ) -> Result<Vec<Group>> {
        let filter = Criteria::of(filter).scoped_filter(&self.schema);
        aggregate(&self.db, &self.schema, &filter, group, aggregates).await
    }

    /// Stores a new record.
    ///
    /// # Errors
    /// As [`Create::exec`](super::Create::exec).
    pub async fn create(&self, values: Map<String, Json>) -> Result<Record> {
        crud::create(&self.db, &self.schema, values, &self.write).await
    }

    /// Stores new records: all of them or none.
    ///
    /// # Errors
    /// As [`CreateEach::exec`](super::CreateEach::exec).
    pub async fn create_each(&self, all: Vec<Map<String, Json>>) -> Result<Vec<Record>> {
        crud::create_each(&self.db, &self.schema, all, &self.write).await
    }

    /// The first record the filter means, else a new one; whether it is new is the second part.
    ///
    /// # Errors
    /// As [`Create::exec`](super::Create::exec).
    pub async fn find_or_create(&self, filter: Filter, values: Map<String, Json>) -> Result<(Record, bool)> {
        crud::find_or_create(&self.db, &self.schema, filter, values, &self.write).await
    }

    /// Changes the records the filter means and returns them as they are now.
    ///
    /// # Errors
    /// As [`UpdateEach::exec`](super::UpdateEach::exec).
    pub async fn update(&self, filter: Filter, values: Map<String, Json>) -> Result<Vec<Record>> {
        crud::update(&self.db, &self.schema, filter, values, &self.write).await
    }

    /// Changes the only record the filter means.
    ///
    /// # Errors
    /// As [`Update::exec`](super::Update::exec).
    pub async fn update_one(&self, filter: Filter, values: Map<String, Json>) -> Result<Option<Record>> {
        let write = Write { single: true, ..self.write.clone() };
        Ok(crud::update(&self.db, &self.schema, filter, values, &write).await?.pop())
    }

    /// Removes the records the filter means and returns them as they were.
    ///
    /// # Errors
    /// As [`DestroyEach::exec`](super::DestroyEach::exec).
    pub async fn destroy(&self, filter: Filter) -> Result<Vec<Record>> {
        crud::destroy(&self.db, &self.schema, filter, &self.write).await
    }

    /// Removes the only record the filter means.
    ///
    /// # Errors
    /// As [`Destroy::exec`](super::Destroy::exec).
    pub async fn destroy_one(&self, filter: Filter) -> Result<Option<Record>> {
        let write = Write { single: true, ..self.write.clone() };
        Ok(crud::destroy(&self.db, &self.schema, filter, &write).await?.pop())
    }

    /// Puts records into the collection `attribute` of the record `owner`.
    ///
    /// # Errors
    /// As [`Members::add`](super::Members::add).
    pub async fn add_to(&self, owner: &Value, attribute: &str, ids: &[Value]) -> Result<()> {
        crud::add(&self.db, self.members(owner, attribute)?, ids, self.write.origin.as_ref()).await
    }

    /// Takes records out of the collection `attribute` of the record `owner`.
    ///
    /// # Errors
    /// As [`Members::remove`](super::Members::remove).
    pub async fn remove_from(&self, owner: &Value, attribute: &str, ids: &[Value]) -> Result<()> {
        crud::remove(&self.db, self.members(owner, attribute)?, ids, self.write.origin.as_ref()).await
    }

    /// Makes exactly these records the members of the collection `attribute` of the record `owner`.
    ///
    /// # Errors
    /// As [`Members::replace`](super::Members::replace).
    pub async fn replace_collection(&self, owner: &Value, attribute: &str, ids: &[Value]) -> Result<()> {
        crud::replace(&self.db, self.members(owner, attribute)?, ids, self.write.origin.as_ref()).await
    }

    fn members<'a>(&'a self, owner: &'a Value, attribute: &str) -> Result<Members<'a>> {
        let model = self.schema.identity();
        let place = self.schema.index_of(attribute);
        let attribute =
            place.ok_or_else(|| Error::internal(format!("`{model}` has no collection `{attribute}`")))?;
        Ok(Members { schema: &self.schema, owner, attribute })
    }
}
