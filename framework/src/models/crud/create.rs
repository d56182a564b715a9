//! New records.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Members, Write, collection, find, notice, rows};
use crate::models::criteria::{Criteria, Populate};
use crate::models::filter::Filter;
use crate::models::input::{self, Given};
use crate::models::populate::{Budget, populate};
use crate::models::record::Populated;
use crate::models::statement::Clash;
use crate::models::{Change, Db, Record, Schema, Value};
use crate::{Error, Result};

/// Stores a new record.
///
/// # Errors
/// 400 `E_UNIQUE` when one with the same unique value exists; 409 when it refers to what is not there.
pub(crate) async fn create(
    db: &Db,
    schema: &Arc<Schema>,
    values: Map<String, Json>,
    write: &Write,
) -> Result<Record> {
    let made = create_each(db, schema, vec![values], write).await?;
    made.into_iter().next().ok_or_else(|| Error::internal("the database returned no new record"))
}

/// Stores new records: all of them or none.
///
/// # Errors
/// As [`create`], for the first that fails.
pub(crate) async fn create_each(
    db: &Db,
    schema: &Arc<Schema>,
    all: Vec<Map<String, Json>>,
    write: &Write,
) -> Result<Vec<Record>> {
    make(db, schema, all, Clash::Refuse, write).await
}

async fn make(
    db: &Db,
    schema: &Arc<Schema>,
    all: Vec<Map<String, Json>>,
    clash: Clash,
    write: &Write,
) -> Result<Vec<Record>> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    if is_one_statement(schema, &all) {
        return store(db, schema, all, clash, write).await;
    }
    let atomic = db.atomic(schema).await?;
    let outcome = store(atomic.db(), schema, all, clash, write).await;
    atomic.end(outcome).await
}

/// The first record the filter means, else a new one; safe against others who do the same.
pub(crate) async fn find_or_create(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    values: Map<String, Json>,
    write: &Write,
) -> Result<(Record, bool)> {
    let wanted = Criteria { limit: Some(1), ..write.criteria(filter) };
    if let Some(record) = find(db, schema, &wanted).await?.pop() {
        return Ok((record, false));
    }
    if let Some(record) = make(db, schema, vec![values.clone()], Clash::Skip, write).await?.pop() {
        return Ok((record, true));
    }
    // Somebody else was first, or another unique value is in the way: the plain insert says which.
    match find(db, schema, &wanted).await?.pop() {
        Some(record) => Ok((record, false)),
        None => Ok((create(db, schema, values, write).await?, true)),
    }
}

/// Changes the record that has the same values in the attributes `unique`, or makes it; whether it was made is
/// the second part of the answer.
///
/// # Errors
/// As [`create`]; 500 when `values` lacks one of `unique`.
pub(crate) async fn upsert(
    db: &Db,
    schema: &Arc<Schema>,
    unique: &[usize],
    values: Map<String, Json>,
    write: &Write,
) -> Result<(Record, bool)> {
    let given = input::for_update(db, schema, &values, write.from_client)?;
    let same = |place: &usize| {
        let value = given.values.iter().find(|(index, _)| index == place).map(|(_, value)| value.clone());
        let name = schema.attribute_at(*place).name();
        let missing = || Error::internal(format!("an upsert by `{name}` needs a value for it"));
        Ok(Filter::equal(*place, value.ok_or_else(missing)?))
    };
    let filter = Filter::All(unique.iter().map(same).collect::<Result<_>>()?);
    let single = Write { single: true, ..write.clone() };
    if let Some(record) = super::update(db, schema, filter.clone(), values.clone(), &single).await?.pop() {
        return Ok((record, false));
    }
    let (record, made) = find_or_create(db, schema, filter.clone(), values.clone(), write).await?;
    if made {
        return Ok((record, true));
    }
    let changed = super::update(db, schema, filter, values, &single).await?.pop();
    Ok((changed.unwrap_or(record), false))
}

