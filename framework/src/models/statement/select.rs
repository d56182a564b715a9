//! Reading records.

use sea_query::{Expr, Func, Query, SelectStatement};

use super::{condition, order, page, stored};
use crate::db::Engine;
use crate::models::criteria::Criteria;
use crate::models::{Filter, Schema};

/// `SELECT` of what the criteria ask for.
pub(in crate::models) fn select(engine: Engine, schema: &Schema, criteria: &Criteria) -> SelectStatement {
    let mut statement = Query::select();
    match criteria.select.as_deref() {
        Some(selected) => statement.columns(selected.iter().map(|&index| schema.attribute_at(index).iden())),
        None => statement.columns(stored(schema)),
    };
    statement.from(schema.table_iden()).cond_where(condition(
        engine,
        schema,
        &criteria.scoped_filter(schema),
    ));
    order(&mut statement, schema, &criteria.sort);
    page(&mut statement, criteria.limit, criteria.skip);
    statement
}

/// `SELECT COUNT(*)`.
pub(in crate::models) fn count(engine: Engine, schema: &Schema, filter: &Filter) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .expr(Func::count(Expr::col(sea_query::Asterisk)))
        .from(schema.table_iden())
        .cond_where(condition(engine, schema, filter));
    statement
}

/// `SELECT 1 … LIMIT 1`.
pub(in crate::models) fn exists(engine: Engine, schema: &Schema, filter: &Filter) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .expr(Expr::val(1))
        .from(schema.table_iden())
        .cond_where(condition(engine, schema, filter))
        .limit(1);
    statement
}
