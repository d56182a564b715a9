//! Reading and writing records by their schema; typed queries and blueprints stand on this.

use std::sync::Arc;

use super::criteria::{Criteria, Populate};
use super::filter::Filter;
use super::input::Assignments;
use super::populate::populate;
use super::record::Populated;
use super::{Change, Db, Kind, Record, Schema, Value, statement};
use crate::db::{DbError, Layout};
use crate::{Error, Result};

/// What goes with a write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Write {
    /// The associations to populate in the answer and in what is told of the change.
    pub(crate) populate: Vec<Populate>,
    /// The socket that caused it.
    pub(crate) origin: Option<String>,
}

/// The records the criteria ask for.
pub(crate) async fn find(db: &Db, schema: &Arc<Schema>, criteria: &Criteria) -> Result<Vec<Record>> {
    let mut records = select(db, schema, criteria).await?;
    populate(db, &mut records, &criteria.populate).await?;
    Ok(records)
}

/// The record with a primary key.
pub(crate) async fn find_one(
    db: &Db,
    schema: &Arc<Schema>,
    id: Value,
    paths: &[Populate],
) -> Result<Option<Record>> {
    let criteria = Criteria { populate: paths.to_vec(), ..Criteria::of(Filter::id(schema, id)) };
    Ok(find(db, schema, &criteria).await?.pop())
}

/// How many records the filter means.
pub(crate) async fn count(db: &Db, schema: &Schema, filter: &Filter) -> Result<u64> {
    let query = db.build(&statement::count(schema, filter));
    let rows = db.rows(query, &Layout::single(Kind::Integer)).await?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(count)) => Ok(count.unsigned_abs()),
        _ => Ok(0),
    }
}

/// Stores a new record.
///
/// # Errors
/// 400 `E_UNIQUE` when one with the same unique value exists; 409 when it refers to what is not there.
pub(crate) async fn create(
    db: &Db,
    schema: &Arc<Schema>,
    values: Assignments,
    write: Write,
) -> Result<Record> {
    let query = db.build(&statement::insert(schema, values, false));
    let rows = db.rows(query, schema.layout()).await.map_err(|error| explain(schema, error))?;
    let row =
        rows.into_iter().next().ok_or_else(|| Error::internal("the database returned no new record"))?;
    created(db, schema, row, write).await
}

/// The first record the filter means, else a new one; safe against others who do the same.
pub(crate) async fn find_or_create(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    values: Assignments,
    write: Write,
) -> Result<Record> {
    let wanted = Criteria { limit: Some(1), populate: write.populate.clone(), ..Criteria::of(filter) };
    if let Some(record) = find(db, schema, &wanted).await?.pop() {
        return Ok(record);
    }
    let query = db.build(&statement::insert(schema, values.clone(), true));
    let rows = db.rows(query, schema.layout()).await.map_err(|error| explain(schema, error))?;
    if let Some(row) = rows.into_iter().next() {
        return created(db, schema, row, write).await;
    }
    // Somebody else was first, or another unique value is in the way: the plain insert says which.
    match find(db, schema, &wanted).await?.pop() {
        Some(record) => Ok(record),
        None => create(db, schema, values, write).await,
    }
}

/// Changes a record; nothing when it does not exist.
///
/// # Errors
/// As [`create`].
pub(crate) async fn update(
    db: &Db,
    schema: &Arc<Schema>,
    id: Value,
    values: Assignments,
    write: Write,
) -> Result<Option<Record>> {
    let Some(previous) = find_one(db, schema, id.clone(), &write.populate).await? else { return Ok(None) };
    if values.is_empty() {
        return Ok(Some(previous));
    }
    let changed = values.iter().map(|(index, _)| *index).collect();
    let query = db.build(&statement::update(schema, id, values));
    let rows = db.rows(query, schema.layout()).await.map_err(|error| explain(schema, error))?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut records = [Record::new(schema.clone(), row, None)];
    populate(db, &mut records, &write.populate).await?;
    let [record] = records;
    db.announce(Change::updated(record.clone(), previous, changed, write.origin)).await;
    Ok(Some(record))
}

/// Removes a record and returns it as it was; nothing when it does not exist.
///
/// # Errors
/// 409 when others need it.
pub(crate) async fn destroy(
    db: &Db,
    schema: &Arc<Schema>,
    id: Value,
    write: Write,
) -> Result<Option<Record>> {
    // What refers to it is found only before it is gone.
    let before = match write.populate.is_empty() {
        true => None,
        false => match find_one(db, schema, id.clone(), &write.populate).await? {
            Some(record) => Some(record),
            None => return Ok(None),
        },
    };
    let query = db.build(&statement::delete(schema, id));
    let rows = db.rows(query, schema.layout()).await.map_err(|error| explain(schema, error))?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let record = before.unwrap_or_else(|| Record::new(schema.clone(), row, None));
    db.announce(Change::destroyed(record.clone(), write.origin)).await;
    Ok(Some(record))
}

/// The records without their associations.
pub(super) async fn select(db: &Db, schema: &Arc<Schema>, criteria: &Criteria) -> Result<Vec<Record>> {
    if criteria.limit == Some(0) {
        return Ok(Vec::new());
    }
    let query = db.build(&statement::select(schema, criteria));
    let rows = match &criteria.select {
        None => db.rows(query, schema.layout()).await?,
        Some(selected) => {
            let slots = selected.iter().map(|&index| (index, schema.attributes()[index].kind())).collect();
            db.rows(query, &Layout::new(schema.attributes().len(), slots)).await?
        }
    };
    let record = |values| Record::new(schema.clone(), values, criteria.select.clone());
    Ok(rows.into_iter().map(record).collect())
}

async fn created(db: &Db, schema: &Arc<Schema>, row: Vec<Value>, write: Write) -> Result<Record> {
    let mut records = [Record::new(schema.clone(), row, None)];
    let is_collection = |path: &Populate| schema.attributes()[path.attribute].is_collection();
    let (collections, references): (Vec<_>, Vec<_>) = write.populate.into_iter().partition(is_collection);
    populate(db, &mut records, &references).await?;
    let [mut record] = records;
    for path in collections {
        // Nothing can refer to a record that was not there a moment ago.
        record.populate(path.attribute, Populated::Many(Vec::new()));
    }
    db.announce(Change::created(record.clone(), write.origin)).await;
    Ok(record)
}

/// The body Sails gives for a unique value that exists already.
fn explain(schema: &Schema, error: DbError) -> Error {
    let DbError::Unique { constraint, columns } = &error else { return error.into() };
    let names: Vec<_> = schema
        .stored()
        .filter(|(_, attribute)| {
            let column = attribute.column_name();
            let by_index = constraint.as_deref().is_some_and(|name| {
                name == super::migrate::unique_index(schema, attribute)
                    || (attribute.is_primary_key() && name == format!("{}_pkey", schema.table()))
            });
            by_index || columns.iter().any(|failed| failed == column)
        })
        .filter(|(_, attribute)| !attribute.is_private())
        .map(|(_, attribute)| attribute.name())
        .collect();
    Error::new(
        actix_web::http::StatusCode::BAD_REQUEST,
        "E_UNIQUE",
        "Would violate uniqueness constraint-- a record already exists with conflicting value(s).",
    )
    .with("modelIdentity", schema.identity())
    .with("attrNames", names)
    .with_source(error)
}
