//! Reading and writing records by their schema; typed queries and blueprints stand on this.

mod collection;
mod create;
mod destroy;
mod explain;
mod notice;
mod reread;
mod rows;
mod update;

use std::sync::Arc;

pub(crate) use collection::{Members, add, remove, replace};
pub(crate) use create::{create, create_each, find_or_create, upsert};
pub(crate) use destroy::destroy;
pub(crate) use update::update;

use super::criteria::{Criteria, Populate};
use super::filter::Filter;
use super::populate::{Budget, populate};
use super::statement::Shape;
use super::{Db, Kind, Record, Schema, Value, statement};
use crate::db::{Layout, Query};
use crate::{Error, Result};

/// What goes with a write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Write {
    /// The associations to populate in the answer and in what is told of the change.
    pub(crate) populate: Vec<Populate>,
    /// The socket that caused it.
    pub(crate) origin: Option<String>,
    /// Whether a client gives the values: what it may not set is left out.
    pub(crate) from_client: bool,
    /// Whether more than one record would be a mistake.
    pub(crate) single: bool,
    /// Also records outside the model's default scope.
    pub(crate) unscoped: bool,
}

impl Write {
    /// The records that a write of those the filter means is about.
    fn criteria(&self, filter: Filter) -> Criteria {
        Criteria { populate: self.populate.clone(), unscoped: self.unscoped, ..Criteria::of(filter) }
    }

    /// Refuses to go on with several records where there can be one.
    fn check(&self, schema: &Schema, records: &[Record]) -> Result<()> {
        if self.single && records.len() > 1 {
            let model = schema.identity();
            return Err(Error::conflict(format!(
                "more than one record of `{model}` fits: make the criteria fit at most one"
            )));
        }
        Ok(())
    }
}

/// The records the criteria ask for.
pub(crate) async fn find(db: &Db, schema: &Arc<Schema>, criteria: &Criteria) -> Result<Vec<Record>> {
    find_within(db, schema, criteria, &mut Budget::default()).await
}

/// The same, with a bound on what is populated.
pub(crate) async fn find_within(
    db: &Db,
    schema: &Arc<Schema>,
    criteria: &Criteria,
    budget: &mut Budget,
) -> Result<Vec<Record>> {
    let mut records = select(db, schema, criteria).await?;
    populate(db, &mut records, &criteria.populate, budget).await?;
    Ok(records)
}

/// How many records the filter means.
pub(crate) async fn count(db: &Db, schema: &Schema, criteria: &Criteria) -> Result<u64> {
    let query =
        db.build(schema, &statement::count(db.engine(schema), schema, &criteria.scoped_filter(schema)));
    let rows = db.rows(schema, query, &Layout::single(Kind::Integer)).await?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(count)) => Ok(count.unsigned_abs()),
        _ => Ok(0),
    }
}

/// Whether the filter means any record.
pub(crate) async fn exists(db: &Db, schema: &Schema, criteria: &Criteria) -> Result<bool> {
    let query =
        db.build(schema, &statement::exists(db.engine(schema), schema, &criteria.scoped_filter(schema)));
    Ok(!db.rows(schema, query, &Layout::single(Kind::Integer)).await?.is_empty())
}

/// The statement that reads what the criteria ask for.
fn read(db: &Db, schema: &Schema, criteria: &Criteria) -> Query {
    let engine = db.engine(schema);
    let build = || db.build(schema, &statement::select(engine, schema, criteria));
    let Some((shape, values)) = Shape::of_read(engine, schema, criteria) else { return build() };
    if let Some(text) = schema.texts.get(&shape) {
        return Query::new(&text, values);
    }
    let query = build();
    // Only a text that takes just these values may be used again.
    if query.takes(&values) {
        schema.texts.keep(shape, query.sql());
    }
    query
}

/// The records without their associations.
pub(super) async fn select(db: &Db, schema: &Arc<Schema>, criteria: &Criteria) -> Result<Vec<Record>> {
    if criteria.limit == Some(0) {
        return Ok(Vec::new());
    }
    let query = read(db, schema, criteria);
    let rows = match &criteria.select {
        None => db.rows(schema, query, schema.layout()).await?,
        Some(selected) => {
            let slots = selected.iter().map(|&index| (index, schema.attribute_at(index).kind())).collect();
            db.rows(schema, query, &Layout::new(schema.attributes().len(), slots)).await?
        }
    };
    let record = |values| Record::new(schema.clone(), values, criteria.select.clone());
    Ok(rows.into_iter().map(record).collect())
}
