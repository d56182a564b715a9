//! What the tables of a database are like now.

use super::dialect::Dialect;
use super::shape::{Column, Deletion, PrimaryKey, Reference, Shape, Table, TableIndex};
use crate::db::{DbError, Kind, Layout, Query, Session, Value};

/// Looks at every table.
pub(super) async fn inspect(session: &mut Session) -> Result<Shape, DbError> {
    let dialect = Dialect(session.store().engine());
    let mut shape = Shape::default();
    let kinds = [Kind::Text, Kind::Text, Kind::Text, Kind::Boolean, Kind::Text, Kind::Boolean, Kind::Boolean];
    for row in rows(session, dialect.columns(), &kinds).await? {
        let Ok([table, name, type_name, not_null, default, is_key, counts]) = <[Value; 7]>::try_from(row)
        else {
            continue;
        };
        let key = match (is_true(&is_key), is_true(&counts)) {
            (true, true) => Some(PrimaryKey::Counted),
            (true, false) => Some(PrimaryKey::Given),
            (false, _) => None,
        };
        let default = match default {
            Value::Text(told) if key != Some(PrimaryKey::Counted) => Some(dialect.plain_default(&told)),
            _ => None,
        };
        shape.named(&table.to_string()).columns.push(Column {
            name: name.to_string(),
            type_name: type_name.to_string().to_lowercase(),
            nullable: !is_true(&not_null),
            default,
            key,
        });
    }
    for row in rows(session, dialect.indexes(), &[Kind::Text, Kind::Text, Kind::Text, Kind::Boolean]).await? {
        if let Ok([table, name, column, unique]) = <[Value; 4]>::try_from(row) {
            // Views have indexes too.
            let Some(table) = shape.table_mut(&table.to_string()) else { continue };
            table.add_to_index(&name.to_string(), plain(&column.to_string()), is_true(&unique));
        }
    }
    let kinds = [Kind::Text; 5];
    for row in rows(session, dialect.foreign_keys(), &kinds).await? {
        let Ok([table, column, target, key, action]) = <[Value; 5]>::try_from(row) else { continue };
        let on_delete = match action.to_string().as_str() {
            "SET NULL" => Deletion::SetNull,
            "CASCADE" => Deletion::Cascade,
            _ => Deletion::Restrict,
        };
        let (column, target, key) = (column.to_string(), target.to_string(), key.to_string());
        let Some(table) = shape.table_mut(&table.to_string()) else { continue };
        table.references.push(Reference { column, table: target, key, on_delete });
    }
    Ok(shape)
}

/// Runs a query whose columns are of `kinds`.
pub(super) async fn rows(
    session: &mut Session,
    sql: &str,
    kinds: &[Kind],
) -> Result<Vec<Vec<Value>>, DbError> {
    let layout = Layout::new(kinds.len(), kinds.iter().copied().enumerate().collect());
    session.rows(Query::of_text(sql, &[]), &layout).await
}

impl Shape {
    fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name == name)
    }

    fn named(&mut self, name: &str) -> &mut Table {
        let place = self.tables.iter().position(|table| table.name == name).unwrap_or_else(|| {
            let name = name.to_owned();
            self.tables.push(Table {
                name,
                columns: Vec::new(),
                indexes: Vec::new(),
                references: Vec::new(),
            });
            self.tables.len() - 1
        });
        &mut self.tables[place]
    }
}

impl Table {
    fn add_to_index(&mut self, name: &str, column: String, unique: bool) {
        match self.indexes.iter_mut().find(|index| index.name == name) {
            Some(index) => index.columns.push(column),
            None => {
                let (name, columns) = (name.to_owned(), vec![column]);
                self.indexes.push(TableIndex { name, columns, unique });
            }
        }
    }
}

/// A column without the quotes PostgreSQL puts around some names.
fn plain(column: &str) -> String {
    match column.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(name) => name.replace("\"\"", "\""),
        None => column.to_owned(),
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Boolean(true)
}
