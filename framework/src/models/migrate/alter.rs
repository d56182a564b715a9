//! Adding what the database lacks. It only ever adds: nothing is dropped or changed, and what it leaves alone it
//! says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::compare::{Difference, compare};
use super::inspect;
use super::shape::{Column, Table, TableIndex};
use super::work::Work;
use crate::Result;
use crate::db::{DbError, Store};
use crate::models::Schema;

/// What was done, or left for a person to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// This was done.
    Did(String),
    /// This was left as it is; the text says why and what to do.
    Left(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Did(text) => write!(f, "migrated: {text}"),
            Self::Left(text) => write!(f, "left as it is: {text}"),
        }
    }
}

/// Adds the tables, columns and indexes the models have and the database lacks: all of it or nothing. Of several
/// instances that start at once, one does it and the others wait.
pub(super) async fn alter(store: &Store, schemas: &[Arc<Schema>], patience: Duration) -> Result<Vec<Step>> {
    let mut alter = Alter { work: Work::begin(store, patience).await?, left: Vec::new(), steps: Vec::new() };
    alter.work.transaction().await?;
    let outcome = alter.run(schemas).await;
    match outcome {
        Ok(()) => alter.work.commit().await?,
        Err(_) => alter.work.roll_back().await,
    }
    alter.work.end().await;
    outcome?;
    Ok(alter.steps)
}

struct Alter {
    work: Work,
    /// Tables and columns that could not be added.
    left: Vec<(String, String)>,
    steps: Vec<Step>,
}

impl Alter {
    async fn run(&mut self, schemas: &[Arc<Schema>]) -> Result<(), DbError> {
        let dialect = self.work.dialect;
        let have = inspect::inspect(&mut self.work.session).await?;
        let differences = compare(dialect, schemas, &have);
        let is_new = |difference: &&Difference| matches!(difference, Difference::Table(_));
        let new: Vec<_> = differences.iter().filter(is_new).collect();
        for difference in &new {
            if let Difference::Table(table) = difference {
                self.execute(&dialect.create_table(table)).await?;
                self.did(format!("created the table `{}`", table.name));
            }
        }
        // References come when every table is there.
        for difference in differences {
            match difference {
                Difference::Table(table) => self.finish(&table).await?,
                Difference::Column { table, column } => self.add_column(&table, &column).await?,
                // One over a column that could not be added can't either.
                Difference::Index { table, index }
                    if self.left.iter().any(|left| index.needs(&table, left)) => {}
                Difference::Index { table, index } => self.add_index(&table, &index).await?,
                Difference::Other(text) => self.steps.push(Step::Left(text)),
            }
        }
        Ok(())
    }

    /// What a new table gets once all tables are there.
    async fn finish(&mut self, table: &Table) -> Result<(), DbError> {
        for reference in &table.references {
            if let Some(sql) = self.work.dialect.add_reference(&table.name, reference) {
                self.execute(&sql).await?;
            }
        }
        for index in &table.indexes {
            self.execute(&self.work.dialect.create_index(&table.name, index)).await?;
        }
        Ok(())
    }

    async fn add_column(&mut self, table: &Table, column: &Column) -> Result<(), DbError> {
        let (name, dialect) = (&table.name, self.work.dialect);
        let has_rows = self.has_any(&dialect.any_row(name)).await?;
        if column.key.is_some() || (!column.fills_itself() && has_rows) {
            self.steps.push(Step::Left(format!(
                "`{name}` has rows but no column `{}`, and nothing says what it holds for them: give the \
                 attribute a `default`, make it an Option, or add the column yourself",
                column.name
            )));
            self.left.push((name.clone(), column.name.clone()));
            return Ok(());
        }
        let reference = table.reference(&column.name);
        self.execute(&dialect.add_column(name, column, reference)).await?;
        self.did(format!("added the column `{}` to `{name}`", column.name));
        if let Some(sql) = reference.and_then(|reference| dialect.add_reference(name, reference)) {
            self.execute(&sql).await?;
        }
        Ok(())
    }

    async fn add_index(&mut self, table: &str, index: &TableIndex) -> Result<(), DbError> {
        let dialect = self.work.dialect;
        let columns = index.columns.join(", ");
        if index.unique && self.has_any(&dialect.find_duplicates(table, index)).await? {
            self.steps.push(Step::Left(match index.columns.as_slice() {
                [column] => format!(
                    "`{table}.{column}` is to be unique, but some rows have the same value: change them and migrate again"
                ),
                _ => format!(
                    "`{table}` is to be unique over {columns} together, but some rows have the same values: change \
                     them and migrate again"
                ),
            }));
            return Ok(());
        }
        self.execute(&dialect.create_index(table, index)).await?;
        match (index.unique, index.columns.as_slice()) {
            (true, [column]) => self.did(format!("made `{table}.{column}` unique")),
            _ => self.did(format!("made the index `{}`", index.name)),
        }
        Ok(())
    }

    async fn has_any(&mut self, sql: &str) -> Result<bool, DbError> {
        Ok(!inspect::rows(&mut self.work.session, sql, &[]).await?.is_empty())
    }

    async fn execute(&mut self, sql: &str) -> Result<(), DbError> {
        self.work.session.run(sql).await
    }

    fn did(&mut self, text: String) {
        self.steps.push(Step::Did(text));
    }
}
