//! Brings tables to the models. It only ever adds: nothing is dropped or changed, and what it leaves alone it
//! says.

mod dialect;
mod inspect;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dialect::Dialect;
use inspect::{Column, Table};

use super::{Association, Attribute, Index, Schema};
use crate::Result;
use crate::db::{DbError, Layout, Query, Store, Transaction, Value};

/// How long an instance waits for another one that migrates.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a migration did, or left for a person to do.
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

/// The index that keeps an attribute's values unique.
pub(super) fn unique_index(schema: &Schema, attribute: &Attribute) -> String {
    dialect::index_name(schema.table(), attribute.column_name(), "key")
}

/// The index over several attributes.
pub(super) fn index(schema: &Schema, index: &Index) -> String {
    let columns: Vec<_> =
        index.attributes.iter().map(|&place| schema.attributes()[place].column_name()).collect();
    dialect::index_name(schema.table(), &columns.join("_"), if index.unique { "key" } else { "idx" })
}

/// Adds the tables, columns and indexes the models have and the database lacks: all of it or nothing. Of several
/// instances that start at once, one does it and the others wait.
pub(super) async fn alter(store: &Store, schemas: &[Arc<Schema>]) -> Result<Vec<Step>> {
    let dialect = Dialect::of(store);
    let transaction = begin(store).await?;
    let mut migration = Migration { store, dialect, transaction: &transaction, steps: Vec::new() };
    migration.lock().await?;
    migration.run(schemas).await?;
    let steps = migration.steps;
    store.commit(&transaction).await?;
    Ok(steps)
}

async fn begin(store: &Store) -> Result<Transaction, DbError> {
    let start = Instant::now();
    loop {
        match store.begin_unhurried().await {
            Err(DbError::Busy) if start.elapsed() < PATIENCE => {}
            other => return other,
        }
    }
}

struct Migration<'a> {
    store: &'a Store,
    dialect: Dialect,
    transaction: &'a Transaction,
    steps: Vec<Step>,
}

