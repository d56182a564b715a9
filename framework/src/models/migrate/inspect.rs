//! What a table looks like now.

use std::collections::HashSet;

use super::Migration;
use crate::db::{DbError, Kind, Layout, Value};

/// A table of the database.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    indexes: HashSet<String>,
}

/// A column of the database.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// The type as the engine calls it, in lower case.
    pub(super) kind: String,
    pub(super) not_null: bool,
    pub(super) has_default: bool,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn has_index(&self, name: &str) -> bool {
        self.indexes.contains(name)
    }
}

impl Migration<'_> {
    /// The table called `name`, if there is one.
    pub(super) async fn inspect(&self, name: &str) -> Result<Option<Table>, DbError> {
        let kinds = [Kind::Text, Kind::Text, Kind::Boolean, Kind::Boolean];
        let layout = Layout::new(kinds.len(), kinds.into_iter().enumerate().collect());
        let rows = self.rows(self.dialect.columns(), &[name], &layout).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let columns = rows.into_iter().filter_map(column).collect();
        let indexes = self.rows(self.dialect.indexes(), &[name], &Layout::single(Kind::Text)).await?;
        let indexes = indexes.into_iter().flatten().map(|name| name.to_string()).collect();
        Ok(Some(Table { columns, indexes }))
    }
}

fn column(row: Vec<Value>) -> Option<Column> {
    let [Value::Text(name), Value::Text(kind), Value::Boolean(not_null), Value::Boolean(has_default)] =
        <[Value; 4]>::try_from(row).ok()?
    else {
        return None;
    };
    Some(Column { name, kind: kind.to_lowercase(), not_null, has_default })
}
