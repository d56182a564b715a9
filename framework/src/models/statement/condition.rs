//! Filters as SQL.

use sea_query::{Cond, Expr, ExprTrait, LikeExpr};

use crate::models::filter::{Filter, Test};
use crate::models::{Kind, Schema, Value};

pub(super) fn condition(schema: &Schema, filter: &Filter) -> Cond {
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
pub(super) fn list(values: &[&Value], kind: Kind) -> Vec<Expr> {
    let fill = values.len().next_power_of_two() - values.len();
    let last = values.last().into_iter().cycle().take(fill);
    values.iter().chain(last).map(|value| Expr::Value((*value).clone().into_parameter(kind))).collect()
}
