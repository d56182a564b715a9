//! JSON as the value of an attribute. As in Sails, what is plainly meant is taken: `"12"` for a number.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

use super::{Date, Kind, Uuid, Value};
use crate::db::decimal::fitted;

/// Base64 with or without the `=` at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// So many digits of a decimal survive being a float.
const EXACT_DIGITS: usize = 15;

/// `json` as a value of `kind`; nothing when it can't be one. Null is not this function's matter.
pub(super) fn coerce(kind: Kind, json: &Json) -> Option<Value> {
    match kind {
        Kind::Text => text(json).map(Value::Text),
        Kind::Integer => integer(json).map(Value::Integer),
        Kind::Timestamp => integer(json).map(Value::Timestamp),
        Kind::Float => float(json).map(Value::Float),
        Kind::Boolean => boolean(json).map(Value::Boolean),
        Kind::Json => Some(Value::Json(Box::new(json.clone()))),
        Kind::Decimal { precision, scale } => {
            decimal(json).and_then(|decimal| fitted(decimal, precision, scale)).map(Value::Decimal)
        }
        Kind::Date => json.as_str()?.trim().parse::<Date>().ok().map(Value::Date),
        Kind::Uuid => uuid(json.as_str()?).map(Value::Uuid),
        Kind::Bytes => BASE64.decode(json.as_str()?).ok().map(Value::Bytes),
    }
}

/// The number as it was written; one that JSON can't carry exactly has to come as text.
fn decimal(json: &Json) -> Option<Decimal> {
    match json {
        Json::String(text) => Decimal::from_str_exact(text.trim()).ok(),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Some(whole.into()),
            (None, Some(whole)) => Some(whole.into()),
            (None, None) => fraction(number),
        },
        _ => None,
    }
}

fn fraction(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    let digits = text.split(['e', 'E']).next()?.bytes().filter(u8::is_ascii_digit).count();
    // "0.1" has a digit in front of the point that does not count.
    let leading = text.trim_start_matches('-').bytes().take_while(|byte| matches!(byte, b'0' | b'.'));
    let leading = leading.filter(|byte| *byte == b'0').count();
    if digits - leading.min(digits) > EXACT_DIGITS {
        return None;
    }
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// With the hyphens: other ways to write it would be other texts for the same key.
fn uuid(text: &str) -> Option<Uuid> {
    let text = text.trim();
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
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
