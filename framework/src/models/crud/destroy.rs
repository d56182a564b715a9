//! Records that go.

use std::sync::Arc;

use super::{Write, find, notice, rows};
use crate::Result;
use crate::models::association::Link;
use crate::models::filter::{Filter, Test};
use crate::models::record::Populated;
use crate::models::{Change, Db, Record, Schema, Value};

/// Removes the records the filter means and returns them as they were, in the order of their primary keys.
///
/// # Errors
/// 409 when others need them.
pub(crate) async fn destroy(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    write: &Write,
) -> Result<Vec<Record>> {
    if schema.lifecycle().is_none() {
        return remove(db, schema, filter, write).await;
    }
    let atomic = db.atomic(schema).await?;
    let outcome = remove(atomic.db(), schema, filter, write).await;
    atomic.end(outcome).await
}

async fn remove(db: &Db, schema: &Arc<Schema>, filter: Filter, write: &Write) -> Result<Vec<Record>> {
    // What refers to it is found only before it is gone.
    let mut records = find(db, schema, &write.criteria(filter.clone())).await?;
    write.check(schema, &records)?;
    if records.is_empty() {
        return Ok(records);
    }
    if let Some(lifecycle) = schema.lifecycle() {
        for record in &records {
            lifecycle.before_destroy(db, record).await?;
        }
    }
    let ids = records.iter().map(|record| record.id().clone()).collect();
    let listed = Filter::Compare { attribute: schema.primary_key_index(), test: Test::In(ids) };
    let gone = rows::delete(db, schema, &listed.and(filter)).await?;
    if gone.len() < records.len() {
        // Of those that somebody else removed at the same time, the other one tells.
        let key = schema.primary_key_index();
        records.retain(|record| gone.iter().any(|row| row.get(key) == Some(record.id())));
    }
    let mut changes = Vec::with_capacity(records.len());
    for record in &records {
        changes.push(Change::destroyed(record.clone(), write.origin.as_ref()));
        changes.extend(farewell(db, record, write.origin.as_ref()));
    }
    db.announce(changes).await;
    if let Some(lifecycle) = schema.lifecycle() {
        for record in &records {
            lifecycle.after_destroy(db, record).await?;
        }
    }
    Ok(records)
}

/// What those are told that the record was with.
fn farewell(db: &Db, record: &Record, origin: Option<&String>) -> Vec<Change> {
    let schema = record.schema();
    let mut changes = Vec::new();
    for place in 0..schema.attributes().len() {
        match (db.link(schema, place), record.populated_at(place)) {
            (Some(Link::One { .. }), _) => {
                let left = record.with_null(place);
                changes.extend(notice::referred(db, &left, place, record.at(place), origin));
            }
            (Some(Link::Many { target, via }), Some(Populated::Many(members))) => {
                let gone = |member: &Arc<Record>| {
                    Change::linked(target, member.id().clone(), *via, Value::Null, origin)
                };
                changes.extend(members.iter().map(gone));
            }
            (Some(Link::Join(join)), Some(Populated::Many(members))) => {
                let Some(back) = join.back else { continue };
                let gone = |member: &Arc<Record>| {
                    Change::removed(&join.target, member.id().clone(), back, record.id().clone(), origin)
                };
                changes.extend(members.iter().map(gone));
            }
            _ => {}
        }
    }
    changes
}
