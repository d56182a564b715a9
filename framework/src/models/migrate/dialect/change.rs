//! Changing tables that are there.

use super::{Dialect, foreign_key};
use crate::db::Engine;
use crate::models::migrate::diff::{Alteration, Part};
use crate::models::migrate::shape::{Column, Table};

impl Dialect {
    pub(in crate::models::migrate) fn rename_table(self, from: &str, to: &str) -> String {
        format!("ALTER TABLE {} RENAME TO {}", self.quoted(from), self.quoted(to))
    }

    pub(in crate::models::migrate) fn drop_table(self, table: &str) -> String {
        format!("DROP TABLE {}", self.quoted(table))
    }

    /// Whether a table that is dropped removes its rows one by one, with what refers to them.
    pub(in crate::models::migrate) fn drop_removes_rows(self) -> bool {
        match self.0 {
            Engine::Sqlite => true,
            Engine::Postgres | Engine::MySql => false,
        }
    }

    pub(in crate::models::migrate) fn rename_column(self, table: &str, from: &str, to: &str) -> String {
        let (table, from, to) = (self.quoted(table), self.quoted(from), self.quoted(to));
        format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
    }

    pub(in crate::models::migrate) fn drop_column(self, table: &str, column: &str) -> String {
        format!("ALTER TABLE {} DROP COLUMN {}", self.quoted(table), self.quoted(column))
    }

    pub(in crate::models::migrate) fn drop_index(self, table: &str, index: &str) -> String {
        match self.0 {
            Engine::Sqlite | Engine::Postgres => format!("DROP INDEX {}", self.quoted(index)),
            Engine::MySql => format!("DROP INDEX {} ON {}", self.quoted(index), self.quoted(table)),
        }
    }

    /// SQLite can't.
    pub(in crate::models::migrate) fn rename_index(
        self,
        table: &str,
        from: &str,
        to: &str,
    ) -> Option<String> {
        match self.0 {
            Engine::Sqlite => None,
            Engine::Postgres => {
                Some(format!("ALTER INDEX {} RENAME TO {}", self.quoted(from), self.quoted(to)))
            }
            Engine::MySql => {
                let (table, from, to) = (self.quoted(table), self.quoted(from), self.quoted(to));
                Some(format!("ALTER TABLE {table} RENAME INDEX {from} TO {to}"))
            }
        }
    }

    pub(in crate::models::migrate) fn drop_reference(self, table: &str, constraint: &str) -> Option<String> {
        match self.0 {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let (table, constraint) = (self.quoted(table), self.quoted(constraint));
                Some(format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
            }
            Engine::MySql => {
                let (table, constraint) = (self.quoted(table), self.quoted(constraint));
                Some(format!("ALTER TABLE {table} DROP FOREIGN KEY {constraint}"))
            }
        }
    }

    /// References have no names on SQLite, and keep theirs on MySQL: there it is made anew.
    pub(in crate::models::migrate) fn rename_reference(
        self,
        of: &Table,
        from: &str,
        to: &str,
    ) -> Option<String> {
        let table = &of.name;
        match self.0 {
            Engine::Sqlite => None,
            Engine::MySql => {
                let reference = of.references.iter().find(|found| foreign_key(table, &found.column) == to)?;
                let (name, from) = (self.quoted(table), self.quoted(from));
                let constraint = self.constraint(table, reference);
                Some(format!("ALTER TABLE {name} DROP FOREIGN KEY {from}, {constraint}"))
            }
            Engine::Postgres => {
                let (table, from, to) = (self.quoted(table), self.quoted(from), self.quoted(to));
                Some(format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}"))
            }
        }
    }

    /// For engines whose tables are not made anew.
    pub(in crate::models::migrate) fn drop_key(self, table: &str) -> String {
        if self.0 == Engine::MySql {
            return format!("ALTER TABLE {} DROP PRIMARY KEY", self.quoted(table));
        }
        format!(
            "ALTER TABLE {} DROP CONSTRAINT {}",
            self.quoted(table),
            self.quoted(&format!("{table}_pkey"))
        )
    }

    pub(in crate::models::migrate) fn add_key(self, table: &str, column: &str) -> String {
        format!("ALTER TABLE {} ADD PRIMARY KEY ({})", self.quoted(table), self.quoted(column))
    }

    /// Gives rows without a value the default, before a column has to have one.
    fn fill(self, table: &str, column: &Column) -> Option<String> {
        let (table, name) = (self.quoted(table), self.quoted(&column.name));
        let default = column.default.as_ref()?;
        Some(format!("UPDATE {table} SET {name} = {default} WHERE {name} IS NULL"))
    }

