//! Writes that give back the rows they wrote.

use super::explain::explain;
use super::reread;
use crate::Result;
use crate::db::Query;
use crate::models::input::Assignments;
use crate::models::statement::{self, Clash, Shape};
use crate::models::{Db, Filter, Schema, Value};

/// The most values one statement binds; SQLite takes the fewest, 32,766.
const MOST_VALUES: usize = 30_000;

type Rows = Vec<Vec<Value>>;

/// Inserts rows and returns them in their order; with [`Clash::Skip`] those that were in nobody's way.
pub(super) async fn insert(db: &Db, schema: &Schema, rows: Vec<Assignments>, clash: Clash) -> Result<Rows> {
    let mut inserted = Vec::with_capacity(rows.len());
    for batch in batches(rows) {
        if !db.engine(schema).returns_rows() {
            inserted.extend(reread::insert(db, schema, &batch, clash).await?);
            continue;
        }
        let rows = db.rows(schema, insertion(db, schema, batch, clash), schema.layout()).await;
        inserted.extend(rows.map_err(|error| explain(schema, error))?);
    }
    Ok(inserted)
}

fn insertion(db: &Db, schema: &Schema, mut batch: Vec<Assignments>, clash: Clash) -> Query {
    let engine = db.engine(schema);
    let shape = match batch.as_slice() {
        [row] if clash == Clash::Refuse && !row.is_empty() => Shape::of_insert(engine, row),
        _ => return db.build(schema, &statement::insert(engine, schema, batch, clash)),
    };
    if let Some(text) = schema.texts.get(&shape) {
        let row = batch.pop().unwrap_or_default();
        return Query::new(&text, statement::parameters(engine, schema, row));
    }
    let query = db.build(schema, &statement::insert(engine, schema, batch, clash));
    schema.texts.keep(shape, query.sql());
    query
}

/// Changes the rows that the filter means and returns them as they are now.
pub(super) async fn update(db: &Db, schema: &Schema, filter: &Filter, values: Assignments) -> Result<Rows> {
    if !db.engine(schema).returns_rows() {
        return reread::update(db, schema, filter, &values).await;
    }
    let query = db.build(schema, &statement::update(db.engine(schema), schema, filter, values));
    db.rows(schema, query, schema.layout()).await.map_err(|error| explain(schema, error))
}

/// Removes the rows that the filter means and returns them as they were.
pub(super) async fn delete(db: &Db, schema: &Schema, filter: &Filter) -> Result<Rows> {
    if !db.engine(schema).returns_rows() {
        return reread::delete(db, schema, filter).await;
    }
    let query = db.build(schema, &statement::delete(db.engine(schema), schema, filter));
    db.rows(schema, query, schema.layout()).await.map_err(|error| explain(schema, error))
}

/// Whether one statement inserts so many records.
pub(super) fn fit_one_statement(schema: &Schema, records: usize) -> bool {
    records.saturating_mul(schema.attributes().len()) <= MOST_VALUES
}

/// Neighbouring rows that name the same attributes, as many as one statement takes.
fn batches(rows: Vec<Assignments>) -> Vec<Vec<Assignments>> {
    let mut batches: Vec<Vec<Assignments>> = Vec::new();
    for row in rows {
        let fits = |batch: &Vec<Assignments>| {
            let names = row.iter().map(|(index, _)| index);
            let same = batch.first().is_some_and(|first| first.iter().map(|(index, _)| index).eq(names));
            same && !row.is_empty() && (batch.len() + 1) * row.len() <= MOST_VALUES
        };
        match batches.last_mut() {
            Some(batch) if fits(batch) => batch.push(row),
            _ => batches.push(vec![row]),
        }
    }
    batches
}
