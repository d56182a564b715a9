//! What a column holds.

use std::fmt;

use serde::{Serialize, Serializer};

/// Floats that hold a whole number below this are written without a fraction, as JavaScript does.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The kind of value an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text of any length.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A floating point number of 64 bits.
    Float,
    /// True or false.
    Boolean,
    /// Any JSON.
    Json,
    /// A moment, in milliseconds since 1970.
    Timestamp,
}

impl fmt::Display for Kind {
    /// As messages to clients name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "string",
            Self::Integer => "whole number",
            Self::Float => "number",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Timestamp => "timestamp in milliseconds",
        })
    }
}

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// [`Kind::Boolean`]
    Boolean(bool),
    /// [`Kind::Integer`]
    Integer(i64),
    /// [`Kind::Float`]
    Float(f64),
    /// [`Kind::Text`]
    Text(String),
    /// [`Kind::Json`]
    Json(Box<serde_json::Value>),
    /// [`Kind::Timestamp`]: milliseconds since 1970.
    Timestamp(i64),
}

impl Value {
    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as a parameter of a statement; `kind` gives an absent one its type.
    pub(crate) fn into_parameter(self, kind: Kind) -> sea_query::Value {
        match self {
            Self::Null => match kind {
                Kind::Text => sea_query::Value::String(None),
                Kind::Integer | Kind::Timestamp => sea_query::Value::BigInt(None),
                Kind::Float => sea_query::Value::Double(None),
                Kind::Boolean => sea_query::Value::Bool(None),
                Kind::Json => sea_query::Value::Json(None),
            },
            Self::Boolean(value) => sea_query::Value::Bool(Some(value)),
            Self::Integer(value) | Self::Timestamp(value) => sea_query::Value::BigInt(Some(value)),
            Self::Float(value) => sea_query::Value::Double(Some(value)),
            Self::Text(value) => sea_query::Value::String(Some(value)),
            Self::Json(value) => sea_query::Value::Json(Some(value)),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) | Self::Timestamp(value) => serializer.serialize_i64(*value),
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the range")]
            Self::Float(value) if value.fract() == 0.0 && value.abs() < EXACT => {
                serializer.serialize_i64(*value as i64)
            }
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

impl fmt::Display for Value {
    /// As it stands in the name of a record's room.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) | Self::Timestamp(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Json(value) => value.fmt(f),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
