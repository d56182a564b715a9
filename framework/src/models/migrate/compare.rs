//! Where a database is not what the models want.

use std::fmt;
use std::sync::Arc;

use super::dialect::Dialect;
use super::shape::{Column, Reference, Shape, Table, TableIndex};
use crate::models::{Attribute, Schema};

/// One difference.
#[derive(Debug, Clone)]
pub(super) enum Difference {
    /// There is no such table.
    Table(Table),
    /// There is no such column. Whether rows have something to hold in it is for `needs_value`.
    Column { table: Table, column: Column },
    /// There is no such index.
    Index { table: String, index: TableIndex },
    /// Only a person can tell what to do.
    Other(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => write!(f, "the table `{}` is missing", table.name),
            Self::Column { table, column } => {
                write!(f, "`{}` has no column `{}`", table.name, column.name)
            }
            Self::Index { table, index } => {
                let unique = if index.unique { "unique " } else { "" };
                let columns = index.columns.join(", ");
                write!(f, "`{table}` has no {unique}index over {columns} (`{}`)", index.name)
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What the models want.
pub(super) fn wanted(dialect: Dialect, schemas: &[Arc<Schema>]) -> Shape {
    let key_of = |identity: &str| {
        let schema = schemas.iter().find(|schema| schema.identity() == identity)?;
        Some((schema.table(), schema.primary_key().column_name()))
    };
    Shape { tables: schemas.iter().map(|schema| dialect.table(schema, &key_of)).collect() }
}

/// Finds every difference; tables no model uses are none.
pub(super) fn compare(dialect: Dialect, schemas: &[Arc<Schema>], have: &Shape) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (schema, wanted) in schemas.iter().zip(wanted(dialect, schemas).tables) {
        match have.table(&wanted.name) {
            None => differences.push(Difference::Table(wanted)),
            Some(table) => compare_table(dialect, schema, &wanted, table, &mut differences),
        }
    }
    differences
}

fn compare_table(
    dialect: Dialect,
    schema: &Schema,
    wanted: &Table,
    have: &Table,
    differences: &mut Vec<Difference>,
) {
    for ((_, attribute), column) in schema.stored().zip(&wanted.columns) {
        match have.column(&column.name) {
            None => {
                differences.push(Difference::Column { table: wanted.clone(), column: column.clone() });
            }
            Some(found) => compare_column(dialect, schema, attribute, found, differences),
        }
    }
    for index in &wanted.indexes {
        match have.index(&index.name) {
            Some(found) if !found.does_as(index) => differences.push(Difference::Other(format!(
                "the index `{}` of `{}` is not over {} alone: drop it, and migrate again",
                index.name,
                wanted.name,
                index.columns.join(", ")
            ))),
            None if have.indexes.iter().any(|other| other.does_as(index)) => {}
            None if have.columns.iter().any(|column| {
                index.columns.contains(&column.name) && !dialect.indexes_type(&column.type_name)
            }) =>
            {
                differences.push(Difference::Other(format!(
                    "`{}` can't have an index over {} while a column of it takes text of any length: write a migration \
                     with `migrate new`, which makes it shorter",
                    wanted.name,
                    index.columns.join(", ")
                )));
            }
            None => {
                differences.push(Difference::Index { table: wanted.name.clone(), index: index.clone() });
            }
            Some(_) => {}
        }
    }
    for reference in &wanted.references {
        if have.column(&reference.column).is_some() {
            differences.extend(compare_reference(wanted, have, reference));
        }
    }
    for column in have.columns.iter().filter(|column| wanted.column(&column.name).is_none()) {
        let what = if column.fills_itself() {
            "no attribute uses it"
        } else {
            "it needs a value no new record has: make it nullable or add an attribute"
        };
        let text = format!("the column `{}` of `{}`: {what}", column.name, wanted.name);
        differences.push(Difference::Other(text));
    }
}

fn compare_column(
    dialect: Dialect,
    schema: &Schema,
    attribute: &Attribute,
    column: &Column,
    differences: &mut Vec<Difference>,
) {
    let (table, name) = (schema.table(), attribute.column_name());
    let mut tell = |text| differences.push(Difference::Other(text));
    let is_own = attribute.sql_type().is_some_and(|own| dialect.is_called(own, &column.type_name));
    if !is_own && !dialect.holds(attribute.kind(), &column.type_name) {
        tell(format!(
            "`{table}.{name}` is of type {}, the model has a {}: change the column or the model",
            column.type_name,
            attribute.kind()
        ));
    }
    if attribute.is_nullable() && !column.nullable {
        tell(format!(
            "`{table}.{name}` is NOT NULL, the model may leave it out: drop the constraint or change the model"
        ));
    }
    if !attribute.is_nullable() && column.nullable {
        tell(format!(
            "`{table}.{name}` may be NULL, the model always has a value: make it NOT NULL or the attribute an Option"
        ));
    }
    if attribute.is_primary_key() && column.key.is_none() {
        tell(format!("`{table}.{name}` is not the primary key, in the model it is: make it the key"));
    }
}

fn compare_reference(wanted: &Table, have: &Table, reference: &Reference) -> Option<Difference> {
    let (table, column, target) = (&wanted.name, &reference.column, &reference.table);
    let text = match have.reference(column) {
        None => format!("`{table}.{column}` does not refer to `{target}`: add the foreign key"),
        Some(found) if found.table != *target => {
            format!(
                "`{table}.{column}` refers to `{}`, in the model to `{target}`: change the foreign key",
                found.table
            )
        }
        Some(found) if found.on_delete != reference.on_delete => format!(
            "what becomes of `{table}.{column}` when the row of `{target}` is removed is not what the model says: change \
             the foreign key"
        ),
        Some(_) => return None,
    };
    Some(Difference::Other(text))
}
