//! The statements of a migration in each engine's SQL.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use super::unique_index;
use crate::db::{Engine, Kind, Store, Value, decimal};
use crate::models::{Association, Attribute, Auto, Index, OnDelete, Schema};

/// The lock every app instance takes on PostgreSQL: the bytes of "regatta".
const LOCK: i64 = 0x0072_6567_6174_7461;

/// The longest name PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// Finds the table and key column of the model an attribute refers to.
pub(super) type KeyOf<'a> = &'a dyn Fn(&str) -> Option<(&'a str, &'a str)>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect(Engine);

impl Dialect {
    pub(super) fn of(store: &Store) -> Self {
        Self(store.engine())
    }

    /// Makes other instances wait; SQLite's `BEGIN IMMEDIATE` has done so already.
    pub(super) fn lock(self, patience: Duration) -> Vec<String> {
        match self.0 {
            Engine::Sqlite => Vec::new(),
            Engine::Postgres => vec![
                format!("SET LOCAL statement_timeout = {}", patience.as_millis()),
                format!("SELECT pg_advisory_xact_lock({LOCK})"),
                "SET LOCAL statement_timeout = 0".to_owned(),
            ],
        }
    }

    /// Name, type, NOT NULL and whether there is a default, for each column of a table.
    pub(super) fn columns(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => {
                "SELECT name, type, \"notnull\", dflt_value IS NOT NULL OR pk > 0 FROM pragma_table_info(?)"
            }
            Engine::Postgres => {
                "SELECT column_name::text, data_type::text, is_nullable = 'NO', \
                 column_default IS NOT NULL OR is_identity = 'YES' FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
            }
        }
    }

    /// The names of a table's indexes.
    pub(super) fn indexes(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?",
            Engine::Postgres => {
                "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1"
            }
        }
    }

    pub(super) fn create_table(self, schema: &Schema, key_of: KeyOf<'_>) -> String {
        let columns: Vec<_> =
            schema.stored().map(|(_, attribute)| self.definition(attribute, key_of)).collect();
        format!("CREATE TABLE {} ({})", quoted(schema.table()), columns.join(", "))
    }

    pub(super) fn add_column(self, schema: &Schema, attribute: &Attribute, key_of: KeyOf<'_>) -> String {
        let mut sql = format!(
            "ALTER TABLE {} ADD COLUMN {}",
            quoted(schema.table()),
            self.definition(attribute, key_of)
        );
        if !attribute.is_nullable() || attribute.default().is_some() {
            // Rows that are there already get what a record made without it would.
            let _ = write!(sql, " DEFAULT {}", self.literal(attribute));
        }
        sql
    }

    /// PostgreSQL wants the other table to exist first; SQLite wants the reference with the column.
    pub(super) fn add_reference(
        self,
        schema: &Schema,
        attribute: &Attribute,
        key: Option<(&str, &str)>,
    ) -> Option<String> {
        if self.0 == Engine::Sqlite {
            return None;
        }
        let name = index_name(schema.table(), attribute.column_name(), "fkey");
        Some(format!(
            "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) {}",
            quoted(schema.table()),
            quoted(&name),
            quoted(attribute.column_name()),
            reference(attribute, key?)
        ))
    }

    pub(super) fn create_index(self, schema: &Schema, attribute: &Attribute) -> String {
        let name = index_name(schema.table(), attribute.column_name(), "idx");
        let (table, column) = (quoted(schema.table()), quoted(attribute.column_name()));
        format!("CREATE INDEX IF NOT EXISTS {} ON {table} ({column})", quoted(&name))
    }

    pub(super) fn create_unique_index(self, schema: &Schema, attribute: &Attribute) -> String {
        let (table, column) = (quoted(schema.table()), quoted(attribute.column_name()));
        let name = quoted(&unique_index(schema, attribute));
        format!("CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} ({column})")
    }

    pub(super) fn find_duplicate(self, schema: &Schema, attribute: &Attribute) -> String {
        let (table, column) = (quoted(schema.table()), quoted(attribute.column_name()));
        format!(
            "SELECT 1 FROM {table} WHERE {column} IS NOT NULL GROUP BY {column} HAVING COUNT(*) > 1 LIMIT 1"
        )
    }

    pub(super) fn create_wide_index(self, schema: &Schema, index: &Index, name: &str) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (table, columns) = (quoted(schema.table()), columns_of(schema, index));
        format!("CREATE {unique}INDEX IF NOT EXISTS {} ON {table} ({columns})", quoted(name))
    }

    pub(super) fn find_duplicates(self, schema: &Schema, index: &Index) -> String {
        let (table, columns) = (quoted(schema.table()), columns_of(schema, index));
        let places = index.attributes.iter();
        let set: Vec<_> = places
            .map(|&place| format!("{} IS NOT NULL", quoted(schema.attributes()[place].column_name())))
            .collect();
        let set = set.join(" AND ");
        format!("SELECT 1 FROM {table} WHERE {set} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT 1")
    }

    pub(super) fn any_row(self, table: &str) -> String {
        format!("SELECT 1 FROM {} LIMIT 1", quoted(table))
    }

    /// Whether a column of the type `have` holds values of `kind`.
    pub(super) fn holds(self, kind: Kind, have: &str) -> bool {
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

    fn definition(self, attribute: &Attribute, key_of: KeyOf<'_>) -> String {
        let mut sql = format!("{} {}", quoted(attribute.column_name()), self.type_name(attribute.kind()));
        if attribute.is_primary_key() {
            sql += match (self.0, attribute.automatic()) {
                (Engine::Sqlite, Some(Auto::Increment)) => " PRIMARY KEY AUTOINCREMENT",
                (Engine::Postgres, Some(Auto::Increment)) => " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
                _ => " NOT NULL PRIMARY KEY",
            };
        } else if !attribute.is_nullable() {
            sql += " NOT NULL";
        }
        if let (Engine::Sqlite, Some(Association::Model { identity })) = (self.0, attribute.association())
            && let Some(key) = key_of(identity)
        {
            let _ = write!(sql, " {}", reference(attribute, key));
        }
        sql
    }

    /// The value of an attribute that was left out, inside DDL, where nothing can be bound.
    fn literal(self, attribute: &Attribute) -> String {
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

    fn type_name(self, kind: Kind) -> Cow<'static, str> {
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
                return format!("numeric({precision}, {scale})").into();
            }
            (_, Kind::Date) => "date",
            (Engine::Sqlite, Kind::Uuid | Kind::Bytes) => "blob",
            (Engine::Postgres, Kind::Uuid) => "uuid",
            (Engine::Postgres, Kind::Bytes) => "bytea",
        };
        name.into()
    }
}

fn reference(attribute: &Attribute, (table, key): (&str, &str)) -> String {
    let action = match attribute.deletion() {
        OnDelete::SetNull => " ON DELETE SET NULL",
        OnDelete::Cascade => " ON DELETE CASCADE",
        OnDelete::Restrict => "",
    };
    format!("REFERENCES {} ({}){action}", quoted(table), quoted(key))
}

fn columns_of(schema: &Schema, index: &Index) -> String {
    let column = |&place: &usize| quoted(schema.attributes()[place].column_name());
    index.attributes.iter().map(column).collect::<Vec<_>>().join(", ")
}

pub(super) fn index_name(table: &str, column: &str, suffix: &str) -> String {
    let mut name = format!("{table}_{column}");
    let room = LONGEST_NAME - suffix.len() - 1;
    if name.len() > room {
        name.truncate((0..=room).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0));
    }
    format!("{name}_{suffix}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
