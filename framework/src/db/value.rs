//! What a column holds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{Date, Engine, decimal};

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
    /// An exact decimal number.
    Decimal {
        /// The most digits it has, 1 to 28.
        precision: u8,
        /// How many of them are behind the point.
        scale: u8,
    },
    /// A day of the calendar.
    Date,
    /// A UUID.
    Uuid,
    /// Bytes; base64 in JSON.
    Bytes,
}

impl fmt::Display for Kind {
    /// As messages to clients name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decimal { precision, scale } => {
                return write!(
                    f,
                    "decimal with at most {precision} digits, {scale} of them behind the point"
                );
            }
            Self::Date => "day such as 2026-11-21",
            Self::Uuid => "UUID",
            Self::Bytes => "string of base64",
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
    /// [`Kind::Decimal`]
    Decimal(Decimal),
    /// [`Kind::Date`]
    Date(Date),
    /// [`Kind::Uuid`]
    Uuid(Uuid),
    /// [`Kind::Bytes`]
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as a parameter of a statement of `engine`; `kind` gives an absent one its type.
    pub(crate) fn into_parameter(self, kind: Kind, engine: Engine) -> sea_query::Value {
        match (self, kind) {
            (Self::Decimal(value), Kind::Decimal { precision, scale }) if engine == Engine::Sqlite => {
                decimal::parameter(value, precision, scale)
            }
            (Self::Null, Kind::Decimal { precision, .. }) if engine == Engine::Sqlite => {
                decimal::nothing(precision)
            }
            (Self::Null, Kind::Text) => sea_query::Value::String(None),
            (Self::Null, Kind::Integer | Kind::Timestamp) => sea_query::Value::BigInt(None),
            (Self::Null, Kind::Float) => sea_query::Value::Double(None),
            (Self::Null, Kind::Boolean) => sea_query::Value::Bool(None),
            (Self::Null, Kind::Json) => sea_query::Value::Json(None),
            (Self::Null, Kind::Decimal { .. }) => sea_query::Value::Decimal(None),
            (Self::Null, Kind::Date) => sea_query::Value::TimeDate(None),
            (Self::Null, Kind::Uuid) => sea_query::Value::Uuid(None),
            (Self::Null, Kind::Bytes) => sea_query::Value::Bytes(None),
            (Self::Boolean(value), _) => sea_query::Value::Bool(Some(value)),
            (Self::Integer(value) | Self::Timestamp(value), _) => sea_query::Value::BigInt(Some(value)),
            (Self::Float(value), _) => sea_query::Value::Double(Some(value)),
            (Self::Text(value), _) => sea_query::Value::String(Some(value)),
            (Self::Json(value), _) => sea_query::Value::Json(Some(value)),
            (Self::Decimal(value), _) => sea_query::Value::Decimal(Some(value)),
            (Self::Date(value), _) => sea_query::Value::TimeDate(Some(value.into())),
            (Self::Uuid(value), _) => sea_query::Value::Uuid(Some(value)),
            (Self::Bytes(value), _) => sea_query::Value::Bytes(Some(value)),
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
            // As text: a number of JSON is a float to most who read it.
            Self::Decimal(value) => serializer.collect_str(value),
            Self::Date(value) => value.serialize(serializer),
            Self::Uuid(value) => serializer.collect_str(value),
            Self::Bytes(value) => serializer.serialize_str(&STANDARD.encode(value)),
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
            Self::Decimal(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
            Self::Uuid(value) => value.fmt(f),
            Self::Bytes(value) => f.write_str(&STANDARD.encode(value)),
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident;)+) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from! {
    bool => Boolean;
    i64 => Integer;
    i32 => Integer;
    i16 => Integer;
    i8 => Integer;
    u32 => Integer;
    u16 => Integer;
    u8 => Integer;
    f64 => Float;
    f32 => Float;
    String => Text;
    &str => Text;
    Decimal => Decimal;
    Date => Date;
    Uuid => Uuid;
    Vec<u8> => Bytes;
}

/// A day as a column holds it.
pub(super) fn date(date: time::Date) -> Result<Value, sqlx::Error> {
    Date::try_from(date).map(Value::Date).map_err(|error| sqlx::Error::Decode(error.into()))
}
