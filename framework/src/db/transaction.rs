//! Several statements that happen together or not at all.

use tokio::sync::{Mutex, MutexGuard};

use super::run::within;
use super::{DbError, Pool, Store};

/// An open transaction. Dropped without [`Transaction::commit`] it is rolled back, also when the request that
/// opened it was cancelled.
#[derive(Debug)]
pub(crate) struct Transaction {
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
pub(super) enum Open {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Store {
    /// Begins a transaction on a connection of its own.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbError> {
        let begun = async {
            match self.pool() {
                // A transaction that reads first and writes later could not wait for another writer.
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => pool.begin().await.map(Open::Postgres),
            }
        };
        let open = within(Some(self.timeout()), begun).await?.map_err(|error| self.failed(error))?;
        Ok(Transaction { open: Mutex::new(Some(open)) })
    }

    /// Makes what `transaction` did lasting.
    pub(crate) async fn commit(&self, transaction: &Transaction) -> Result<(), DbError> {
        let open = transaction.open().await.take().ok_or(DbError::TransactionOver)?;
        let committed = async {
            match open {
                #[cfg(feature = "sqlite")]
                Open::Sqlite(transaction) => transaction.commit().await,
                #[cfg(feature = "postgres")]
                Open::Postgres(transaction) => transaction.commit().await,
            }
        };
        within(Some(self.timeout()), committed).await?.map_err(|error| self.failed(error))
    }
}

impl Transaction {
    pub(super) async fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().await
    }

    /// Undoes everything; whatever still holds the handle can't write any more.
    pub(crate) async fn roll_back(&self) {
        drop(self.open().await.take());
    }
}
