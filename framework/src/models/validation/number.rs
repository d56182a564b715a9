//! Rules about numbers.

use std::cmp::Ordering;

use serde_json::{Number, Value as Json};

use super::Value;
use crate::models::Decimal;

/// The first number that no integer of 64 bits reaches.
const TOO_GREAT: f64 = 9_223_372_036_854_775_808.0;

/// How a number compares with `bound`; nothing for what is no number.
pub(super) fn compare(value: &Value, bound: f64) -> Option<Ordering> {
    match value {
        Value::Integer(whole) | Value::Timestamp(whole) => compare_whole(*whole, bound),
        Value::Float(float) => float.partial_cmp(&bound),
        Value::Decimal(decimal) => compare_decimal(*decimal, bound),
        Value::Json(json) => match json.as_number()? {
            number if number.as_i64().is_some() => compare_whole(number.as_i64()?, bound),
            number => number.as_f64()?.partial_cmp(&bound),
        },
        _ => None,
    }
}

/// A float has fewer digits than a whole number can: both are compared as whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "within the range of the integer")]
fn compare_whole(whole: i64, bound: f64) -> Option<Ordering> {
    if bound.is_nan() {
        return None;
    }
    if bound >= TOO_GREAT {
        return Some(Ordering::Less);
    }
    if bound < -TOO_GREAT {
        return Some(Ordering::Greater);
    }
    let rest = 0.0.partial_cmp(&bound.fract())?;
    Some(whole.cmp(&(bound.trunc() as i64)).then(rest))
}

fn compare_decimal(decimal: Decimal, bound: f64) -> Option<Ordering> {
    match bound.to_string().parse::<Decimal>() {
        Ok(bound) => Some(decimal.cmp(&bound)),
        // Greater than any decimal.
        Err(_) => 0.0.partial_cmp(&bound),
    }
}

/// Whether both are the same number, or the same text.
pub(super) fn is_same(listed: &Value, value: &Value) -> bool {
    match (listed, value) {
        (
            Value::Integer(listed) | Value::Timestamp(listed),
            Value::Integer(value) | Value::Timestamp(value),
        ) => listed == value,
        (Value::Integer(listed), Value::Decimal(value)) => Decimal::from(*listed) == *value,
        #[expect(clippy::cast_precision_loss, reason = "a listed number is a small one")]
        (Value::Integer(listed), _) if is_number(value) => {
            compare(value, *listed as f64).is_some_and(Ordering::is_eq)
        }
        (Value::Float(listed), _) if is_number(value) => compare(value, *listed).is_some_and(Ordering::is_eq),
        (Value::Text(listed), Value::Json(json)) => json.as_str() == Some(listed),
        (Value::Json(_), _) | (_, Value::Json(_)) => listed == value,
        (listed, value) => listed == value || listed.to_string() == value.to_string(),
    }
}

pub(super) fn is_number(value: &Value) -> bool {
    match value {
        Value::Integer(_) | Value::Timestamp(_) | Value::Float(_) | Value::Decimal(_) => true,
        Value::Json(json) => json.is_number(),
        _ => false,
    }
}

pub(super) fn is_whole(value: &Value) -> bool {
    match value {
        Value::Integer(_) | Value::Timestamp(_) => true,
        Value::Float(float) => float.fract() == 0.0,
        Value::Decimal(decimal) => decimal.is_integer(),
        Value::Json(json) => matches!(&**json, Json::Number(number) if is_whole_number(number)),
        _ => false,
    }
}

fn is_whole_number(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}
