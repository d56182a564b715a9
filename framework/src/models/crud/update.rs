//! Changed records.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Members, Write, collection, find, notice, rows};
use crate::models::filter::{Filter, Test};
use crate::models::input::{self, Given};
use crate::models::populate::{Budget, populate};
use crate::models::{Change, Db, Record, Schema};
use crate::{Error, Result};

/// Changes the records the filter means and returns them as they are now, in the order of their primary keys.
///
/// # Errors
/// 400 `E_INVALID_VALUES_TO_SET`, 400 `E_UNIQUE`; 409 when it refers to what is not there, or a record has
/// changed since the version that `values` names.
pub(crate) async fn update(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    values: Map<String, Json>,
    write: &Write,
) -> Result<Vec<Record>> {
    let sets_members =
        values.keys().any(|name| schema.attribute(name).is_some_and(|attribute| attribute.is_collection()));
    if schema.lifecycle().is_none() && !sets_members {
        return store(db, schema, filter, values, write).await;
    }
    let atomic = db.atomic(schema).await?;
    let outcome = store(atomic.db(), schema, filter, values, write).await;
    atomic.end(outcome).await
}

async fn store(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    mut values: Map<String, Json>,
    write: &Write,
) -> Result<Vec<Record>> {
    if write.from_client {
        input::admit(db, schema, &mut values);
        // Which record is meant, the address says.
        values.shift_remove(schema.primary_key().name());
    }
    if let Some(lifecycle) = schema.lifecycle() {
        lifecycle.before_update(db, &mut values).await?;
    }
    let given = input::for_update(db, schema, &values, write.from_client)?;
    let previous = find(db, schema, &write.criteria(filter.clone())).await?;
    write.check(schema, &previous)?;
    if previous.is_empty() || (given.values.is_empty() && given.members.is_empty()) {
        return Ok(previous);
    }
    let sets_columns = !given.values.is_empty() || given.version.is_some();
    let mut records = if !sets_columns {
        previous.iter().map(Record::without_populated).collect()
    } else {
        set(db, schema, filter, &given, &previous).await?
    };
    let mut changes = Vec::new();
    for record in &records {
        for (attribute, ids) in &given.members {
            let members = Members { schema, owner: record.id(), attribute: *attribute };
            let put = collection::put(db, members, ids, write.origin.as_ref()).await?;
            // The news of the record itself says what is in it.
            changes.extend(put.into_iter().filter(|change| !members.is_owner(change)));
        }
    }
    populate(db, &mut records, &write.populate, &mut Budget::default()).await?;
    announce(db, &records, previous, &given, changes, write).await;
    if let Some(lifecycle) = schema.lifecycle() {
        for record in &records {
            lifecycle.after_update(db, record).await?;
        }
    }
    Ok(records)
}

/// Sets the columns, of those records only that still are what the filter means.
async fn set(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    given: &Given,
    previous: &[Record],
) -> Result<Vec<Record>> {
    let ids = previous.iter().map(|record| record.id().clone()).collect();
    let listed = Filter::Compare { attribute: schema.primary_key_index(), test: Test::In(ids) };
    let mut meant = listed.and(filter);
    if let (Some(version), Some(place)) = (given.version, schema.version_index()) {
        meant = meant.and(Filter::equal(place, version.into()));
    }
    let rows = rows::update(db, schema, &meant, given.values.clone()).await?;
    if let Some(version) = given.version.filter(|_| rows.len() < previous.len()) {
        return Err(Error::conflict(format!(
            "the record of `{}` has changed since its version {version}: read it again, then change it",
            schema.identity()
        )));
    }
    let mut records: Vec<_> =
        rows.into_iter().map(|values| Record::new(schema.clone(), values, None)).collect();
    let place = |record: &Record| previous.iter().position(|other| other.id() == record.id());
    records.sort_by_cached_key(place);
    Ok(records)
}

async fn announce(
    db: &Db,
    records: &[Record],
    previous: Vec<Record>,
    given: &Given,
    members: Vec<Change>,
    write: &Write,
) {
    let origin = write.origin.as_ref();
    let mut changes = Vec::with_capacity(records.len());
    // A changed primary key is found by its place: such an update is of one record.
    let is_same = |record: &Record, before: &Record| record.id() == before.id() || records.len() == 1;
    for record in records {
        let Some(before) = previous.iter().find(|before| is_same(record, before)) else { continue };
        changes.push(Change::updated(record.clone(), before.clone(), given, origin));
        for (place, _) in &given.values {
            changes.extend(notice::referred(db, record, *place, before.at(*place), origin));
        }
    }
    changes.extend(members);
    db.announce(changes).await;
}
