//! The members of many collections in one statement.

use sea_query::{DynIden, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, WindowStatement};

use super::condition::{condition, list};
use super::{bounded, direction, nulls, order_within, page, stored};
use crate::db::Engine;
use crate::models::association::Join;
use crate::models::criteria::Criteria;
use crate::models::{Schema, Value, cursor};

/// The column of a member's owner.
const OWNER: &str = "regatta_owner";
/// The column of a member's place among those with the same owner.
const PLACE: &str = "regatta_place";
/// The members, where they are joined or numbered.
const MEMBERS: &str = "regatta_members";
/// The rows that join members to owners.
const JOINED: &str = "regatta_joined";

/// How members are found from their owners.
#[derive(Debug, Clone, Copy)]
pub(in crate::models) enum Owners<'a> {
    /// By the attribute of the member at this place.
    Via(usize),
    /// By the rows of a join model.
    Joined(&'a Join),
}

/// The members of the collections of `owners` that the criteria ask for, in their order, each with its owner in
/// the column [`OWNER`] behind the columns asked for. `limit` and `skip` count for each owner, `most` for all.
pub(in crate::models) fn members(
    engine: Engine,
    target: &Schema,
    by: Owners<'_>,
    owners: &[Value],
    criteria: &Criteria,
    most: u64,
) -> SelectStatement {
    let is_whole = criteria.limit.is_none() && criteria.skip == 0;
    if is_whole || owners.len() <= 1 {
        let mut statement = found(engine, target, by, owners, criteria, criteria.select.as_deref());
        order_within(&mut statement, Some(MEMBERS), target, &criteria.sort);
        page(&mut statement, Some(criteria.limit.map_or(most, |limit| Ord::min(limit, most))), criteria.skip);
        return statement;
    }
    let mut window = WindowStatement::partition_by(owner(target, by));
    for sort in cursor::order(target, &criteria.sort) {
        let column = (MEMBERS, target.attribute_at(sort.attribute).iden());
        match nulls(target, sort) {
            Some(nulls) => window.order_by_with_nulls(column, direction(sort), nulls),
            None => window.order_by(column, direction(sort)),
        };
    }
    let mut numbered = found(engine, target, by, owners, criteria, None);
    numbered.expr_window_as(Func::cust("ROW_NUMBER"), window, PLACE);
    let first = bounded(criteria.skip);
    let mut statement = Query::select();
    match criteria.select.as_deref() {
        Some(selected) => statement.columns(selected.iter().map(|&index| target.attribute_at(index).iden())),
        None => statement.columns(stored(target)),
    };
    statement.column(OWNER).from_subquery(numbered, "regatta_numbered");
    if first > 0 {
        statement.and_where(Expr::col(PLACE).gt(first));
    }
    if let Some(limit) = criteria.limit {
        statement.and_where(Expr::col(PLACE).lte(bounded(first.saturating_add(limit))));
    }
    statement.order_by(PLACE, Order::Asc).limit(bounded(most));
    statement
}

/// The columns `selected` of the members of all `owners`, and their owners.
fn found(
    engine: Engine,
    target: &Schema,
    by: Owners<'_>,
    owners: &[Value],
    criteria: &Criteria,
    selected: Option<&[usize]>,
) -> SelectStatement {
    let filter = condition(engine, target, &criteria.scoped_filter(target));
    let mut statement = Query::select();
    match selected {
        Some(selected) => statement.columns(
            selected.iter().map(|&index| (DynIden::from(MEMBERS), target.attribute_at(index).iden())),
        ),
        None => statement.columns(stored(target).map(|column| (DynIden::from(MEMBERS), column))),
    };
    statement.expr_as(Expr::col(owner(target, by)), OWNER);
    let kind = match by {
        Owners::Via(via) => {
            statement.from_as(target.table_iden(), MEMBERS).cond_where(filter);
            target.attribute_at(via).kind()
        }
        Owners::Joined(join) => {
            let (here, there) = (join.join.attribute_at(join.here), join.join.attribute_at(join.there));
            let mut fitting = Query::select();
            fitting.columns(stored(target)).from(target.table_iden()).cond_where(filter);
            statement.from_subquery(fitting, MEMBERS).join_as(
                JoinType::InnerJoin,
                join.join.table_iden(),
                JOINED,
                Expr::col((JOINED, there.iden())).equals((MEMBERS, target.primary_key().iden())),
            );
            here.kind()
        }
    };
    statement.and_where(Expr::col(owner(target, by)).is_in(list(
        engine,
        &owners.iter().collect::<Vec<_>>(),
        kind,
    )));
    statement
}

/// The column that names a member's owner.
fn owner(target: &Schema, by: Owners<'_>) -> (DynIden, DynIden) {
    match by {
        Owners::Via(via) => (MEMBERS.into(), target.attribute_at(via).iden()),
        Owners::Joined(join) => (JOINED.into(), join.join.attribute_at(join.here).iden()),
    }
}
