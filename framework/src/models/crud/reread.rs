//! Writes on engines that give back no rows (MySQL): what was written is read again, in the same transaction.

use sea_query::LockType;

use super::explain::explain;
use crate::db::{DbError, Kind, Layout, Query, Retry};
use crate::models::criteria::Criteria;
use crate::models::filter::{Filter, Test};
use crate::models::input::Assignments;
use crate::models::statement::{self, Clash};
use crate::models::{Db, Schema, Value};
use crate::{Error, Result};

type Rows = Vec<Vec<Value>>;

/// The most primary keys in one list.
const BATCH: usize = 16_384;

/// Inserts rows that name the same attributes and returns them in their order.
pub(super) async fn insert(db: &Db, schema: &Schema, rows: &[Assignments], clash: Clash) -> Result<Rows> {
    let mut retry = Retry::default();
    loop {
        let atomic = db.atomic(schema).await?;
        let outcome = insert_within(atomic.db(), schema, rows, clash).await;
        if let Some(outcome) = atomic.end_or_again(outcome, &mut retry).await {
            return outcome;
        }
    }
}

/// Changes the rows that the filter means and returns them as they are now.
pub(super) async fn update(db: &Db, schema: &Schema, filter: &Filter, values: &Assignments) -> Result<Rows> {
    let mut retry = Retry::default();
    loop {
        let atomic = db.atomic(schema).await?;
        let outcome = update_within(atomic.db(), schema, filter, values).await;
        if let Some(outcome) = atomic.end_or_again(outcome, &mut retry).await {
            return outcome;
        }
    }
}

/// Removes the rows that the filter means and returns them as they were.
pub(super) async fn delete(db: &Db, schema: &Schema, filter: &Filter) -> Result<Rows> {
    let mut retry = Retry::default();
    loop {
        let atomic = db.atomic(schema).await?;
        let outcome = delete_within(atomic.db(), schema, filter).await;
        if let Some(outcome) = atomic.end_or_again(outcome, &mut retry).await {
            return outcome;
        }
    }
}

async fn insert_within(db: &Db, schema: &Schema, rows: &[Assignments], clash: Clash) -> Result<Rows> {
    let keys = match (insert_all(db, schema, rows).await, clash) {
        (Ok(keys), _) => keys,
        (Err(DbError::Unique { .. }), Clash::Skip) => {
            let mut keys = Vec::new();
            // The whole of the statement was undone, and nothing else: now one by one.
            for row in rows.iter().filter(|_| rows.len() > 1) {
                match insert_all(db, schema, std::slice::from_ref(row)).await {
                    Err(DbError::Unique { .. }) => {}
                    made => keys.extend(made.map_err(|error| explain(schema, error))?),
                }
            }
            keys
        }
        (Err(error), _) => return Err(explain(schema, error)),
    };
    read(db, schema, &keys).await
}

/// Inserts rows and finds out their primary keys.
async fn insert_all(db: &Db, schema: &Schema, rows: &[Assignments]) -> Result<Vec<Value>, DbError> {
    let statement = statement::insert(db.engine(schema), schema, rows.to_vec(), Clash::Refuse);
    let first = db.execute(schema, db.build(schema, &statement)).await?.first_id;
    let key = schema.primary_key_index();
    let given =
        |row: &Assignments| row.iter().find(|(index, _)| *index == key).map(|(_, value)| value.clone());
    if let Some(keys) = rows.iter().map(given).collect() {
        return Ok(keys);
    }
    // The numbers of one statement follow each other, in steps that the server sets.
    let step = if rows.len() > 1 { step(db, schema).await? } else { 1 };
    Ok((0..).zip(rows).map(|(place, _)| Value::Integer(first + place * step)).collect())
}

async fn step(db: &Db, schema: &Schema) -> Result<i64, DbError> {
    let query = Query::of_text("SELECT CAST(@@auto_increment_increment AS SIGNED)", &[]);
    let rows = db.rows(schema, query, &Layout::single(Kind::Integer)).await?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(step)) => Ok(*step),
        _ => Ok(1),
    }
}

async fn update_within(db: &Db, schema: &Schema, filter: &Filter, values: &Assignments) -> Result<Rows> {
    let key = schema.primary_key_index();
    let mut keys: Vec<_> =
        lock(db, schema, filter, Some(key)).await?.into_iter().map(|mut row| row.swap_remove(key)).collect();
    for keys in keys.chunks(BATCH) {
        let statement = statement::update(db.engine(schema), schema, &listed(schema, keys), values.clone());
        let done = db.execute(schema, db.build(schema, &statement)).await;
        done.map_err(|error| explain(schema, error))?;
    }
    // One that gets another primary key is found by that.
    if let Some((_, changed)) = values.iter().find(|(index, _)| *index == key)
        && !keys.is_empty()
    {
        keys = vec![changed.clone()];
    }
    read(db, schema, &keys).await
}

async fn delete_within(db: &Db, schema: &Schema, filter: &Filter) -> Result<Rows> {
    let key = schema.primary_key_index();
    let rows = lock(db, schema, filter, None).await?;
    let keys: Vec<_> = rows.iter().filter_map(|row| row.get(key).cloned()).collect();
    for keys in keys.chunks(BATCH) {
        let statement = statement::delete(db.engine(schema), schema, &listed(schema, keys));
        let done = db.execute(schema, db.build(schema, &statement)).await;
        done.map_err(|error| explain(schema, error))?;
    }
    Ok(rows)
}

/// The rows that the filter means, or one column of them, kept from others until the transaction ends. In the order of
/// their primary keys, so that two who do this at once don't wait for each other.
async fn lock(db: &Db, schema: &Schema, filter: &Filter, only: Option<usize>) -> Result<Rows> {
    let select = only.map(|place| [place].into());
    let criteria = Criteria { select, unscoped: true, ..Criteria::of(filter.clone()) };
    let mut statement = statement::select(db.engine(schema), schema, &criteria);
    statement.lock(LockType::Update);
    let query = db.build(schema, &statement);
    let rows = match only {
        None => db.rows(schema, query, schema.layout()).await,
        Some(place) => {
            let slots = vec![(place, schema.attribute_at(place).kind())];
            db.rows(schema, query, &Layout::new(schema.attributes().len(), slots)).await
        }
    };
    Ok(rows?)
}

/// The rows with these primary keys, in that order.
async fn read(db: &Db, schema: &Schema, keys: &[Value]) -> Result<Rows> {
    let key = schema.primary_key_index();
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let criteria = Criteria { unscoped: true, ..Criteria::of(listed(schema, keys)) };
        let statement = statement::select(db.engine(schema), schema, &criteria);
        let mut found = db.rows(schema, db.build(schema, &statement), schema.layout()).await?;
        if keys.len() > 1 {
            let places: std::collections::HashMap<_, _> =
                keys.iter().enumerate().map(|(place, key)| (key.to_string(), place)).collect();
            found
                .sort_by_cached_key(|row| row.get(key).and_then(|key| places.get(&key.to_string()).copied()));
        }
        rows.extend(found);
    }
    if rows.len() == keys.len() {
        return Ok(rows);
    }
    let model = schema.identity();
    Err(Error::internal(format!(
        "what was written to `{model}` can't be found: is there a trigger that changes its keys?"
    )))
}

fn listed(schema: &Schema, keys: &[Value]) -> Filter {
    Filter::Compare { attribute: schema.primary_key_index(), test: Test::In(keys.to_vec()) }
}
