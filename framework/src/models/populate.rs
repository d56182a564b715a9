//! Associations of many records at once: one statement for each path, however many records there are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::association::Link;
use super::criteria::{Criteria, Populate};
use super::filter::{Filter, Test};
use super::record::Populated;
use super::statement::{self, Owners};
use super::{Db, Kind, Record, Schema, Uuid, Value, crud};
use crate::db::Layout;
use crate::{Error, Result};

/// The most values in one list: engines bound the parameters of a statement.
const BATCH: usize = 16_384;

/// The most records one query populates when its caller sets no bound.
const MOST: u64 = 1_000_000;

/// A primary key to look up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Integer(i64),
    Text(String),
    Uuid(Uuid),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(id) => Some(Self::Integer(*id)),
            Value::Text(id) => Some(Self::Text(id.clone())),
            Value::Uuid(id) => Some(Self::Uuid(*id)),
            _ => None,
        }
    }
}

/// How many records may still be populated.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn of(records: u64) -> Self {
        Self(records)
    }

    fn spend(&mut self, records: usize) -> Result<()> {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.0 = self.0.checked_sub(records).ok_or_else(|| {
            super::refuse_criteria(
                "populate",
                "It would populate more records than `max_populated` of config/blueprints.toml allows: ask for a \
                 lower `limit` or populate less.",
            )
        })?;
        Ok(())
    }

    /// One more than may be: enough to see that it is too much.
    fn bound(&self) -> u64 {
        self.0.saturating_add(1)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(MOST)
    }
}

/// Populates `paths` of records of one model.
pub(super) fn populate<'a>(
    db: &'a Db,
    records: &'a mut [Record],
    paths: &'a [Populate],
    budget: &'a mut Budget,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let Some(schema) = records.first().map(|record| record.schema().clone()) else { return Ok(()) };
        for path in paths {
            let Some(link) = db.link(&schema, path.attribute) else {
                return Err(Error::internal("only associations can be populated"));
            };
            match link {
                Link::One { target, .. } => to_one(db, records, path, target, budget).await?,
                Link::Many { target, via } => {
                    to_many(db, records, path, target, target, Owners::Via(*via), budget).await?;
                }
                Link::Join(join) => {
                    to_many(db, records, path, &join.target, &join.join, Owners::Joined(join), budget)
                        .await?;
                }
            }
        }
        Ok(())
    })
}

async fn to_one(
    db: &Db,
    records: &mut [Record],
    path: &Populate,
    target: &Arc<Schema>,
    budget: &mut Budget,
) -> Result<()> {
    let attribute = path.attribute;
    let ids = distinct(records.iter().map(|record| record.at(attribute)));
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        let listed = Filter::Compare { attribute: target.primary_key_index(), test: Test::In(ids.to_vec()) };
        let mut criteria = path.criteria.clone();
        // Each refers to one: a limit would leave out records of others.
        (criteria.limit, criteria.skip) = (None, 0);
        criteria.filter = listed.and(criteria.filter);
        found.extend(crud::select(db, target, &criteria).await?);
    }
    budget.spend(found.len())?;
    populate(db, &mut found, &path.criteria.populate, budget).await?;
    let found = found.into_iter().filter_map(|record| Some((Key::of(record.id())?, Arc::new(record))));
    let found: HashMap<_, _> = found.collect();
    for record in records {
        let one = Key::of(record.at(attribute)).and_then(|key| found.get(&key).cloned());
        record.populate(attribute, Populated::One(one));
    }
    Ok(())
}

async fn to_many(
    db: &Db,
    records: &mut [Record],
    path: &Populate,
    target: &Arc<Schema>,
    home: &Arc<Schema>,
    by: Owners<'_>,
    budget: &mut Budget,
) -> Result<()> {
    let ids = distinct(records.iter().map(Record::id));
    let owner_kind = records.first().map_or(Kind::Integer, |record| record.schema().primary_key().kind());
    let (layout, place) = with_owner(target, &path.criteria, owner_kind);
    let (mut members, mut owners) = (Vec::new(), Vec::new());
    if path.criteria.limit != Some(0) {
        for ids in ids.chunks(BATCH) {
            let query = db.build(
                home,
                &statement::members(db.engine(home), target, by, ids, &path.criteria, budget.bound()),
            );
            for mut values in db.rows(home, query, &layout).await? {
                owners.push(values.pop().filter(|_| values.len() == place));
                members.push(Record::new(target.clone(), values, path.criteria.select.clone()));
            }
        }
    }
    budget.spend(members.len())?;
    populate(db, &mut members, &path.criteria.populate, budget).await?;
    let mut owned: HashMap<Key, Vec<Arc<Record>>> = HashMap::with_capacity(ids.len());
    for (member, owner) in members.into_iter().zip(owners) {
        if let Some(owner) = owner.as_ref().and_then(Key::of) {
            owned.entry(owner).or_default().push(Arc::new(member));
        }
    }
    for record in records {
        let many = Key::of(record.id()).and_then(|key| owned.get(&key).cloned()).unwrap_or_default();
        record.populate(path.attribute, Populated::Many(many));
    }
    Ok(())
}

/// The columns of a member and, behind its attributes, its owner; with the owner's place.
fn with_owner(target: &Schema, criteria: &Criteria, kind: Kind) -> (Layout, usize) {
    let place = target.attributes().len();
    let mut slots: Vec<_> = match criteria.select.as_deref() {
        Some(selected) => selected.iter().map(|&index| (index, target.attribute_at(index).kind())).collect(),
        None => target.stored().map(|(index, attribute)| (index, attribute.kind())).collect(),
    };
    slots.push((place, kind));
    (Layout::new(place + 1, slots), place)
}

fn distinct<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    values.filter(|value| Key::of(value).is_some_and(|key| seen.insert(key))).cloned().collect()
}
