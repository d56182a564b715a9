//! What is between two shapes of the same tables.

use super::dialect::foreign_key;
use super::shape::{Column, Reference, Shape, Table, TableIndex};

/// What somebody said was renamed, which no comparison can know.
#[derive(Debug, Clone, Default)]
pub(super) struct Renames {
    /// From and to.
    pub(super) tables: Vec<(String, String)>,
    /// The table's new name, from and to.
    pub(super) columns: Vec<(String, String, String)>,
}

/// Something to change.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Create(Table),
    Drop(Table),
    Rename { from: String, to: String },
    Alter(Alteration),
}

/// What changes in one table.
#[derive(Debug, Clone)]
pub(super) struct Alteration {
    /// The table as it was, under its new name and with its columns' new names.
    pub(super) from: Table,
    pub(super) to: Table,
    /// The old and new names of columns.
    pub(super) renamed: Vec<(String, String)>,
    pub(super) parts: Vec<Part>,
}

/// One thing that changes in a table.
#[derive(Debug, Clone)]
pub(super) enum Part {
    AddColumn(Column),
    DropColumn(Column),
    ChangeColumn { from: Column, to: Column },
    AddIndex(TableIndex),
    DropIndex(TableIndex),
    RenameIndex { from: TableIndex, to: TableIndex },
    AddReference(Reference),
    DropReference { constraint: String },
    RenameReference { from: String, to: String },
}

/// What leads from one shape to another.
pub(super) fn diff(from: &Shape, to: &Shape, renames: &Renames) -> Vec<Change> {
    let mut changes = Vec::new();
    for (old, new) in &renames.tables {
        changes.push(Change::Rename { from: old.clone(), to: new.clone() });
    }
    for table in &to.tables {
        let old_name = renames.old_table(&table.name);
        match from.table(old_name) {
            Some(before) => changes.extend(alteration(before, table, renames).map(Change::Alter)),
            None => changes.push(Change::Create(table.clone())),
        }
    }
    let is_gone = |table: &&Table| to.table(renames.new_table(&table.name)).is_none();
    changes.extend(from.tables.iter().filter(is_gone).cloned().map(Change::Drop));
    changes
}

fn alteration(before: &Table, to: &Table, renames: &Renames) -> Option<Alteration> {
    let from = renames.apply(before);
    let renamed: Vec<_> = before
        .columns
        .iter()
        .zip(&from.columns)
        .filter(|(old, new)| old.name != new.name)
        .map(|(old, new)| (old.name.clone(), new.name.clone()))
        .collect();
    let mut parts = Vec::new();
    for column in &to.columns {
        match from.column(&column.name) {
            None => parts.push(Part::AddColumn(column.clone())),
            Some(old) if old != column => {
                parts.push(Part::ChangeColumn { from: old.clone(), to: column.clone() });
            }
            Some(_) => {}
        }
    }
    let dropped = from.columns.iter().filter(|column| to.column(&column.name).is_none());
    parts.extend(dropped.cloned().map(Part::DropColumn));
    compare_indexes(&from, to, &mut parts);
    let constraint = |column: &str| {
        let old = renamed.iter().find(|(_, new)| new == column).map_or(column, |(old, _)| old);
        foreign_key(&before.name, old)
    };
    compare_references(&from, to, &constraint, &mut parts);
    (!parts.is_empty() || !renamed.is_empty()).then(|| Alteration { from, to: to.clone(), renamed, parts })
}

fn compare_indexes(from: &Table, to: &Table, parts: &mut Vec<Part>) {
    let spare = |wanted: &TableIndex| {
        from.indexes.iter().find(|old| to.index(&old.name).is_none() && old.does_as(wanted))
    };
    let mut kept = Vec::new();
    for wanted in &to.indexes {
        match (from.index(&wanted.name), spare(wanted)) {
            (Some(old), _) if old == wanted => kept.push(&old.name),
            (None, Some(old)) if !kept.contains(&&old.name) => {
                kept.push(&old.name);
                parts.push(Part::RenameIndex { from: old.clone(), to: wanted.clone() });
            }
            _ => parts.push(Part::AddIndex(wanted.clone())),
        }
    }
    let gone = from.indexes.iter().filter(|old| !kept.contains(&&old.name));
    parts.extend(gone.cloned().map(Part::DropIndex));
}

fn compare_references(from: &Table, to: &Table, constraint: &dyn Fn(&str) -> String, parts: &mut Vec<Part>) {
    for old in &from.references {
        if to.reference(&old.column) != Some(old) {
            parts.push(Part::DropReference { constraint: constraint(&old.column) });
        }
    }
    for wanted in &to.references {
        if from.reference(&wanted.column) != Some(wanted) {
            parts.push(Part::AddReference(wanted.clone()));
            continue;
        }
        let (from, to) = (constraint(&wanted.column), foreign_key(&to.name, &wanted.column));
        if from != to {
            parts.push(Part::RenameReference { from, to });
        }
    }
}

impl Renames {
    /// What undoes them.
    pub(super) fn inverse(&self) -> Self {
        let tables = self.tables.iter().map(|(from, to)| (to.clone(), from.clone())).collect();
        let columns = self.columns.iter();
        let columns = columns
            .map(|(table, from, to)| (self.old_table(table).to_owned(), to.clone(), from.clone()))
            .collect();
        Self { tables, columns }
    }

    pub(super) fn new_table<'a>(&'a self, old: &'a str) -> &'a str {
        self.tables.iter().find(|(from, _)| from == old).map_or(old, |(_, to)| to)
    }

    fn old_table<'a>(&'a self, new: &'a str) -> &'a str {
        self.tables.iter().find(|(_, to)| to == new).map_or(new, |(from, _)| from)
    }

    fn new_column<'a>(&'a self, table: &str, old: &'a str) -> &'a str {
        let found = self.columns.iter().find(|(of, from, _)| of == table && from == old);
        found.map_or(old, |(.., to)| to)
    }

    /// The table with new names for everything but its indexes.
    fn apply(&self, table: &Table) -> Table {
        let name = self.new_table(&table.name).to_owned();
        let column = |old: &str| self.new_column(&name, old).to_owned();
        let columns = table.columns.iter();
        let columns = columns.map(|old| Column { name: column(&old.name), ..old.clone() }).collect();
        let indexes = table.indexes.iter();
        let indexes = indexes
            .map(|old| TableIndex {
                columns: old.columns.iter().map(|name| column(name)).collect(),
                ..old.clone()
            })
            .collect();
        let references = table.references.iter();
        let references = references
            .map(|old| {
                let target = self.new_table(&old.table);
                Reference {
                    column: column(&old.column),
                    key: self.new_column(target, &old.key).to_owned(),
                    table: target.to_owned(),
                    on_delete: old.on_delete,
                }
            })
            .collect();
        Table { name, columns, indexes, references }
    }
}
