//! Several statements that happen together or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use super::{DbError, Pool, Store};

/// An open transaction. Dropped without [`Transaction::commit`] it is rolled back, also when the request that
/// opened it was cancelled.
#[derive(Debug)]
pub(crate) struct Transaction {
    open: Mutex<Option<Open>>,
    /// Whether it had to give way to another one.
    gave_way: AtomicBool,
}

#[derive(Debug)]
pub(super) enum Open {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(sqlx::Transaction<'static, sqlx::MySql>),
}

impl Store {
    /// Begins a transaction on a connection of its own.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbError> {
        let begun = async {
            self.about_to_take();
            match self.pool() {
                // A transaction that reads first and writes later could not wait for another writer.
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => pool.begin().await.map(Open::Postgres),
                #[cfg(feature = "mysql")]
                Pool::MySql(pool) => pool.begin().await.map(Open::MySql),
            }
        };
        let open = self.within(begun).await?.map_err(|error| self.failed(error))?;
        Ok(Transaction { open: Mutex::new(Some(open)), gave_way: AtomicBool::new(false) })
    }

    /// Makes what `transaction` did lasting.
    pub(crate) async fn commit(&self, transaction: &Transaction) -> Result<(), DbError> {
        let open = transaction.open().await.take().ok_or_else(|| transaction.why_over())?;
        let committed = async {
            match open {
                #[cfg(feature = "sqlite")]
                Open::Sqlite(transaction) => transaction.commit().await,
                #[cfg(feature = "postgres")]
                Open::Postgres(transaction) => transaction.commit().await,
                #[cfg(feature = "mysql")]
                Open::MySql(transaction) => transaction.commit().await,
            }
        };
        self.within(committed).await?.map_err(|error| transaction.watch(self.failed(error)))
    }
}

impl Transaction {
    pub(super) async fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().await
    }

    /// Notes when the error means that the same again may well succeed.
    pub(super) fn watch(&self, error: DbError) -> DbError {
        if matches!(error, DbError::Deadlock) {
            self.gave_way.store(true, Ordering::Relaxed);
        }
        error
    }

    /// Whether it had to give way to another one, so that its work can be done again in a new one.
    pub(crate) fn gave_way(&self) -> bool {
        self.gave_way.load(Ordering::Relaxed)
    }

    /// Why it takes no more statements.
    pub(super) fn why_over(&self) -> DbError {
        if self.gave_way() { DbError::Deadlock } else { DbError::TransactionOver }
    }

    /// Undoes everything; whatever still holds the handle can't write any more.
    pub(crate) async fn roll_back(&self) {
        drop(self.open().await.take());
    }
}
