//! Writing records.

use sea_query::{DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query, UpdateStatement};

use super::{condition, parameter, stored};
use crate::db::Engine;
use crate::models::input::Assignments;
use crate::models::{Filter, Schema};

/// What happens when a new record has a unique value that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum Clash {
    /// It is an error.
    Refuse,
    /// There is no new record and no error.
    Skip,
}

/// `INSERT` of records that all name the same attributes in the same order.
pub(in crate::models) fn insert(
    engine: Engine,
    schema: &Schema,
    rows: Vec<Assignments>,
    clash: Clash,
) -> InsertStatement {
    let mut statement = Query::insert();
    statement.into_table(schema.table_iden());
    let columns: Vec<_> =
        rows.first().into_iter().flatten().map(|(index, _)| schema.attribute_at(*index).iden()).collect();
    if columns.is_empty() {
        statement.or_default_values_many(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    } else {
        statement.columns(columns);
        for row in rows {
            statement
                .values_panic(row.into_iter().map(|(index, value)| parameter(engine, schema, index, value)));
        }
    }
    if clash == Clash::Skip {
        statement.on_conflict(OnConflict::new().do_nothing().to_owned());
    }
    statement.returning(Query::returning().columns(stored(schema)));
    statement
}

/// `UPDATE` of the records the filter means; the version of each goes up.
pub(in crate::models) fn update(
    engine: Engine,
    schema: &Schema,
    filter: &Filter,
    values: Assignments,
) -> UpdateStatement {
    let mut statement = Query::update();
    statement.table(schema.table_iden()).cond_where(condition(engine, schema, filter));
    for (index, value) in values {
        statement.value(schema.attribute_at(index).iden(), parameter(engine, schema, index, value));
    }
    if let Some(version) = schema.version_index() {
        let column = schema.attribute_at(version).iden();
        statement.value(column.clone(), Expr::col(column).add(1));
    }
    statement.returning(Query::returning().columns(stored(schema)));
    statement
}

/// `DELETE` of the records the filter means.
pub(in crate::models) fn delete(engine: Engine, schema: &Schema, filter: &Filter) -> DeleteStatement {
    let mut statement = Query::delete();
    statement
        .from_table(schema.table_iden())
        .cond_where(condition(engine, schema, filter))
        .returning(Query::returning().columns(stored(schema)));
    statement
}
