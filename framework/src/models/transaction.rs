//! Several queries that happen together or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use super::Schema;
use super::handle::{Db, Within};
use crate::db::Retry;
use crate::{Error, Result};

impl Db {
    /// Runs `work` in a transaction of the models' datastore: all of it lasts, or, when it returns an error or the
    /// request is cancelled, nothing. Changes are told to those who watch once it lasts. Models of other
    /// datastores are not part of it.
    ///
    /// ```no_run
    /// # use regatta::models::Db;
    /// # async fn example(db: Db) -> regatta::Result<()> {
    /// db.transaction(async |tx| {
    ///     // every query here takes `tx`
    /// #   let _ = tx;
    ///     Ok(())
    /// }).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `work` returns; 503 when the database is away; 500 inside another transaction.
    pub async fn transaction<T>(&self, work: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        self.transaction_at(0, work).await
    }

    /// Runs `work` in a transaction of the datastore called `name`; see [`Db::transaction`].
    ///
    /// # Errors
    /// As [`Db::transaction`], and 500 when no model is in a datastore of this name.
    pub async fn transaction_in<T>(
        &self,
        name: &str,
        work: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        self.transaction_at(self.place_of(name)?, work).await
    }

    /// Runs `work` in a transaction as [`Db::transaction`] does, and again, up to four times more, when the database
    /// undid it because others were at the same records (a deadlock). `work` may run several times: what it does beside
    /// the database, it does each time.
    ///
    /// ```no_run
    /// # use regatta::models::Db;
    /// # async fn example(db: Db) -> regatta::Result<()> {
    /// db.retry_transaction(async |tx| {
    ///     // every query here takes `tx`
    /// #   let _ = tx;
    ///     Ok(())
    /// }).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Db::transaction`]; 503 when it had to give way every time.
    pub async fn retry_transaction<T>(&self, work: impl AsyncFn(&Self) -> Result<T>) -> Result<T> {
        let mut retry = Retry::default();
        loop {
            let atomic = self.begin_own(0).await?;
            let outcome = work(atomic.db()).await;
            match atomic.end_or_again(outcome, &mut retry).await {
                Some(outcome) => return outcome,
                None => tracing::debug!("a transaction gave way to another one: trying it again"),
            }
        }
    }

    async fn transaction_at<T>(&self, store: usize, work: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        let atomic = self.begin_own(store).await?;
        let outcome = work(atomic.db()).await;
        atomic.end(outcome).await
    }

    async fn begin_own(&self, store: usize) -> Result<Atomic> {
        if self.within.is_some() {
            return Err(Error::internal(
                "a transaction can't begin inside another: use the handle it gave you",
            ));
        }
        self.begin(store).await
    }

    /// A transaction for several statements about a model: the one this handle is in, else one of its own.
    pub(super) async fn atomic(&self, schema: &Schema) -> Result<Atomic> {
        let store = self.store_place(schema);
        match &self.within {
            Some(within) if within.store == store => Ok(Atomic { db: self.clone(), own: None }),
            _ => self.begin(store).await,
        }
    }

    async fn begin(&self, store: usize) -> Result<Atomic> {
        let transaction = self.store_at(store).begin().await?;
        let within = Arc::new(Within { transaction, store, changes: Mutex::default() });
        let db = Self { shared: self.shared.clone(), within: Some(within.clone()) };
        Ok(Atomic { db, own: Some(within) })
    }
}

/// Several statements that last together or not at all. Dropped, they are undone.
pub(super) struct Atomic {
    db: Db,
    /// The transaction, when it began here.
    own: Option<Arc<Within>>,
}

impl Atomic {
    /// The handle inside the transaction.
    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    /// Makes it last when `outcome` is good, else undoes it; a transaction that began elsewhere ends there.
    pub(super) async fn end<T>(self, outcome: Result<T>) -> Result<T> {
        let Some(within) = self.own else { return outcome };
        match outcome {
            Ok(value) => {
                self.db.store_at(within.store).commit(&within.transaction).await?;
                let changes =
                    std::mem::take(&mut *within.changes.lock().unwrap_or_else(PoisonError::into_inner));
                self.db.tell(changes).await;
                Ok(value)
            }
            Err(error) => {
                within.transaction.roll_back().await;
                Err(error)
            }
        }
    }

    /// As [`Atomic::end`]; nothing when the transaction began here, had to give way to others, and is to be tried
    /// again.
    pub(super) async fn end_or_again<T>(self, outcome: Result<T>, retry: &mut Retry) -> Option<Result<T>> {
        let own = self.own.clone();
        match self.end(outcome).await {
            Err(error) => match own {
                Some(within) if within.transaction.gave_way() && retry.again().await => None,
                _ => Some(Err(error)),
            },
            ended => Some(ended),
        }
    }
}
