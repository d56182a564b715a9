//! What a person should know before changes are written: what is lost, what may fail, what looks like a rename.

use super::dialect::Dialect;
use super::diff::{Alteration, Change, Part};
use super::shape::{Column, Reference, Table};

/// How much of a name is made up of what changes.
const LONGEST_NAME: usize = 60;

/// What the changes lose.
pub(super) fn losses(dialect: Dialect, changes: &[Change]) -> Vec<String> {
    let losses = |change: &Change| match change {
        Change::Drop(table) => vec![format!("the table {:?} and everything in it", table.name)],
        Change::Alter(alteration) => alteration.losses(dialect),
        Change::Create(_) | Change::Rename { .. } => Vec::new(),
    };
    changes.iter().flat_map(losses).collect()
}

/// What fails on a database with the wrong rows; nothing is lost then.
pub(super) fn risks(changes: &[Change]) -> Vec<String> {
    let mut risks = Vec::new();
    for change in changes {
        let Change::Alter(alteration) = change else { continue };
        let table = &alteration.to.name;
        if alteration.moves_key() {
            risks.push(format!(
                "{table} has another primary key: what refers to the old one has to be dropped before and made again \
                 after, in the file"
            ));
        }
        for part in &alteration.parts {
            match part {
                Part::AddColumn(column) if !column.fills_itself() => risks.push(format!(
                    "{table}.{} is added without a value for the rows that are there: give the attribute a \
                     `default`, or fill it in the file",
                    column.name
                )),
                Part::ChangeColumn { from, to } if from.nullable && !to.nullable && to.default.is_none() => {
                    risks.push(format!(
                        "{table}.{} may no longer be null: rows where it is have to be changed first, in the file",
                        to.name
                    ));
                }
                Part::AddIndex(index) if index.unique => risks.push(format!(
                    "{table} ({}) becomes unique: rows with the same values have to be changed first, in the file",
                    index.columns.join(", ")
                )),
                Part::AddReference(reference) if alteration.binds(reference) => risks.push(format!(
                    "{table}.{} now has to name a row of {}: others have to be changed first, in the file",
                    reference.column, reference.table
                )),
                _ => {}
            }
        }
    }
    risks
}

/// The `--rename` of what looks like a rename.
pub(super) fn guesses(changes: &[Change]) -> Vec<String> {
    let mut guesses = Vec::new();
    for change in changes {
        match change {
            Change::Drop(old) => {
                let new = changes.iter().find_map(|change| match change {
                    Change::Create(new) if are_alike(old, new) => Some(new),
                    _ => None,
                });
                guesses.extend(new.map(|new| format!("{}={}", old.name, new.name)));
            }
            Change::Alter(alteration) => guesses.extend(alteration.guesses()),
            Change::Create(_) | Change::Rename { .. } => {}
        }
    }
    guesses
}

/// Whether most columns of one table are in the other.
fn are_alike(old: &Table, new: &Table) -> bool {
    let same = |column: &&Column| new.column(&column.name).is_some_and(|other| is_same_kind(column, other));
    2 * old.columns.iter().filter(same).count() > old.columns.len().max(new.columns.len())
}

fn is_same_kind(one: &Column, other: &Column) -> bool {
    one.type_name == other.type_name && one.key == other.key
}

impl Alteration {
    /// What it loses.
    pub(super) fn losses(&self, dialect: Dialect) -> Vec<String> {
        let table = &self.to.name;
        let loss = |part: &Part| match part {
            Part::DropColumn(column) => {
                Some(format!("the column {:?} of {table:?} and everything in it", column.name))
            }
            Part::ChangeColumn { from, to } => dialect.loss(table, from, to),
            _ => None,
        };
        self.parts.iter().filter_map(loss).collect()
    }

    /// Whether a column that held anything now has to name a row of another table.
    fn binds(&self, reference: &Reference) -> bool {
        let was_bound =
            self.from.reference(&reference.column).is_some_and(|before| before.table == reference.table);
        self.from.column(&reference.column).is_some() && !was_bound
    }

    /// Whether another column tells rows apart, or one of another type.
    pub(super) fn moves_key(&self) -> bool {
        let key = |table: &Table| {
            let key = table.columns.iter().find(|column| column.key.is_some());
            key.map(|column| (column.name.clone(), column.type_name.clone()))
        };
        key(&self.from) != key(&self.to)
    }

    fn guesses(&self) -> Vec<String> {
        let mut taken: Vec<&str> = Vec::new();
        let mut guesses = Vec::new();
        for part in &self.parts {
            let Part::DropColumn(old) = part else { continue };
            let new = self.parts.iter().find_map(|part| match part {
                Part::AddColumn(new) if is_same_kind(old, new) && !taken.contains(&new.name.as_str()) => {
                    Some(&new.name)
                }
                _ => None,
            });
            if let Some(new) = new {
                taken.push(new);
                guesses.push(format!("{}.{}={new}", self.to.name, old.name));
            }
        }
        guesses
    }
}

