//! Criteria and values as SQL. Everything is bound; names come from the schema alone.

use sea_query::{
    Cond, DeleteStatement, Expr, ExprTrait, Func, InsertStatement, LikeExpr, NullOrdering, OnConflict, Order,
    Query, SelectStatement, UpdateStatement, WindowStatement,
};

use super::criteria::{Criteria, Sort};
use super::filter::{Filter, Test};
use super::input::Assignments;
use super::{Kind, Schema, Value};

/// The name of a row's number among those with the same owner.
const PLACE: &str = "regatta_place";

/// `SELECT` of what the criteria ask for.
pub(super) fn select(schema: &Schema, criteria: &Criteria) -> SelectStatement {
    let mut statement = columns(schema, criteria.select.as_deref());
    statement.from(schema.table_iden()).cond_where(condition(schema, &criteria.filter));
    order(&mut statement, schema, &criteria.sort);
    page(&mut statement, criteria.limit, criteria.skip);
    statement
}

/// `SELECT COUNT(*)`.
pub(super) fn count(schema: &Schema, filter: &Filter) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .expr(Func::count(Expr::col(sea_query::Asterisk)))
        .from(schema.table_iden())
        .cond_where(condition(schema, filter));
    statement
}

/// The first `limit` records for each value of the attribute `owner`, by primary key.
pub(super) fn select_for_each(
    schema: &Schema,
    filter: &Filter,
    owner: usize,
    limit: Option<u64>,
) -> SelectStatement {
    let Some(limit) = limit else {
        return select(schema, &Criteria::of(filter.clone()));
    };
    let key = schema.primary_key().iden();
    let mut window = WindowStatement::partition_by(schema.attributes()[owner].iden());
    sea_query::OrderedStatement::order_by(&mut window, key.clone(), Order::Asc);
    let mut numbered = columns(schema, None);
    numbered
        .expr_window_as(Func::cust("ROW_NUMBER"), window, PLACE)
        .from(schema.table_iden())
        .cond_where(condition(schema, filter));
    let mut statement = columns(schema, None);
    statement
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col(PLACE).lte(bounded(limit)))
        .order_by(key, Order::Asc);
    statement
}

/// `INSERT … RETURNING`; with `or_nothing` a clash with a unique value makes no row and no error.
pub(super) fn insert(schema: &Schema, values: Assignments, or_nothing: bool) -> InsertStatement {
    let mut statement = Query::insert();
    statement.into_table(schema.table_iden());
    let (columns, values): (Vec<_>, Vec<_>) = values
        .into_iter()
        .map(|(index, value)| (schema.attributes()[index].iden(), parameter(schema, index, value)))
        .unzip();
    if columns.is_empty() {
        statement.or_default_values();
    } else {
        statement.columns(columns).values_panic(values);
    }
    if or_nothing {
        statement.on_conflict(OnConflict::new().do_nothing().to_owned());
    }
    statement.returning(Query::returning().columns(stored(schema)));
    statement
}

/// `UPDATE … RETURNING` of one record.
pub(super) fn update(schema: &Schema, id: Value, values: Assignments) -> UpdateStatement {
    let mut statement = Query::update();
    statement.table(schema.table_iden()).cond_where(condition(schema, &Filter::id(schema, id)));
    for (index, value) in values {
        statement.value(schema.attributes()[index].iden(), parameter(schema, index, value));
    }
    statement.returning(Query::returning().columns(stored(schema)));
    statement
}

/// `DELETE … RETURNING` of one record.
pub(super) fn delete(schema: &Schema, id: Value) -> DeleteStatement {
    let mut statement = Query::delete();
    statement
        .from_table(schema.table_iden())
        .cond_where(condition(schema, &Filter::id(schema, id)))
        .returning(Query::returning().columns(stored(schema)));
    statement
}

fn stored(schema: &Schema) -> impl Iterator<Item = sea_query::DynIden> {
    schema.stored().map(|(_, attribute)| attribute.iden())
}

fn columns(schema: &Schema, selected: Option<&[usize]>) -> SelectStatement {
    let mut statement = Query::select();
    match selected {
        Some(selected) => statement.columns(selected.iter().map(|&index| schema.attributes()[index].iden())),
        None => statement.columns(stored(schema)),
    };
    statement
}

