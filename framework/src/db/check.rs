//! Whether the database answers.

use std::time::Duration;

use super::{DbError, Pool, Store};
use crate::health::{Check, Finding};

/// How long a check waits, in all.
const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// The check `database`: an instance whose database is away gets no traffic.
    pub(crate) fn check(&self) -> Check {
        let store = self.clone();
        Check::new("database", move || {
            let store = store.clone();
            async move { store.look().await }
        })
        .for_readiness()
    }

    async fn look(&self) -> Finding {
        let asked = async {
            match self.pool() {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop),
                #[cfg(feature = "mysql")]
                Pool::MySql(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop),
            }
        };
        let found = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(found) => found.map_err(|error| self.failed(error)),
            Err(_) => Err(self.failed(sqlx::Error::PoolTimedOut)),
        };
        match found {
            Ok(()) => Finding::Good(format!("{} answers", self.address())),
            // A pool with all its connections in use is load, not failure, while they get answers.
            Err(error @ DbError::Busy) if self.last_heard().is_some_and(|ago| ago < 2 * PATIENCE) => {
                Finding::Warning(error.to_string())
            }
            Err(error) => Finding::Error(error.to_string()),
        }
    }
}
