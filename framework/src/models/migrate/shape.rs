//! What tables are like, in the words of one engine: as the models want them, as they were when the last
//! migration was written, or as the database has them.

use serde::{Deserialize, Serialize};

use crate::models::OnDelete;

/// The tables of a datastore.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) indexes: Vec<TableIndex>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<Reference>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) name: String,
    /// As the engine calls it, in lower case.
    #[serde(rename = "type")]
    pub(super) type_name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) nullable: bool,
    /// What it holds when nothing is said, in SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<PrimaryKey>,
}

/// How a column is the table's primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PrimaryKey {
    /// Whoever inserts gives it.
    Given,
    /// The database counts up.
    Counted,
}

/// An index of one or more columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableIndex {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unique: bool,
}

/// A column that refers to another table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) column: String,
    pub(super) table: String,
    pub(super) key: String,
    pub(super) on_delete: Deletion,
}

/// What the database does with a row when the one it refers to is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deletion {
    Restrict,
    SetNull,
    Cascade,
}

impl Shape {
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn index(&self, name: &str) -> Option<&TableIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// The name of the column that tells rows apart.
    pub(super) fn key(&self) -> Option<&str> {
        self.columns.iter().find(|column| column.key.is_some()).map(|column| column.name.as_str())
    }

    pub(super) fn reference(&self, column: &str) -> Option<&Reference> {
        self.references.iter().find(|reference| reference.column == column)
    }
}

impl Column {
    pub(super) fn is_counted(&self) -> bool {
        self.key == Some(PrimaryKey::Counted)
    }

    /// Whether every row that says nothing of it still gets a value.
    pub(super) fn fills_itself(&self) -> bool {
        self.nullable || self.default.is_some() || self.is_counted()
    }
}

impl TableIndex {
    /// Whether it is over this column of this table, its own being `table`.
    pub(super) fn needs(&self, table: &str, (other, column): &(String, String)) -> bool {
        table == other && self.columns.contains(column)
    }

    /// Whether it does the same under whatever name.
    pub(super) fn does_as(&self, other: &Self) -> bool {
        self.columns == other.columns && self.unique == other.unique
    }
}

impl From<OnDelete> for Deletion {
    fn from(action: OnDelete) -> Self {
        match action {
            OnDelete::Restrict => Self::Restrict,
            OnDelete::SetNull => Self::SetNull,
            OnDelete::Cascade => Self::Cascade,
        }
    }
}
