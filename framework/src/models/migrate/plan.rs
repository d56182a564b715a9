//! The statements that make changes, in an order that works.

use super::dialect::Dialect;
use super::diff::{Alteration, Change, Part};
use super::shape::Table;

/// What a migration file holds.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) statements: Vec<Planned>,
    /// Whether SQLite must not look at foreign keys meanwhile.
    pub(super) without_foreign_keys: bool,
}

/// A statement, and what a reader should know of it.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) sql: String,
    pub(super) comment: Option<String>,
}

/// Why some comments begin so: they are looked for before a file is run.
pub(super) const LOSES: &str = "LOSES DATA:";

/// Finds the statements.
pub(super) fn plan(dialect: Dialect, changes: &[Change]) -> Plan {
    let mut plan = Plan::default();
    for change in changes {
        if let Change::Rename { from, to } = change {
            plan.add(dialect.rename_table(from, to));
        }
    }
    // Nothing may refer to what goes.
    for change in changes {
        match change {
            Change::Alter(alteration) => {
                for part in &alteration.parts {
                    if let Part::DropReference { constraint } = part {
                        plan.extend(dialect.drop_reference(&alteration.to.name, constraint));
                    }
                }
            }
            Change::Drop(table) => {
                for reference in &table.references {
                    let constraint = super::dialect::foreign_key(&table.name, &reference.column);
                    plan.extend(dialect.drop_reference(&table.name, &constraint));
                }
            }
            Change::Create(_) | Change::Rename { .. } => {}
        }
    }
    for change in changes {
        if let Change::Create(table) = change {
            plan.add(dialect.create_table(table));
        }
    }
    for change in changes {
        match change {
            Change::Alter(alteration) if dialect.must_rebuild(alteration) => {
                plan.rebuild(dialect, alteration);
            }
            Change::Alter(alteration) => plan.alter(dialect, alteration),
            _ => {}
        }
    }
    for change in changes {
        if let Change::Drop(table) = change {
            // SQLite would remove its rows first, and with them what refers to them.
            plan.without_foreign_keys |= dialect.drop_removes_rows();
            plan.add_with(
                format!("{LOSES} the table {:?} and everything in it", table.name),
                dialect.drop_table(&table.name),
            );
        }
    }
    for change in changes {
        match change {
            Change::Create(table) => plan.index(dialect, table),
            Change::Alter(alteration) if !dialect.must_rebuild(alteration) => {
                for part in &alteration.parts {
                    match part {
                        Part::AddIndex(index) if index.unique => {
                            let comment = "fails while rows have the same values".to_owned();
                            plan.add_with(comment, dialect.create_index(&alteration.to.name, index));
                        }
                        Part::AddIndex(index) => {
                            plan.add(dialect.create_index(&alteration.to.name, index));
                        }
                        Part::RenameIndex { from, to } => {
                            let table = &alteration.to.name;
                            match dialect.rename_index(table, &from.name, &to.name) {
                                Some(sql) => plan.add(sql),
                                None => plan.add(dialect.create_index(table, to)),
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    for change in changes {
        match change {
            Change::Create(table) => {
                for reference in &table.references {
                    plan.extend(dialect.add_reference(&table.name, reference));
                }
            }
            Change::Alter(alteration) => {
                for part in &alteration.parts {
                    if let Part::AddReference(reference) = part {
                        plan.extend(dialect.add_reference(&alteration.to.name, reference));
                    }
                }
            }
            _ => {}
        }
    }
    plan
}

impl Plan {
    fn add(&mut self, sql: String) {
        self.statements.push(Planned { sql, comment: None });
    }

    fn add_with(&mut self, comment: String, sql: String) {
        self.statements.push(Planned { sql, comment: Some(comment) });
    }

    fn extend(&mut self, sql: Option<String>) {
        if let Some(sql) = sql {
            self.add(sql);
        }
    }

    fn index(&mut self, dialect: Dialect, table: &Table) {
        for index in &table.indexes {
            self.add(dialect.create_index(&table.name, index));
        }
    }

    fn rebuild(&mut self, dialect: Dialect, alteration: &Alteration) {
        self.without_foreign_keys = true;
        let mut comment = format!(
            "the table {:?} is made anew; triggers on it go with the old one: make them again here",
            alteration.to.name
        );
        for loss in alteration.losses(dialect) {
            comment = format!("{comment}\n{LOSES} {loss}");
        }
        for (place, sql) in dialect.rebuild(alteration).into_iter().enumerate() {
            let comment = (place == 0).then(|| comment.clone());
            self.statements.push(Planned { sql, comment });
        }
    }

    fn alter(&mut self, dialect: Dialect, alteration: &Alteration) {
        let table = &alteration.to.name;
        for part in &alteration.parts {
            match part {
                Part::DropIndex(index) => self.add(dialect.drop_index(table, &index.name)),
                Part::RenameIndex { from, to }
                    if dialect.rename_index(table, &from.name, &to.name).is_none() =>
                {
                    self.add(dialect.drop_index(table, &from.name));
                }
                _ => {}
            }
        }
        for (from, to) in &alteration.renamed {
            self.add(dialect.rename_column(table, from, to));
        }
        let (old_key, key) = (alteration.from.key(), alteration.to.key());
        if old_key.is_some() && old_key != key {
            let comment = format!("what refers to {table:?} has to be dropped before and made again after");
            self.add_with(comment, dialect.drop_key(table));
        }
        for part in &alteration.parts {
            match part {
                Part::RenameReference { from, to } => {
                    self.extend(dialect.rename_reference(&alteration.to, from, to))
                }
                Part::AddColumn(column) => {
                    let sql = dialect.add_column(table, column, alteration.to.reference(&column.name));
                    if column.fills_itself() {
                        self.add(sql);
                    } else {
                        let comment =
                            format!("fails while {table:?} has rows: nothing says what it holds for them");
                        self.add_with(comment, sql);
                    }
                }
                Part::ChangeColumn { from, to } => {
                    let loss = dialect.loss(table, from, to).map(|loss| format!("{LOSES} {loss}"));
                    for (place, sql) in dialect.change_column(table, from, to).into_iter().enumerate() {
                        let comment = loss.clone().filter(|_| place == 0);
                        self.statements.push(Planned { sql, comment });
                    }
                }
                Part::DropColumn(column) => self.add_with(
                    format!("{LOSES} the column {:?} of {table:?} and everything in it", column.name),
                    dialect.drop_column(table, &column.name),
                ),
                _ => {}
            }
        }
        // A new column comes with its key.
        if let Some(key) = key.filter(|key| old_key != Some(key) && alteration.from.column(key).is_some()) {
            self.add(dialect.add_key(table, key));
        }
    }
}