    /// SQLite can't: its table is made anew.
    pub(in crate::models::migrate) fn change_column(
        self,
        table: &str,
        from: &Column,
        to: &Column,
    ) -> Vec<String> {
        let mut statements = Vec::new();
        match self.0 {
            Engine::Sqlite => {}
            Engine::MySql => {
                if from.nullable && !to.nullable {
                    statements.extend(self.fill(table, to));
                }
                // The key stays what it is.
                let mut definition = self.definition(&Column { key: None, ..to.clone() }, None);
                if to.is_counted() {
                    definition += " AUTO_INCREMENT";
                }
                statements.push(format!("ALTER TABLE {} MODIFY COLUMN {definition}", self.quoted(table)));
            }
            Engine::Postgres => {
                let name = self.quoted(&to.name);
                let mut alter = |what: String| {
                    statements.push(format!("ALTER TABLE {} ALTER COLUMN {name} {what}", self.quoted(table)));
                };
                if from.is_counted() && !to.is_counted() {
                    alter("DROP IDENTITY IF EXISTS".to_owned());
                }
                let has_type = from.type_name == to.type_name;
                if from.default.is_some() && (!has_type || to.default.is_none()) {
                    alter("DROP DEFAULT".to_owned());
                }
                if !has_type {
                    let value = self.converted(&name, &from.type_name, &to.type_name).unwrap_or_default();
                    alter(format!("TYPE {} USING {value}", to.type_name));
                }
                if let Some(default) = &to.default
                    && (!has_type || from.default != to.default)
                {
                    alter(format!("SET DEFAULT {default}"));
                }
                match (from.nullable, to.nullable) {
                    (true, false) => {
                        statements.extend(self.fill(table, to));
                        statements.push(format!(
                            "ALTER TABLE {} ALTER COLUMN {name} SET NOT NULL",
                            self.quoted(table)
                        ));
                    }
                    (false, true) => alter("DROP NOT NULL".to_owned()),
                    _ => {}
                }
                if to.is_counted() && !from.is_counted() {
                    let (owner, name) = (self.quoted(table), self.quoted(&to.name));
                    statements.push(format!(
                        "ALTER TABLE {owner} ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY"
                    ));
                    statements.push(format!(
                        "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({name}), 0) + 1, false) FROM {owner}",
                        literal(&owner),
                        literal(&to.name)
                    ));
                }
            }
        }
        statements
    }

    /// Whether the table has to be made anew, because the engine can't change it so.
    pub(in crate::models::migrate) fn must_rebuild(self, alteration: &Alteration) -> bool {
        match self.0 {
            Engine::Postgres | Engine::MySql => false,
            Engine::Sqlite => alteration.parts.iter().any(|part| match part {
                Part::ChangeColumn { .. } | Part::DropReference { .. } => true,
                Part::AddColumn(column) => {
                    column.key.is_some()
                        || (column.default.is_some() && alteration.to.reference(&column.name).is_some())
                }
                Part::DropColumn(column) => {
                    column.key.is_some() || alteration.from.reference(&column.name).is_some()
                }
                Part::AddReference(reference) => alteration.from.column(&reference.column).is_some(),
                Part::AddIndex(_)
                | Part::DropIndex(_)
                | Part::RenameIndex { .. }
                | Part::RenameReference { .. } => false,
            }),
        }
    }

    /// The recipe of <https://www.sqlite.org/lang_altertable.html#otheralter>: a new table takes over the rows, then
    /// the name. Foreign keys have to be off, or the old table would take what refers to it along.
    pub(in crate::models::migrate) fn rebuild(self, alteration: &Alteration) -> Vec<String> {
        let (from, to) = (&alteration.from, &alteration.to);
        let old_name = |new: &str| {
            let renamed = alteration.renamed.iter().find(|(_, to)| to == new);
            renamed.map_or_else(|| new.to_owned(), |(old, _)| old.clone())
        };
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in &to.columns {
            let Some(before) = from.column(&column.name) else { continue };
            let value = self.quoted(&old_name(&column.name));
            let value = self.converted(&value, &before.type_name, &column.type_name).unwrap_or(value);
            names.push(column.name.clone());
            values.push(match &column.default {
                Some(default) if before.nullable && !column.nullable => {
                    format!("coalesce({value}, {default})")
                }
                _ => value,
            });
        }
        let temporary = format!("regatta_new_{}", to.name);
        let (new, old) = (self.quoted(&temporary), self.quoted(&to.name));
        let mut statements = vec![self.create_table_as(&temporary, to)];
        if to.columns.iter().any(Column::is_counted) && from.columns.iter().any(Column::is_counted) {
            // No id of a removed row is given out again.
            statements.push(format!(
                "INSERT INTO sqlite_sequence (name, seq) SELECT {}, seq FROM sqlite_sequence WHERE name = {}",
                literal(&temporary),
                literal(&to.name)
            ));
        }
        statements.push(format!(
            "INSERT INTO {new} ({})\n  SELECT {} FROM {old}",
            self.list(&names),
            values.join(", ")
        ));
        statements.push(self.drop_table(&to.name));
        statements.push(self.rename_table(&temporary, &to.name));
        statements.extend(to.indexes.iter().map(|index| self.create_index(&to.name, index)));
        statements
    }
}

/// A text in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
