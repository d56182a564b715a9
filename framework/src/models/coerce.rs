//! JSON as the value of an attribute. As in Sails, what is plainly meant is taken: `"12"` for a number.

use serde_json::Value as Json;

use super::{Kind, Value};

/// `json` as a value of `kind`; nothing when it can't be one. Null is not this function's matter.
pub(super) fn coerce(kind: Kind, json: &Json) -> Option<Value> {
    match kind {
        Kind::Text => text(json).map(Value::Text),
        Kind::Integer => integer(json).map(Value::Integer),
        Kind::Timestamp => integer(json).map(Value::Timestamp),
        Kind::Float => float(json).map(Value::Float),
        Kind::Boolean => boolean(json).map(Value::Boolean),
        Kind::Json => Some(Value::Json(Box::new(json.clone()))),
    }
}

/// No database here keeps a NUL in text, and some cut the text there.
fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if !text.contains('\0') => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Json::String(text) => text.trim().parse().ok(),
        Json::Bool(value) => Some(i64::from(*value)),
        _ => None,
    }
}

/// `7.0` is a whole number too.
#[expect(clippy::cast_possible_truncation, reason = "whole and within the range of exact floats")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

fn float(json: &Json) -> Option<f64> {
    let number = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        Json::Bool(value) => Some(f64::from(u8::from(*value))),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

fn boolean(json: &Json) -> Option<bool> {
    match json {
        Json::Bool(value) => Some(*value),
        Json::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Json::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
