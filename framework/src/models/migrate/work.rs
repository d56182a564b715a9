//! A connection that changes tables, while no other does.

use std::time::{Duration, Instant};

use super::dialect::Dialect;
use super::inspect;
use crate::db::{DbError, Kind, Session, Store, Value};
use crate::{Error, Result};

/// How often it is looked whether another one is done.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// A connection that changes tables.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: Session,
    pub(super) dialect: Dialect,
    patience: Duration,
}

impl Work {
    /// Waits until no other one changes tables, for at most `patience`. The lock ends with the connection, also when
    /// the process is killed. On SQLite each transaction has the lock instead.
    pub(super) async fn begin(store: &Store, patience: Duration) -> Result<Self> {
        let dialect = Dialect(store.engine());
        let mut session = store.session().await?;
        for sql in dialect.prepare(patience) {
            session.run(&sql).await?;
        }
        let mut work = Self { session, dialect, patience };
        work.lock().await?;
        Ok(work)
    }

    async fn lock(&mut self) -> Result<()> {
        let Some(sql) = self.dialect.try_lock() else { return Ok(()) };
        let mut wait = Wait::new(self.patience);
        loop {
            let rows = inspect::rows(&mut self.session, &sql, &[Kind::Boolean]).await?;
            if rows.first().and_then(|row| row.first()) == Some(&Value::Boolean(true)) {
                return Ok(());
            }
            wait.once().await?;
        }
    }

    /// Begins a transaction.
    pub(super) async fn transaction(&mut self) -> Result<()> {
        let mut wait = Wait::new(self.patience);
        loop {
            match self.session.run(self.dialect.begin()).await {
                Ok(()) => return Ok(()),
                Err(DbError::Busy | DbError::Locked) => wait.once().await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes the transaction last.
    pub(super) async fn commit(&mut self) -> Result<()> {
        Ok(self.session.run("COMMIT").await?)
    }

    /// Undoes the transaction. When that fails the end of the connection does it.
    pub(super) async fn roll_back(&mut self) {
        let _ = self.session.run("ROLLBACK").await;
    }

    /// Waits for something else another one does.
    pub(super) fn wait(&self) -> Wait {
        Wait::new(self.patience)
    }

    pub(super) async fn end(self) {
        self.session.close(GOODBYE).await;
    }
}

/// Waiting for another one.
#[derive(Debug)]
pub(super) struct Wait {
    start: Instant,
    patience: Duration,
    told: bool,
}

impl Wait {
    fn new(patience: Duration) -> Self {
        Self { start: Instant::now(), patience, told: false }
    }

    /// Waits a little.
    ///
    /// # Errors
    /// 503 when it took too long.
    pub(super) async fn once(&mut self) -> Result<()> {
        if self.start.elapsed() >= self.patience {
            return Err(Error::unavailable(format!(
                "another instance changes the tables of this database and did not finish within {} s: look at its \
                 log, or raise migrate_timeout in config/models.toml",
                self.patience.as_secs_f32()
            )));
        }
        if !std::mem::replace(&mut self.told, true) {
            tracing::info!("another instance changes the tables of this database: waiting for it");
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}
