//! The handle actions use.

use std::fmt;
use std::future::{Ready, ready};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::registry::Registry;
use super::{Change, ChangeSink, Schema, Value, migrate};
use crate::config::{Config, DatastoreConfig};
use crate::db::{DbError, Engine, Layout, Pool, Query, Store, Transaction};
use crate::health::Check;
use crate::{Error, Result};

/// The app's database and models; an extractor, and a handle to keep. Cloning is cheap.
///
/// Queries over models take it by reference; for SQL of your own there is the pool of plain sqlx:
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(db: regatta::models::Db) -> regatta::Result<()> {
/// let (now,): (i64,) = regatta::sqlx::query_as("SELECT 1::bigint").fetch_one(db.postgres()?).await
///     .map_err(regatta::Error::internal)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
    /// The transaction this handle belongs to.
    within: Option<Arc<Within>>,
}

struct Shared {
    store: Store,
    registry: Registry,
    sink: Arc<dyn ChangeSink>,
}

struct Within {
    transaction: Transaction,
    /// What to tell once it is committed.
    changes: Mutex<Vec<Change>>,
}

impl Db {
    /// Opens the models' datastore; connects to nothing yet.
    pub(crate) fn open(
        config: &Config,
        schemas: Vec<Arc<Schema>>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<Self> {
        let datastore =
            config.datastore(&config.models.datastore).map_err(|error| Error::internal(error.to_string()))?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if config.http.workers > 0 { config.http.workers } else { cores() };
        Self::open_at(datastore, &config.root, workers, schemas, sink)
    }

    pub(crate) fn open_at(
        datastore: &DatastoreConfig,
        root: &Path,
        workers: usize,
        schemas: Vec<Arc<Schema>>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<Self> {
        let registry = Registry::new(schemas)?;
        let store = Store::open(datastore, root, workers)?;
        Ok(Self { shared: Arc::new(Shared { store, registry, sink }), within: None })
    }

    /// Runs `work` in a transaction: all of it lasts, or, when it returns an error or the request is
    /// cancelled, nothing. Changes are told to those who watch once it lasts.
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
        if self.within.is_some() {
            return Err(Error::internal(
                "a transaction can't begin inside another: use the handle it gave you",
            ));
        }
        let transaction = self.shared.store.begin().await?;
        let within = Arc::new(Within { transaction, changes: Mutex::default() });
        let handle = Self { shared: self.shared.clone(), within: Some(within.clone()) };
        let outcome = work(&handle).await;
        match outcome {
            Ok(value) => {
                self.shared.store.commit(&within.transaction).await?;
                let changes =
                    std::mem::take(&mut *within.changes.lock().unwrap_or_else(PoisonError::into_inner));
                for change in changes {
                    self.shared.sink.publish(change).await;
                }
                Ok(value)
            }
            Err(error) => {
                within.transaction.roll_back().await;
                Err(error)
            }
        }
    }

    /// The pool of connections to SQLite.
    ///
    /// # Errors
    /// 500 when the models are in another database.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&self) -> Result<&sqlx::SqlitePool> {
        match self.shared.store.pool() {
            Pool::Sqlite(pool) => Ok(pool),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Err(Error::internal("the models are in PostgreSQL: use `db.postgres()`")),
        }
    }

    /// The pool of connections to PostgreSQL.
    ///
    /// # Errors
    /// 500 when the models are in another database.
    #[cfg(feature = "postgres")]
    pub fn postgres(&self) -> Result<&sqlx::PgPool> {
        match self.shared.store.pool() {
            Pool::Postgres(pool) => Ok(pool),
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => Err(Error::internal("the models are in SQLite: use `db.sqlite()`")),
        }
    }

    /// The model called `identity`.
    ///
    /// # Errors
    /// 500 when it is not part of the app.
    pub fn schema(&self, identity: &str) -> Result<&Arc<Schema>> {
        self.shared.registry.get(identity)
    }

    /// Brings the tables to the models; nothing is ever dropped or changed.
    pub(crate) async fn migrate(&self) -> Result<Vec<migrate::Step>> {
        migrate::alter(&self.shared.store, &self.schemas()).await
    }

    /// The checks for `/readyz` and `doctor`.
    pub(crate) fn checks(&self) -> Vec<Check> {
        vec![self.shared.store.check()]
    }

    pub(crate) async fn close(&self) {
        self.shared.store.close().await;
    }

    pub(super) fn engine(&self) -> Engine {
        self.shared.store.engine()
    }

    pub(super) fn build(&self, statement: &impl sea_query_sqlx::SqlxBinder) -> Query {
        self.shared.store.build(statement)
    }

    pub(super) async fn rows(&self, query: Query, layout: &Layout) -> Result<Vec<Vec<Value>>, DbError> {
        let transaction = self.within.as_ref().map(|within| &within.transaction);
        self.shared.store.rows(query, layout, transaction).await
    }

    /// Tells those who watch, now or when the transaction is committed.
    pub(super) async fn announce(&self, change: Change) {
        match &self.within {
            Some(within) => within.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change),
            None => self.shared.sink.publish(change).await,
        }
    }

    fn schemas(&self) -> Vec<Arc<Schema>> {
        self.shared.registry.iter().cloned().collect()
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("within_transaction", &self.within.is_some()).finish_non_exhaustive()
    }
}

impl FromRequest for Db {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let db = req.app_data::<Self>().cloned();
        ready(db.ok_or_else(|| Error::internal("this server was built without a database")))
    }
}