impl Dialect {
    /// What a change of type may lose.
    pub(super) fn loss(self, table: &str, from: &Column, to: &Column) -> Option<String> {
        let (have, want) = (from.type_name.as_str(), to.type_name.as_str());
        let keeps = have == want
            || (want == "text" && !matches!(have, "bytea" | "blob"))
            || matches!(
                (have, want),
                ("smallint", "integer" | "bigint")
                    | ("integer", "bigint" | "double precision" | "numeric")
                    | ("bigint", "numeric")
                    | ("boolean", "integer")
                    | ("real", "double precision")
                    | ("json", "jsonb")
            );
        (!keeps).then(|| format!("what of {:?} in {table:?} is {have} and does not fit into {want}", to.name))
    }
}

/// A name for changes nobody named.
pub(super) fn name(changes: &[Change]) -> String {
    let word = |change: &Change| match change {
        Change::Create(table) => format!("create_{}", table.name),
        Change::Drop(table) => format!("drop_{}", table.name),
        Change::Rename { from, to } => format!("rename_{from}_to_{to}"),
        Change::Alter(alteration) => alteration.name(),
    };
    let is_rename = |change: &&Change| matches!(change, Change::Rename { .. });
    let told: Vec<_> = match changes.iter().filter(is_rename).map(word).collect::<Vec<_>>() {
        renames if renames.is_empty() => changes.iter().map(word).collect(),
        renames => renames,
    };
    match told.join("_and_") {
        name if name.len() <= LONGEST_NAME => name,
        _ => format!("{}_and_{}_more", told[0], told.len() - 1),
    }
}

impl Alteration {
    fn name(&self) -> String {
        let table = &self.to.name;
        let columns = self.parts.iter().filter_map(|part| match part {
            Part::AddColumn(column) => Some(format!("add_{}_to_{table}", column.name)),
            Part::DropColumn(column) => Some(format!("drop_{}_of_{table}", column.name)),
            Part::ChangeColumn { to, .. } => Some(format!("change_{}_of_{table}", to.name)),
            _ => None,
        });
        let renames = self.renamed.iter().map(|(from, to)| format!("rename_{from}_to_{to}_in_{table}"));
        let mut words: Vec<_> = renames.chain(columns).collect();
        match words.len() {
            1 => words.remove(0),
            0 => format!("index_{table}"),
            _ => format!("change_{table}"),
        }
    }
}

/// What changes, a line each.
pub(super) fn describe(changes: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        match change {
            Change::Create(table) => lines.push(format!("new table {}", table.name)),
            Change::Drop(table) => lines.push(format!("table {} goes", table.name)),
            Change::Rename { from, to } => lines.push(format!("table {from} becomes {to}")),
            Change::Alter(alteration) => alteration.describe(&mut lines),
        }
    }
    lines
}

impl Alteration {
    fn describe(&self, lines: &mut Vec<String>) {
        let table = &self.to.name;
        for (from, to) in &self.renamed {
            lines.push(format!("{table}.{from} becomes {to}"));
        }
        for part in &self.parts {
            lines.push(match part {
                Part::AddColumn(column) => format!("new column {table}.{}", column.name),
                Part::DropColumn(column) => format!("column {table}.{} goes", column.name),
                Part::ChangeColumn { from, to } => format!("{table}.{}: {}", to.name, difference(from, to)),
                Part::AddIndex(index) => {
                    let unique = if index.unique { "unique " } else { "" };
                    format!("new {unique}index over {table} ({})", index.columns.join(", "))
                }
                Part::DropIndex(index) => format!("index {} goes", index.name),
                Part::AddReference(reference) => {
                    format!("{table}.{} refers to {}", reference.column, reference.table)
                }
                Part::DropReference { constraint } => format!("foreign key {constraint} goes"),
                Part::RenameIndex { .. } | Part::RenameReference { .. } => continue,
            });
        }
    }
}

fn difference(from: &Column, to: &Column) -> String {
    let mut words = Vec::new();
    if from.type_name != to.type_name {
        words.push(format!("{} becomes {}", from.type_name, to.type_name));
    }
    match (from.nullable, to.nullable) {
        (true, false) => words.push("always has a value".to_owned()),
        (false, true) => words.push("may be null".to_owned()),
        _ => {}
    }
    if from.default != to.default {
        let default = to.default.as_deref().unwrap_or("nothing");
        words.push(format!("is {default} when nothing is said"));
    }
    if from.key != to.key {
        words.push("is another kind of key".to_owned());
    }
    words.join(", ")
}
