//! Filters as SQL.

use std::borrow::Cow;

use sea_query::{Cond, Expr, ExprTrait, LikeExpr};

use crate::db::Engine;
use crate::db::decimal::{beyond, fitted, nearest};
use crate::models::filter::{Filter, Test};
use crate::models::{Kind, Schema, Value};

pub(super) fn condition(engine: Engine, schema: &Schema, filter: &Filter) -> Cond {
    match filter {
        Filter::All(all) => match all.as_slice() {
            [one] => condition(engine, schema, one),
            all => all.iter().fold(Cond::all(), |cond, filter| cond.add(condition(engine, schema, filter))),
        },
        Filter::Any(any) if any.is_empty() => Cond::all().add(never()),
        Filter::Any(any) => {
            any.iter().fold(Cond::any(), |cond, filter| cond.add(condition(engine, schema, filter)))
        }
        Filter::Not(inner) => Cond::all().add(condition(engine, schema, inner).not()),
        Filter::Compare { attribute, test } => Cond::all().add(comparison(engine, schema, *attribute, test)),
    }
}

fn comparison(engine: Engine, schema: &Schema, index: usize, test: &Test) -> Cond {
    let attribute = schema.attribute_at(index);
    let column = || Expr::col(attribute.iden());
    let bound = |value: &Value| Expr::Value(value.clone().into_parameter(attribute.kind(), engine));
    let test = exact(test, attribute.kind());
    let expr = match &*test {
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
                if some.is_empty() { never() } else { column().is_in(list(engine, &some, attribute.kind())) };
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
                all = all.add(column().is_not_in(list(engine, &some, attribute.kind())));
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

/// A test of a decimal with more places behind the point than the column keeps, as one of those it keeps: less than
/// 1.005 is less than 1.01. Nothing equals it.
fn exact(test: &Test, kind: Kind) -> Cow<'_, Test> {
    let Kind::Decimal { precision, scale } = kind else { return Cow::Borrowed(test) };
    let same = |value: &Value| match value {
        Value::Decimal(decimal) => Value::Decimal(
            fitted(*decimal, precision, scale).unwrap_or_else(|| beyond(precision, scale, false)),
        ),
        other => other.clone(),
    };
    let near = |value: &Value, up| match value {
        Value::Decimal(decimal) => Value::Decimal(nearest(*decimal, precision, scale, up)),
        other => other.clone(),
    };
    Cow::Owned(match test {
        Test::Equal(value) => Test::Equal(same(value)),
        Test::NotEqual(value) => Test::NotEqual(same(value)),
        Test::In(values) => Test::In(values.iter().map(same).collect()),
        Test::NotIn(values) => Test::NotIn(values.iter().map(same).collect()),
        Test::Less(value) => Test::Less(near(value, true)),
        Test::GreaterOrEqual(value) => Test::GreaterOrEqual(near(value, true)),
        Test::LessOrEqual(value) => Test::LessOrEqual(near(value, false)),
        Test::Greater(value) => Test::Greater(near(value, false)),
        Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Like(_) => test.clone(),
    })
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
pub(super) fn list(engine: Engine, values: &[&Value], kind: Kind) -> Vec<Expr> {
    let fill = values.len().next_power_of_two() - values.len();
    let last = values.last().into_iter().cycle().take(fill);
    values
        .iter()
        .chain(last)
        .map(|value| Expr::Value((*value).clone().into_parameter(kind, engine)))
        .collect()
}
