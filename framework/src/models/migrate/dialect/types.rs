//! What columns are called in each engine, and the values they start with.

use std::fmt::Write as _;

use super::Dialect;
use crate::db::{Engine, Kind, Value, decimal};
use crate::models::{Attribute, Schema, Validation};

/// The most characters of text in an index of MySQL: three such columns fit into one.
const LONGEST_INDEXED: usize = 255;

impl Dialect {
    /// The type of the column of an attribute.
    pub(super) fn type_for(self, schema: &Schema, attribute: &Attribute) -> String {
        if self.0 == Engine::MySql && is_indexed(schema, attribute) {
            // Long text can't be in an index.
            let most = attribute.validations().iter().find_map(|rule| match rule {
                Validation::MaxLength(most) => Some(*most),
                _ => None,
            });
            let length = most.unwrap_or(LONGEST_INDEXED).clamp(1, LONGEST_INDEXED);
            match attribute.kind() {
                Kind::Text => return format!("varchar({length})"),
                Kind::Bytes => return format!("varbinary({length})"),
                _ => {}
            }
        }
        self.type_name(attribute.kind())
    }

    /// The type of a column that holds values of `kind`.
    fn type_name(self, kind: Kind) -> String {
        let name = match (self.0, kind) {
            (Engine::Sqlite | Engine::Postgres, Kind::Text) | (Engine::Sqlite, Kind::Json) => "text",
            (Engine::MySql, Kind::Text) => "longtext",
            (Engine::Sqlite, Kind::Integer | Kind::Timestamp) => "integer",
            (Engine::Postgres | Engine::MySql, Kind::Integer | Kind::Timestamp) => "bigint",
            (Engine::Sqlite, Kind::Float) => "real",
            (Engine::Postgres, Kind::Float) => "double precision",
            (Engine::MySql, Kind::Float) => "double",
            (Engine::MySql, Kind::Json) => "json",
            (Engine::MySql, Kind::Decimal { precision, scale }) => {
                return format!("decimal({precision},{scale})");
            }
            (Engine::MySql, Kind::Uuid) => "binary(16)",
            (Engine::MySql, Kind::Bytes) => "longblob",
            (_, Kind::Boolean) => "boolean",
            (Engine::Postgres, Kind::Json) => "jsonb",
            // How many places are behind the point decides what the number in the column means.
            (Engine::Sqlite, Kind::Decimal { precision, scale }) => {
                return format!("{}({precision},{scale})", decimal::column_type(precision));
            }
            (Engine::Postgres, Kind::Decimal { precision, scale }) => {
                return format!("numeric({precision},{scale})");
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
            (Engine::MySql, Kind::Text) => {
                begins(&["longtext", "mediumtext", "text", "tinytext", "char", "varchar"])
            }
            (Engine::MySql, Kind::Integer | Kind::Timestamp) => {
                begins(&["bigint", "int", "mediumint", "smallint", "tinyint"])
            }
            (Engine::MySql, Kind::Float) => begins(&["double", "float"]),
            (Engine::MySql, Kind::Boolean) => begins(&["tinyint", "bit"]),
            // MariaDB's JSON is text.
            (Engine::MySql, Kind::Json) => begins(&["json", "longtext"]),
            (Engine::MySql, Kind::Decimal { .. }) => have == self.type_name(kind),
            (Engine::MySql, Kind::Date) => have == "date",
            (Engine::MySql, Kind::Uuid) => have == "binary(16)",
            (Engine::MySql, Kind::Bytes) => {
                begins(&["longblob", "mediumblob", "blob", "tinyblob", "varbinary"])
            }
            (_, Kind::Text) => begins(&["text", "char", "varchar", "clob"]),
            (Engine::Sqlite, Kind::Integer | Kind::Timestamp) => begins(&["int", "bigint", "smallint"]),
            (Engine::Postgres, Kind::Integer | Kind::Timestamp) => begins(&["bigint", "integer"]),
            (Engine::Sqlite, Kind::Float) => begins(&["real", "double", "float", "numeric", "decimal"]),
            (Engine::Postgres, Kind::Float) => begins(&["double", "real"]),
            (Engine::Sqlite, Kind::Boolean) => begins(&["bool", "int"]),
            (Engine::Postgres, Kind::Boolean) => have == "boolean",
            (Engine::Sqlite, Kind::Json) => begins(&["text", "json"]),
            (Engine::Postgres, Kind::Json) => begins(&["json"]),
            // Without digits it is as wide as can be, or from before digits were named.
            (Engine::Sqlite, Kind::Decimal { precision, .. }) => {
                have == decimal::column_type(precision) || have == self.type_name(kind)
            }
            (Engine::Postgres, Kind::Decimal { .. }) => have == "numeric" || have == self.type_name(kind),
            (Engine::Sqlite, Kind::Date) => begins(&["date", "text"]),
            (Engine::Postgres, Kind::Date) => have == "date",
            (Engine::Sqlite, Kind::Uuid | Kind::Bytes) => begins(&["blob"]),
            (Engine::Postgres, Kind::Uuid) => have == "uuid",
            (Engine::Postgres, Kind::Bytes) => have == "bytea",
        }
    }

    /// Whether a column of the type `have` can be in an index.
    pub(in crate::models::migrate) fn indexes_type(self, have: &str) -> bool {
        self.0 != Engine::MySql || !["text", "blob", "json"].iter().any(|long| have.ends_with(long))
    }

    /// The value of an attribute that was left out, inside DDL, where nothing can be bound.
    pub(super) fn literal(self, attribute: &Attribute) -> String {
        let value = attribute.base_value();
        let text = |text: &str| self.text(attribute.kind(), text);
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

    fn text(self, kind: Kind, text: &str) -> String {
        let text = text.replace('\'', "''");
        match (self.0, kind) {
            (Engine::Sqlite | Engine::Postgres, _) => format!("'{text}'"),
            // There `\` makes the next character another one, and long text begins as an expression only.
            (Engine::MySql, Kind::Text | Kind::Json) => format!("('{}')", text.replace('\\', "\\\\")),
            (Engine::MySql, _) => format!("'{text}'"),
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
            Engine::MySql => format!("(x'{digits}')"),
        }
    }
}

/// Whether its column is in an index.
fn is_indexed(schema: &Schema, attribute: &Attribute) -> bool {
    let is_listed = |&place: &usize| schema.attribute_at(place).name() == attribute.name();
    attribute.is_primary_key()
        || attribute.is_unique()
        || attribute.association().is_some()
        || schema.indexes().iter().any(|index| index.attributes.iter().any(is_listed))
}
