//! The statements of a migration in each engine's SQL.

mod change;
mod convert;
mod look;
mod types;

use std::fmt::Write as _;
use std::time::Duration;

use super::shape::{Column, Deletion, PrimaryKey, Reference, Table, TableIndex};
use crate::db::Engine;
use crate::models::{Association, Attribute, Auto, Index, Schema};

/// The lock of whoever changes tables on PostgreSQL: the bytes of "regatta".
const LOCK: i64 = 0x0072_6567_6174_7461;

/// Text is compared byte by byte, also the space at its end, as the other engines do. MariaDB reads the comment with
/// `M!`, MySQL the other one.
const TABLE_OPTIONS: &str = " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 \
                             /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */";

/// The longest name PostgreSQL keeps, in bytes; MySQL's is of 64 characters.
const LONGEST_NAME: usize = 63;

/// Finds the table and key column of the model an attribute refers to.
pub(super) type KeyOf<'a> = &'a dyn Fn(&str) -> Option<(&'a str, &'a str)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect(pub(super) Engine);

impl Dialect {
    /// Every engine files can be written for; the app need not be built for it.
    pub(super) const ALL: [Self; 3] = [Self(Engine::Sqlite), Self(Engine::Postgres), Self(Engine::MySql)];

    /// The name of the engine: the folder of its migrations, and what `--engine` takes.
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::MySql => "mysql",
        }
    }

    /// What a connection that changes tables is told first: its statements take as long as they need, but don't
    /// hold up everybody else while they wait for a table.
    pub(super) fn prepare(self, patience: Duration) -> Vec<String> {
        match self.0 {
            Engine::Sqlite => Vec::new(),
            Engine::Postgres => vec![
                "SET statement_timeout = 0".to_owned(),
                format!("SET lock_timeout = {}", patience.as_millis()),
                // A statement whose process was killed ends, instead of keeping the lock. Since PostgreSQL 14.
                "SELECT set_config(name, '2s', false) FROM pg_settings \
                 WHERE name = 'client_connection_check_interval'"
                    .to_owned(),
            ],
            Engine::MySql => vec![format!(
                "SET SESSION lock_wait_timeout = {0}, innodb_lock_wait_timeout = {0} \
                 /*M! , max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */",
                patience.as_secs().max(1)
            )],
        }
    }

    /// Takes the lock of the connection if it is free, and says whether it did. Waiting inside a statement would
    /// hold up `CREATE INDEX CONCURRENTLY`. SQLite has none: there each transaction begins with the lock.
    pub(super) fn try_lock(self) -> Option<String> {
        match self.0 {
            Engine::Sqlite => None,
            Engine::Postgres => Some(format!("SELECT pg_try_advisory_lock({LOCK})")),
            Engine::MySql => {
                Some("SELECT GET_LOCK(LEFT(CONCAT('regatta ', DATABASE()), 64), 0) = 1".to_owned())
            }
        }
    }

    /// Begins a transaction that no other migration can be in.
    pub(super) fn begin(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres | Engine::MySql => "BEGIN",
        }
    }

    /// Whether a transaction undoes changes of tables.
    pub(super) fn undoes_tables(self) -> bool {
        match self.0 {
            Engine::Sqlite | Engine::Postgres => true,
            Engine::MySql => false,
        }
    }

    /// The table a model wants.
    pub(super) fn table(self, schema: &Schema, key_of: KeyOf<'_>) -> Table {
        let mut table = Table {
            name: schema.table().to_owned(),
            columns: Vec::new(),
            indexes: Vec::new(),
            references: Vec::new(),
        };
        for (_, attribute) in schema.stored() {
            table.columns.push(self.column(schema, attribute));
            let reference = reference(attribute, key_of);
            if attribute.is_unique() && !attribute.is_primary_key() {
                let columns = vec![attribute.column_name().to_owned()];
                table.indexes.push(TableIndex {
                    name: unique_index(schema, attribute),
                    columns,
                    unique: true,
                });
            } else if reference.is_some() {
                // It finds what refers to a record.
                let name = index_name(schema.table(), attribute.column_name(), "idx");
                let columns = vec![attribute.column_name().to_owned()];
                table.indexes.push(TableIndex { name, columns, unique: false });
            }
            table.references.extend(reference);
        }
        for index in schema.indexes() {
            let columns = index.attributes.iter();
            let columns = columns.map(|&place| schema.attribute_at(place).column_name().to_owned()).collect();
            table.indexes.push(TableIndex { name: wide_index(schema, index), columns, unique: index.unique });
        }
        table
    }

    fn column(self, schema: &Schema, attribute: &Attribute) -> Column {
        let key = attribute.is_primary_key().then(|| match attribute.automatic() {
            Some(Auto::Increment) => PrimaryKey::Counted,
            _ => PrimaryKey::Given,
        });
        Column {
            name: attribute.column_name().to_owned(),
            type_name: attribute
                .sql_type()
                .map_or_else(|| self.type_for(schema, attribute), str::to_lowercase),
            nullable: attribute.is_nullable(),
            default: self.default(attribute),
            key,
        }
    }

    /// What rows that say nothing of it get: what a record made without it would.
    fn default(self, attribute: &Attribute) -> Option<String> {
        let needs_one = !attribute.is_nullable() && !attribute.is_required() && !attribute.is_primary_key();
        let has_one = needs_one && attribute.association().is_none();
        (has_one || attribute.default().is_some()).then(|| self.literal(attribute))
    }

    pub(super) fn create_table(self, table: &Table) -> String {
        self.create_table_as(&table.name, table)
    }

    fn create_table_as(self, name: &str, table: &Table) -> String {
        let column = |column: &Column| self.definition(column, table.reference(&column.name));
        let columns: Vec<_> = table.columns.iter().map(column).collect();
        let rest = match self.0 {
            Engine::Sqlite | Engine::Postgres => "",
            Engine::MySql => TABLE_OPTIONS,
        };
        format!("CREATE TABLE {} (\n  {}\n){rest}", self.quoted(name), columns.join(",\n  "))
    }

    pub(super) fn add_column(self, table: &str, column: &Column, reference: Option<&Reference>) -> String {
        format!("ALTER TABLE {} ADD COLUMN {}", self.quoted(table), self.definition(column, reference))
    }

    /// SQLite wants the reference with the column; the others want the other table to exist first.
    pub(super) fn add_reference(self, table: &str, reference: &Reference) -> Option<String> {
        match self.0 {
            Engine::Sqlite => None,
            Engine::Postgres | Engine::MySql => {
                Some(format!("ALTER TABLE {} {}", self.quoted(table), self.constraint(table, reference)))
            }
        }
    }

    /// `ADD CONSTRAINT … FOREIGN KEY …`.
    fn constraint(self, table: &str, reference: &Reference) -> String {
        format!(
            "ADD CONSTRAINT {} FOREIGN KEY ({}) {}",
            self.quoted(&foreign_key(table, &reference.column)),
            self.quoted(&reference.column),
            self.references(reference)
        )
    }

    pub(super) fn create_index(self, table: &str, index: &TableIndex) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (name, table) = (self.quoted(&index.name), self.quoted(table));
        format!("CREATE {unique}INDEX {name} ON {table} ({})", self.list(&index.columns))
    }

    pub(super) fn find_duplicates(self, table: &str, index: &TableIndex) -> String {
        let set: Vec<_> =
            index.columns.iter().map(|name| format!("{} IS NOT NULL", self.quoted(name))).collect();
        let (table, set, columns) = (self.quoted(table), set.join(" AND "), self.list(&index.columns));
        format!("SELECT 1 FROM {table} WHERE {set} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT 1")
    }

    pub(super) fn any_row(self, table: &str) -> String {
        format!("SELECT 1 FROM {} LIMIT 1", self.quoted(table))
    }

    fn definition(self, column: &Column, reference: Option<&Reference>) -> String {
        let mut sql = format!("{} {}", self.quoted(&column.name), column.type_name);
        match (self.0, column.key) {
            (Engine::Sqlite, Some(PrimaryKey::Counted)) => sql += " PRIMARY KEY AUTOINCREMENT",
            (Engine::Postgres, Some(PrimaryKey::Counted)) => {
                sql += " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
            }
            (Engine::MySql, Some(PrimaryKey::Counted)) => sql += " NOT NULL AUTO_INCREMENT PRIMARY KEY",
            (_, Some(PrimaryKey::Given)) => sql += " NOT NULL PRIMARY KEY",
            (_, None) if !column.nullable => sql += " NOT NULL",
            (_, None) => {}
        }
        if let Some(default) = &column.default {
            let _ = write!(sql, " DEFAULT {default}");
        }
        if let (Engine::Sqlite, Some(reference)) = (self.0, reference) {
            let _ = write!(sql, " {}", self.references(reference));
        }
        sql
    }

    fn references(self, reference: &Reference) -> String {
        let action = match reference.on_delete {
            Deletion::SetNull => " ON DELETE SET NULL",
            Deletion::Cascade => " ON DELETE CASCADE",
            Deletion::Restrict => "",
        };
        format!("REFERENCES {} ({}){action}", self.quoted(&reference.table), self.quoted(&reference.key))
    }

    fn list(self, names: &[String]) -> String {
        names.iter().map(|name| self.quoted(name)).collect::<Vec<_>>().join(", ")
    }

    fn quoted(self, name: &str) -> String {
        match self.0 {
            Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Engine::MySql => format!("`{}`", name.replace('`', "``")),
        }
    }
}

