//! Counting and adding up.

use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use super::condition::condition;
use crate::db::Engine;
use crate::db::decimal::parts;
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
    let column = |place: usize| Expr::col(schema.attribute_at(place).iden());
    for &place in group {
        let name = schema.attribute_at(place).iden();
        statement.column(name.clone()).group_by_col(name.clone()).order_by(name, sea_query::Order::Asc);
    }
    for aggregate in aggregates {
        // Engines answer sums and averages in types of their own.
        let expr = match *aggregate {
            Aggregate::Count => Expr::expr(Func::count(Expr::col(sea_query::Asterisk))),
            Aggregate::Sum(place) => match aggregate.kind(schema) {
                Kind::Integer => Expr::expr(Func::sum(column(place))).cast_as(whole(engine)),
                Kind::Decimal { precision, .. } if engine == Engine::Sqlite => {
                    sum_of_parts(&column(place), precision)
                }
                _ => Expr::expr(Func::sum(column(place))),
            },
            Aggregate::Average(place) if engine == Engine::Sqlite && is_decimal(schema, place) => {
                average_of_parts(&column(place), schema.attribute_at(place).kind())
            }
            // It would keep a few digits behind the point only.
            Aggregate::Average(place) if engine == Engine::MySql => {
                Expr::expr(Func::avg(column(place).cast_as(fraction(engine))))
            }
            Aggregate::Average(place) => Expr::expr(Func::avg(column(place))).cast_as(fraction(engine)),
            Aggregate::Least(place) => Expr::expr(Func::min(column(place))),
            Aggregate::Greatest(place) => Expr::expr(Func::max(column(place))),
        };
        statement.expr(expr);
    }
    statement.from(schema.table_iden()).cond_where(condition(engine, schema, filter));
    statement
}

fn whole(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "integer",
        Engine::Postgres => "bigint",
        Engine::MySql => "signed",
    }
}

fn fraction(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "real",
        Engine::Postgres => "double precision",
        Engine::MySql => "double",
    }
}

fn is_decimal(schema: &Schema, place: usize) -> bool {
    matches!(schema.attribute_at(place).kind(), Kind::Decimal { .. })
}

/// Each part of a column of decimals inside a function, such as `SUM`.
fn of_parts(function: &str, column: &Expr, precision: u8) -> Vec<Expr> {
    let part = |part: &&str| {
        Expr::cust_with_expr(format!("{function}({})", part.replace("{}", "?")), column.clone())
    };
    parts(precision).iter().map(part).collect()
}

/// The sum, in the parts that `db::decimal` puts together.
fn sum_of_parts(column: &Expr, precision: u8) -> Expr {
    let sums = of_parts("SUM", column, precision);
    let template = vec!["?"; sums.len()].join(" || ' ' || ");
    Expr::cust_with_exprs(template, sums)
}

fn average_of_parts(column: &Expr, kind: Kind) -> Expr {
    let Kind::Decimal { precision, scale } = kind else { return column.clone() };
    let averages = of_parts("AVG", column, precision);
    let sum = averages.into_iter().reduce(|sum, part| sum.mul(1e10).add(part));
    sum.map_or_else(|| column.clone(), |sum| sum.div(10_f64.powi(scale.into())))
}
