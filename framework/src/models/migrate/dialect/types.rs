//! What columns are called in each engine, and the values they start with.

use std::fmt::Write as _;

use super::Dialect;
use crate::db::{Engine, Kind, Value, decimal};
use crate::models::Attribute;

impl Dialect {
    /// The type of a column that holds values of `kind`.
    pub(super) fn type_name(self, kind: Kind) -> String {
        let name = match (self.0, kind) {
            (_, Kind::Text) | (Engine::Sqlite, Kind::Json) => "text",
            (Engine::Sqlite, Kind::Integer | Kind::Timestamp) => "integer",
            (Engine::Postgres, Kind::Integer | Kind::Timestamp) => "bigint",
            (Engine::Sqlite, Kind::Float) => "real",
            (Engine::Postgres, Kind::Float) => "double precision",
            (_, Kind::Boolean) => "boolean",
            (Engine::Postgres, Kind::Json) => "jsonb",
            (Engine::Sqlite, Kind::Decimal { precision, .. }) => decimal::column_type(precision),
            (Engine::Postgres, Kind::Decimal { precision, scale }) => {
                return format!("numeric({precision}, {scale})");
            }
            (_, Kind::Date) => "date",
            (Engine::Sqlite, Kind::Uuid | Kind::Bytes) => "blob",
            (Engine::Postgres, Kind::Uuid) => "uuid",
            (Engine::Postgres, Kind::Bytes) => "bytea",
        };
        name.to_owned()
    }

    /// Whether a column of the type `have` holds values of `kind`.
    pub(in crate::models::migrate) fn holds(self, kind: Kind, have: &str) -> bool {
        let begins = |names: &[&str]| names.iter().any(|name| have.starts_with(name));
        match (self.0, kind) {
            (_, Kind::Text) => begins(&["text", "char", "varchar", "clob"]),
            (Engine::Sqlite, Kind::Integer | Kind::Timestamp) => begins(&["int", "bigint", "smallint"]),
            (Engine::Postgres, Kind::Integer | Kind::Timestamp) => begins(&["bigint", "integer"]),
            (Engine::Sqlite, Kind::Float) => begins(&["real", "double", "float", "numeric", "decimal"]),
            (Engine::Postgres, Kind::Float) => begins(&["double", "real"]),
            (Engine::Sqlite, Kind::Boolean) => begins(&["bool", "int"]),
            (Engine::Postgres, Kind::Boolean) => have == "boolean",
            (Engine::Sqlite, Kind::Json) => begins(&["text", "json"]),
            (Engine::Postgres, Kind::Json) => begins(&["json"]),
            (Engine::Sqlite, Kind::Decimal { precision, .. }) => begins(&[decimal::column_type(precision)]),
            (Engine::Postgres, Kind::Decimal { .. }) => begins(&["numeric", "decimal"]),
            (Engine::Sqlite, Kind::Date) => begins(&["date", "text"]),
            (Engine::Postgres, Kind::Date) => have == "date",
            (Engine::Sqlite, Kind::Uuid | Kind::Bytes) => begins(&["blob"]),
            (Engine::Postgres, Kind::Uuid) => have == "uuid",
            (Engine::Postgres, Kind::Bytes) => have == "bytea",
        }
    }

    /// The value of an attribute that was left out, inside DDL, where nothing can be bound.
    pub(super) fn literal(self, attribute: &Attribute) -> String {
        let value = attribute.base_value();
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        match &value {
            Value::Null => "NULL".to_owned(),
            Value::Boolean(value) => value.to_string().to_uppercase(),
            Value::Integer(_) | Value::Timestamp(_) | Value::Float(_) => value.to_string(),
            Value::Text(_) | Value::Json(_) | Value::Date(_) => text(&value.to_string()),
            Value::Decimal(_) => match value.clone().into_parameter(attribute.kind(), self.0) {
                sea_query::Value::BigInt(Some(units)) => units.to_string(),
                sea_query::Value::String(Some(digits)) => text(&digits),
                _ => value.to_string(),
            },
            Value::Uuid(uuid) if self.0 == Engine::Postgres => text(&uuid.to_string()),
            Value::Uuid(uuid) => self.bytes(uuid.as_bytes()),
            Value::Bytes(bytes) => self.bytes(bytes),
        }
    }

    fn bytes(self, bytes: &[u8]) -> String {
        let digits = bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        match self.0 {
            Engine::Postgres => format!("'\\x{digits}'"),
            Engine::Sqlite => format!("x'{digits}'"),
        }
    }
}
