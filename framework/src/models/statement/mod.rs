//! Criteria and values as SQL. Everything is bound; names come from the schema alone.

mod aggregate;
mod condition;
mod members;
mod select;
mod shape;
mod write;

use sea_query::{Expr, IntoColumnRef, NullOrdering, Order, SelectStatement};

pub(super) use aggregate::aggregate;
use condition::condition;
pub(super) use members::{Owners, members};
pub(super) use select::{count, exists, select};
pub(super) use shape::{Shape, Texts, parameters};
pub(super) use write::{Clash, delete, insert, update};

use super::criteria::Sort;
use super::cursor;
use super::{Schema, Value};
use crate::db::Engine;

/// The attributes with a column, as names of SQL.
fn stored(schema: &Schema) -> impl Iterator<Item = sea_query::DynIden> {
    schema.stored().map(|(_, attribute)| attribute.iden())
}

/// `ORDER BY` what is sorted by, then the primary key. Engines differ: here null is less than everything.
fn order(statement: &mut SelectStatement, schema: &Schema, sort: &[Sort]) {
    order_within(statement, None, schema, sort);
}

/// The same, of a table by the name it has in the statement.
fn order_within(
    statement: &mut SelectStatement,
    table: Option<&'static str>,
    schema: &Schema,
    sort: &[Sort],
) {
    for sort in cursor::order(schema, sort) {
        let name = schema.attribute_at(sort.attribute).iden();
        let column = match table {
            Some(table) => (table, name).into_column_ref(),
            None => name.into_column_ref(),
        };
        let order = direction(sort);
        match nulls(schema, sort) {
            Some(nulls) => statement.order_by_with_nulls(column, order, nulls),
            None => statement.order_by(column, order),
        };
    }
}

fn direction(sort: Sort) -> Order {
    if sort.descending { Order::Desc } else { Order::Asc }
}

/// Where nulls go, when there can be any.
fn nulls(schema: &Schema, sort: Sort) -> Option<NullOrdering> {
    let last = if sort.descending { NullOrdering::Last } else { NullOrdering::First };
    schema.attribute_at(sort.attribute).is_nullable().then_some(last)
}

fn page(statement: &mut SelectStatement, limit: Option<u64>, skip: u64) {
    if let Some(limit) = limit {
        statement.limit(bounded(limit));
    } else if skip > 0 {
        // SQLite knows no OFFSET without a LIMIT.
        statement.limit(bounded(u64::MAX));
    }
    if skip > 0 {
        statement.offset(bounded(skip));
    }
}

/// The greatest number engines take here is that of a signed integer.
fn bounded(number: u64) -> u64 {
    Ord::min(number, i64::MAX.unsigned_abs())
}

fn parameter(engine: Engine, schema: &Schema, index: usize, value: Value) -> Expr {
    Expr::Value(value.into_parameter(schema.attribute_at(index).kind(), engine))
}