/// The reference that an attribute keeps, when the other model is in the same datastore.
fn reference(attribute: &Attribute, key_of: KeyOf<'_>) -> Option<Reference> {
    let Some(Association::Model { identity }) = attribute.association() else { return None };
    let (table, key) = key_of(identity)?;
    Some(Reference {
        column: attribute.column_name().to_owned(),
        table: table.to_owned(),
        key: key.to_owned(),
        on_delete: attribute.deletion().into(),
    })
}

/// The index that keeps an attribute's values unique.
pub(in crate::models) fn unique_index(schema: &Schema, attribute: &Attribute) -> String {
    index_name(schema.table(), attribute.column_name(), "key")
}

/// The index over several attributes.
pub(in crate::models) fn wide_index(schema: &Schema, index: &Index) -> String {
    let columns: Vec<_> =
        index.attributes.iter().map(|&place| schema.attribute_at(place).column_name()).collect();
    index_name(schema.table(), &columns.join("_"), if index.unique { "key" } else { "idx" })
}

/// The name of the constraint behind a reference.
pub(super) fn foreign_key(table: &str, column: &str) -> String {
    index_name(table, column, "fkey")
}

fn index_name(table: &str, column: &str, suffix: &str) -> String {
    let mut name = format!("{table}_{column}");
    let room = LONGEST_NAME - suffix.len() - 1;
    if name.len() > room {
        name.truncate((0..=room).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0));
    }
    format!("{name}_{suffix}")
}