fn order(statement: &mut SelectStatement, schema: &Schema, sort: &[Sort]) {
    let key = schema.primary_key_index();
    let by_key = Sort { attribute: key, descending: false };
    let is_by_key = sort.iter().any(|sort| sort.attribute == key);
    for sort in sort.iter().chain((!is_by_key).then_some(&by_key)) {
        let attribute = &schema.attributes()[sort.attribute];
        let order = if sort.descending { Order::Desc } else { Order::Asc };
        if attribute.is_nullable() {
            // Engines differ: here null is less than everything.
            let nulls = if sort.descending { NullOrdering::Last } else { NullOrdering::First };
            statement.order_by_with_nulls(attribute.iden(), order, nulls);
        } else {
            statement.order_by(attribute.iden(), order);
        }
    }
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

fn parameter(schema: &Schema, index: usize, value: Value) -> Expr {
    Expr::Value(value.into_parameter(schema.attributes()[index].kind()))
}

fn condition(schema: &Schema, filter: &Filter) -> Cond {
    match filter {
        Filter::All(all) => all.iter().fold(Cond::all(), |cond, filter| cond.add(condition(schema, filter))),
        Filter::Any(any) if any.is_empty() => Cond::all().add(never()),
        Filter::Any(any) => any.iter().fold(Cond::any(), |cond, filter| cond.add(condition(schema, filter))),
        Filter::Not(inner) => Cond::all().add(condition(schema, inner).not()),
        Filter::Compare { attribute, test } => Cond::all().add(comparison(schema, *attribute, test)),
    }
}

fn comparison(schema: &Schema, index: usize, test: &Test) -> Cond {
    let attribute = &schema.attributes()[index];
    let column = || Expr::col(attribute.iden());
    let bound = |value: &Value| Expr::Value(value.clone().into_parameter(attribute.kind()));
    let expr = match test {
        Test::Equal(Value::Null) => column().is_null(),
        Test::NotEqual(Value::Null) => column().is_not_null(),
        Test::Equal(value) => column().eq(bound(value)),
        Test::NotEqual(value) => column().ne(bound(value)),
        Test::Less(value) => column().lt(bound(value)),
        Test::LessOrEqual(value) => column().lte(bound(value)),
        Test::Greater(value) => column().gt(bound(value)),
        Test::GreaterOrEqual(value) => column().gte(bound(value)),
        Test::In(values) => {
            let (some, has_null) = without_null(values);
            let listed =
                if some.is_empty() { never() } else { column().is_in(list(&some, attribute.kind())) };
            return if has_null {
                Cond::any().add(listed).add(column().is_null())
            } else {
                Cond::all().add(listed)
            };
        }
        Test::NotIn(values) => {
            let (some, has_null) = without_null(values);
            let mut all = Cond::all();
            if !some.is_empty() {
                all = all.add(column().is_not_in(list(&some, attribute.kind())));
            }
            return if has_null { all.add(column().is_not_null()) } else { all };
        }
        Test::Contains(text) => like(column(), format!("%{}%", plain(text))),
        Test::StartsWith(text) => like(column(), format!("{}%", plain(text))),
        Test::EndsWith(text) => like(column(), format!("%{}", plain(text))),
        Test::Like(pattern) => like(column(), terminated(pattern)),
    };
    Cond::all().add(expr)
}

fn never() -> Expr {
    Expr::val(1).eq(0)
}

fn like(column: Expr, pattern: String) -> Expr {
    column.like(LikeExpr::new(pattern).escape('\\'))
}

/// Text as a pattern that only fits itself.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// A pattern that ends with a lone `\` is an error on some engines: there it means itself.
fn terminated(pattern: &str) -> String {
    let slashes = pattern.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if slashes % 2 == 1 { format!("{pattern}\\") } else { pattern.to_owned() }
}

fn without_null(values: &[Value]) -> (Vec<&Value>, bool) {
    let some: Vec<_> = values.iter().filter(|value| !value.is_null()).collect();
    let has_null = some.len() < values.len();
    (some, has_null)
}

/// The values of a list, the last one repeated up to the next power of two: so that there are few different
/// statements to prepare.
fn list(values: &[&Value], kind: Kind) -> Vec<Expr> {
    let fill = values.len().next_power_of_two() - values.len();
    let last = values.last().into_iter().cycle().take(fill);
    values.iter().chain(last).map(|value| Expr::Value((*value).clone().into_parameter(kind))).collect()
}
