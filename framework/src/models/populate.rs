//! Associations of many records at once: one statement for each path, however many records there are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::criteria::{Criteria, Populate};
use super::filter::{Filter, Test};
use super::record::Populated;
use super::{Association, Db, Record, Schema, Value, crud, statement};
use crate::Result;

/// The most values in one list: engines bound the parameters of a statement.
const BATCH: usize = 16_384;

/// A primary key to look up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Integer(i64),
    Text(String),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(id) => Some(Self::Integer(*id)),
            Value::Text(id) => Some(Self::Text(id.clone())),
            _ => None,
        }
    }
}

/// Populates `paths` of records of one model.
pub(super) async fn populate(db: &Db, records: &mut [Record], paths: &[Populate]) -> Result<()> {
    let Some(schema) = records.first().map(|record| record.schema().clone()) else { return Ok(()) };
    for path in paths {
        match schema.attributes()[path.attribute].association() {
            Some(Association::Model { identity }) => {
                let target = db.schema(identity)?.clone();
                to_one(db, records, path.attribute, &target).await?;
            }
            Some(Association::Collection { identity, via }) => {
                let target = db.schema(identity)?.clone();
                let Some(via) = target.index_of(via) else { continue };
                to_many(db, records, *path, &target, via).await?;
            }
            None => {}
        }
    }
    Ok(())
}

async fn to_one(db: &Db, records: &mut [Record], attribute: usize, target: &Arc<Schema>) -> Result<()> {
    let ids = distinct(records.iter().map(|record| record.at(attribute)));
    let mut found = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        let filter = Filter::Compare { attribute: target.primary_key_index(), test: Test::In(ids.to_vec()) };
        for record in crud::select(db, target, &Criteria::of(filter)).await? {
            if let Some(key) = Key::of(record.id()) {
                found.insert(key, Arc::new(record));
            }
        }
    }
    for record in records {
        let one = Key::of(record.at(attribute)).and_then(|key| found.get(&key).cloned());
        record.populate(attribute, Populated::One(one));
    }
    Ok(())
}

async fn to_many(
    db: &Db,
    records: &mut [Record],
    path: Populate,
    target: &Arc<Schema>,
    via: usize,
) -> Result<()> {
    let ids = distinct(records.iter().map(Record::id));
    let mut owned: HashMap<Key, Vec<Arc<Record>>> = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        let filter = Filter::Compare { attribute: via, test: Test::In(ids.to_vec()) };
        let query = db.build(&statement::select_for_each(target, &filter, via, path.limit));
        for values in db.rows(query, target.layout()).await? {
            let record = Record::new(target.clone(), values, None);
            if let Some(owner) = Key::of(record.at(via)) {
                owned.entry(owner).or_default().push(Arc::new(record));
            }
        }
    }
    for record in records {
        let many = Key::of(record.id()).and_then(|key| owned.remove(&key)).unwrap_or_default();
        record.populate(path.attribute, Populated::Many(many));
    }
    Ok(())
}

fn distinct<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    values.filter(|value| Key::of(value).is_some_and(|key| seen.insert(key))).cloned().collect()
}
