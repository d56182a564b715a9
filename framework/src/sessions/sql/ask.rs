//! One statement, on engines that give back the rows of what they wrote and on MySQL, which counts them.

use sea_query::{Value as Parameter, Values as Parameters};
use tokio::sync::MutexGuard;

use super::Inner;
use super::rows::{Rows, ids, in_order, text};
use super::statements::Statements;
use crate::db::{DbError, Engine, Kind, Layout, Query, Transaction};

impl Inner {
    pub(super) async fn writer(&self) -> Option<MutexGuard<'_, ()>> {
        match self.store.engine() {
            Engine::Sqlite => Some(self.writer.lock().await),
            Engine::Postgres | Engine::MySql => None,
        }
    }

    pub(super) async fn read(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
        kinds: &[Kind],
        within: Option<&Transaction>,
    ) -> Result<Rows, DbError> {
        let layout = Layout::new(kinds.len(), kinds.iter().copied().enumerate().collect());
        self.store.rows(self.query(sql, parameters), &layout, within).await
    }

    fn query(&self, sql: &str, parameters: Vec<Parameter>) -> Query {
        if self.store.engine() != Engine::MySql {
            return Query::new(sql, Parameters(parameters));
        }
        let (sql, parameters) = in_order(sql, &parameters);
        Query::new(&sql, Parameters(parameters))
    }

    /// The rows that a statement which writes gives back.
    pub(super) async fn write(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
        kinds: &[Kind],
    ) -> Result<Rows, DbError> {
        let _turn = self.writer().await;
        self.read(sql, parameters, kinds, None).await
    }

    /// Whether a statement that writes found its row.
    pub(super) async fn hits(&self, sql: &str, parameters: Vec<Parameter>) -> Result<bool, DbError> {
        if self.store.engine() != Engine::MySql {
            return Ok(!self.write(sql, parameters, &[Kind::Integer]).await?.is_empty());
        }
        let transaction = self.store.begin().await?;
        let hit = self.hits_within(sql, parameters, &transaction).await?;
        self.store.commit(&transaction).await?;
        Ok(hit)
    }

    pub(super) async fn hits_within(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
        transaction: &Transaction,
    ) -> Result<bool, DbError> {
        if self.store.engine() != Engine::MySql {
            return Ok(!self.read(sql, parameters, &[Kind::Integer], Some(transaction)).await?.is_empty());
        }
        Ok(self.store.execute(self.query(sql, parameters), transaction).await?.rows > 0)
    }

    /// Removes the rows a statement names, and gives back their ids.
    pub(super) async fn remove(&self, sql: &str, parameters: Vec<Parameter>) -> Result<Vec<String>, DbError> {
        if self.store.engine() != Engine::MySql {
            return Ok(ids(self.write(sql, parameters, &[Kind::Text]).await?));
        }
        let transaction = self.store.begin().await?;
        let found = ids(self.read(sql, parameters, &[Kind::Text], Some(&transaction)).await?);
        if !found.is_empty() {
            let parameters = found.iter().map(|id| text(id)).collect();
            self.hits_within(&Statements::remove(found.len()), parameters, &transaction).await?;
        }
        self.store.commit(&transaction).await?;
        Ok(found)
    }
}