/// Whether nothing has to happen together with one insert.
fn is_one_statement(schema: &Schema, all: &[Map<String, Json>]) -> bool {
    let has_members = |values: &Map<String, Json>| {
        values.keys().any(|name| schema.attribute(name).is_some_and(|attribute| attribute.is_collection()))
    };
    // Which columns there are depends on the primary key alone: all else has a value when left out.
    let names_key = |values: &Map<String, Json>| values.contains_key(schema.primary_key().name());
    let mut name_keys = all.iter().map(names_key);
    let first = name_keys.next();
    let is_uniform = name_keys.all(|names_key| Some(names_key) == first);
    let fits = rows::fit_one_statement(schema, all.len());
    schema.lifecycle().is_none() && fits && is_uniform && !all.iter().any(has_members)
}

async fn store(
    db: &Db,
    schema: &Arc<Schema>,
    all: Vec<Map<String, Json>>,
    clash: Clash,
    write: &Write,
) -> Result<Vec<Record>> {
    let many = all.len() > 1;
    let mut given = Vec::with_capacity(all.len());
    for (place, mut values) in all.into_iter().enumerate() {
        if write.from_client {
            input::admit(db, schema, &mut values);
        }
        if let Some(lifecycle) = schema.lifecycle() {
            lifecycle.before_create(db, &mut values).await?;
        }
        let checked = input::for_create(db, schema, &values, write.from_client);
        given.push(checked.map_err(|error| if many { error.with("record", place) } else { error })?);
    }
    let values = given.iter_mut().map(|given| std::mem::take(&mut given.values)).collect();
    let rows = rows::insert(db, schema, values, clash).await?;
    let mut records: Vec<_> =
        rows.into_iter().map(|values| Record::new(schema.clone(), values, None)).collect();
    let changes = take_members(db, schema, &records, &given, write).await?;
    let has_members = given.iter().any(|given| !given.members.is_empty());
    populate_new(db, schema, &mut records, write, has_members).await?;
    announce(db, &records, changes, write).await;
    if let Some(lifecycle) = schema.lifecycle() {
        for record in &records {
            lifecycle.after_create(db, record).await?;
        }
    }
    Ok(records)
}

/// Puts the members that came with new records into their collections.
async fn take_members(
    db: &Db,
    schema: &Arc<Schema>,
    records: &[Record],
    given: &[Given],
    write: &Write,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (record, given) in records.iter().zip(given) {
        for (attribute, ids) in &given.members {
            let members = Members { schema, owner: record.id(), attribute: *attribute };
            let added = collection::put(db, members, ids, write.origin.as_ref()).await?;
            // The news of the record itself says what is in it.
            changes.extend(added.into_iter().filter(|change| !members.is_owner(change)));
        }
    }
    Ok(changes)
}

async fn populate_new(
    db: &Db,
    schema: &Arc<Schema>,
    records: &mut [Record],
    write: &Write,
    has_members: bool,
) -> Result<()> {
    let is_empty = |path: &&Populate| !has_members && schema.attribute_at(path.attribute).is_collection();
    // Nothing can refer to a record that was not there a moment ago.
    for path in write.populate.iter().filter(is_empty) {
        for record in &mut *records {
            record.populate(path.attribute, Populated::Many(Vec::new()));
        }
    }
    let others: Vec<_> = write.populate.iter().filter(|path| !is_empty(path)).cloned().collect();
    populate(db, records, &others, &mut Budget::default()).await
}

async fn announce(db: &Db, records: &[Record], members: Vec<Change>, write: &Write) {
    let mut changes = Vec::with_capacity(records.len());
    for record in records {
        changes.push(Change::created(record.clone(), write.origin.as_ref()));
        for (place, _) in record.schema().stored() {
            changes.extend(notice::referred(db, record, place, &Value::Null, write.origin.as_ref()));
        }
    }
    changes.extend(members);
    db.announce(changes).await;
}
