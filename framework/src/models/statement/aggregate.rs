//! Counting and adding up.

use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use super::condition::condition;
use crate::db::Engine;
use crate::models::aggregate::Aggregate;
use crate::models::{Filter, Kind, Schema};

/// `SELECT` of the attributes `group`, then of each aggregate, for every group of the records the filter means.
pub(in crate::models) fn aggregate(
    engine: Engine,
    schema: &Schema,
    filter: &Filter,
    group: &[usize],
    aggregates: &[Aggregate],
) -> SelectStatement {
    let mut statement = Query::select();
    let column = |place: usize| Expr::col(schema.attributes()[place].iden());
    for &place in group {
        let name = schema.attributes()[place].iden();
        statement.column(name.clone()).group_by_col(name.clone()).order_by(name, sea_query::Order::Asc);
    }
    for aggregate in aggregates {
        // Engines answer sums and averages in types of their own.
        let expr = match *aggregate {
            Aggregate::Count => Expr::expr(Func::count(Expr::col(sea_query::Asterisk))),
            Aggregate::Sum(place) => match aggregate.kind(schema) {
                Kind::Integer => Expr::expr(Func::sum(column(place))).cast_as(whole(engine)),
                _ => Expr::expr(Func::sum(column(place))),
            },
            Aggregate::Average(place) => Expr::expr(Func::avg(column(place))).cast_as(fraction(engine)),
            Aggregate::Least(place) => Expr::expr(Func::min(column(place))),
            Aggregate::Greatest(place) => Expr::expr(Func::max(column(place))),
        };
        statement.expr(expr);
    }
    statement.from(schema.table_iden()).cond_where(condition(schema, filter));
    statement
}

fn whole(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "integer",
        Engine::Postgres => "bigint",
    }
}

fn fraction(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "real",
        Engine::Postgres => "double precision",
    }
}