impl Migration<'_> {
    async fn lock(&self) -> Result<(), DbError> {
        for sql in self.dialect.lock(PATIENCE) {
            self.execute(&sql).await?;
        }
        Ok(())
    }

    async fn run(&mut self, schemas: &[Arc<Schema>]) -> Result<(), DbError> {
        let mut tables = Vec::with_capacity(schemas.len());
        for schema in schemas {
            let table = self.inspect(schema.table()).await?;
            if table.is_none() {
                self.execute(&self.dialect.create_table(schema, &|identity| key_of(schemas, identity)))
                    .await?;
                self.did(format!("created the table `{}`", schema.table()));
            }
            tables.push(table);
        }
        // References come when every table is there.
        for (schema, table) in schemas.iter().zip(&tables) {
            for (_, attribute) in schema.stored() {
                let column = table.as_ref().map(|table| table.column(attribute.column_name()));
                let is_new = match column {
                    None => {
                        self.refer(schemas, schema, attribute).await?;
                        true
                    }
                    Some(Some(column)) => {
                        self.compare(schema, attribute, column);
                        false
                    }
                    Some(None) => self.add_column(schemas, schema, attribute).await?,
                };
                let index =
                    table.as_ref().is_some_and(|table| table.has_index(&unique_index(schema, attribute)));
                let is_there = is_new || matches!(column, Some(Some(_)));
                if attribute.is_unique() && !attribute.is_primary_key() && is_there && !index {
                    self.add_unique(schema, attribute).await?;
                }
            }
            for wanted in schema.indexes() {
                if table.as_ref().is_none_or(|table| !table.has_index(&index(schema, wanted))) {
                    self.add_index(schema, wanted).await?;
                }
            }
            if let Some(table) = table {
                self.name_strangers(schema, table);
            }
        }
        Ok(())
    }

    async fn add_column(
        &mut self,
        schemas: &[Arc<Schema>],
        schema: &Schema,
        attribute: &Attribute,
    ) -> Result<bool, DbError> {
        let (table, column) = (schema.table(), attribute.column_name());
        let needs_value =
            attribute.is_required() && attribute.default().is_none() && !attribute.is_nullable();
        if attribute.is_primary_key() || (needs_value && self.has_rows(table).await?) {
            self.steps.push(Step::Left(format!(
                "`{table}` has rows but no column `{column}`, and nothing says what it holds for them: give the \
                 attribute a `default`, make it an Option, or add the column yourself"
            )));
            return Ok(false);
        }
        self.execute(&self.dialect.add_column(schema, attribute, &|identity| key_of(schemas, identity)))
            .await?;
        self.did(format!("added the column `{column}` to `{table}`"));
        self.refer(schemas, schema, attribute).await?;
        Ok(true)
    }

    /// The reference to another table, and the index that finds what refers to a record.
    async fn refer(
        &mut self,
        schemas: &[Arc<Schema>],
        schema: &Schema,
        attribute: &Attribute,
    ) -> Result<(), DbError> {
        let Some(Association::Model { identity }) = attribute.association() else { return Ok(()) };
        if let Some(sql) = self.dialect.add_reference(schema, attribute, key_of(schemas, identity)) {
            self.execute(&sql).await?;
        }
        if !attribute.is_unique() {
            self.execute(&self.dialect.create_index(schema, attribute)).await?;
        }
        Ok(())
    }

    async fn add_unique(&mut self, schema: &Schema, attribute: &Attribute) -> Result<(), DbError> {
        let (table, column) = (schema.table(), attribute.column_name());
        if self.has_any(&self.dialect.find_duplicate(schema, attribute)).await? {
            self.steps.push(Step::Left(format!(
                "`{table}.{column}` is to be unique, but some rows have the same value: change them and migrate again"
            )));
            return Ok(());
        }
        self.execute(&self.dialect.create_unique_index(schema, attribute)).await?;
        self.did(format!("made `{table}.{column}` unique"));
        Ok(())
    }

    async fn add_index(&mut self, schema: &Schema, wanted: &Index) -> Result<(), DbError> {
        let name = index(schema, wanted);
        if wanted.unique && self.has_any(&self.dialect.find_duplicates(schema, wanted)).await? {
            self.steps.push(Step::Left(format!(
                "`{name}` is to keep several columns unique together, but some rows have the same values: change \
                 them and migrate again"
            )));
            return Ok(());
        }
        self.execute(&self.dialect.create_wide_index(schema, wanted, &name)).await?;
        self.did(format!("made the index `{name}`"));
        Ok(())
    }

    fn compare(&mut self, schema: &Schema, attribute: &Attribute, column: &Column) {
        let (table, name) = (schema.table(), attribute.column_name());
        if !self.dialect.holds(attribute.kind(), &column.kind) {
            self.steps.push(Step::Left(format!(
                "`{table}.{name}` is of type {}, the model has a {}: change the column or the model",
                column.kind,
                attribute.kind()
            )));
        }
        if attribute.is_nullable() && column.not_null {
            self.steps.push(Step::Left(format!(
                "`{table}.{name}` is NOT NULL, the model may leave it out: drop the constraint or change the model"
            )));
        }
    }

    fn name_strangers(&mut self, schema: &Schema, table: &Table) {
        for column in &table.columns {
            if schema.stored().any(|(_, attribute)| attribute.column_name() == column.name) {
                continue;
            }
            let what = if column.not_null && !column.has_default {
                "it needs a value no new record has: make it nullable or add an attribute"
            } else {
                "no attribute uses it"
            };
            self.steps.push(Step::Left(format!(
                "the column `{}` of `{}`: {what}",
                column.name,
                schema.table()
            )));
        }
    }

    async fn has_rows(&self, table: &str) -> Result<bool, DbError> {
        self.has_any(&self.dialect.any_row(table)).await
    }

    async fn has_any(&self, sql: &str) -> Result<bool, DbError> {
        let rows = self.rows(sql, &[], &Layout::new(0, Vec::new())).await?;
        Ok(!rows.is_empty())
    }

    async fn execute(&self, sql: &str) -> Result<(), DbError> {
        self.rows(sql, &[], &Layout::new(0, Vec::new())).await.map(drop)
    }

    async fn rows(&self, sql: &str, values: &[&str], layout: &Layout) -> Result<Vec<Vec<Value>>, DbError> {
        self.store.rows(Query::of_text(sql, values), layout, Some(self.transaction)).await
    }

    fn did(&mut self, text: String) {
        self.steps.push(Step::Did(text));
    }
}

/// The table and the primary key's column of a model.
fn key_of<'a>(schemas: &'a [Arc<Schema>], identity: &str) -> Option<(&'a str, &'a str)> {
    let schema = schemas.iter().find(|schema| schema.identity() == identity)?;
    Some((schema.table(), schema.primary_key().column_name()))
}
