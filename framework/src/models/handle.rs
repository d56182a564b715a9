//! The handle actions use.

use std::fmt;
use std::future::{Ready, ready};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::association::Link;
use super::migrate::Migrations;
use super::registry::Registry;
use super::{Change, ChangeSink, Schema, Value};
use crate::config::Config;
use crate::db::{self, DbError, Done, Engine, Layout, Pool, Query, Store, Transaction};
use crate::health::Check;
use crate::metrics;
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
    pub(super) shared: Arc<Shared>,
    /// The transaction this handle belongs to.
    pub(super) within: Option<Arc<Within>>,
}

/// Datastores by name.
pub(crate) type Stores = Vec<(String, Store)>;

pub(super) struct Shared {
    /// The first one holds the models that name none.
    pub(super) stores: Stores,
    registry: Registry,
    sink: Arc<dyn ChangeSink>,
}

/// The transaction a handle belongs to.
pub(super) struct Within {
    pub(super) transaction: Transaction,
    /// The place of its datastore.
    pub(super) store: usize,
    /// What to tell once it is committed.
    pub(super) changes: Mutex<Vec<Change>>,
}

impl Db {
    /// Opens the models' datastores; connects to nothing yet. The first one holds the models that name none.
    pub(crate) fn open_stores(config: &Config, schemas: &[Arc<Schema>]) -> Result<Stores> {
        let named = schemas.iter().filter_map(|schema| schema.datastore());
        let mut names = vec![config.models.datastore.as_str()];
        for name in named {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.into_iter().map(|name| Ok((name.to_owned(), Self::open_store(config, name)?))).collect()
    }

    /// Opens the datastore called `name`.
    pub(crate) fn open_store(config: &Config, name: &str) -> Result<Store> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if config.http.workers > 0 { config.http.workers } else { cores() };
        let datastore = config.datastore(name).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Store::open(datastore, &config.root, workers)?)
    }

    #[cfg(test)]
    pub(crate) fn open_at(
        datastores: &[(String, &crate::config::DatastoreConfig)],
        root: &Path,
        workers: usize,
        schemas: Vec<Arc<Schema>>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<Self> {
        let mut stores = Vec::with_capacity(datastores.len());
        for (name, datastore) in datastores {
            stores.push((name.clone(), Store::open(datastore, root, workers)?));
        }
        Self::new(stores, schemas, sink)
    }

    pub(crate) fn new(stores: Stores, schemas: Vec<Arc<Schema>>, sink: Arc<dyn ChangeSink>) -> Result<Self> {
        let registry = Registry::new(schemas)?;
        Ok(Self { shared: Arc::new(Shared { stores, registry, sink }), within: None })
    }

    /// The pool of connections to SQLite.
    ///
    /// # Errors
    /// 500 when the models are in another database.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&self) -> Result<&sqlx::SqlitePool> {
        match self.main_store().pool() {
            Pool::Sqlite(pool) => Ok(pool),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            other => Err(elsewhere(other)),
        }
    }

    /// The pool of connections to PostgreSQL.
    ///
    /// # Errors
    /// 500 when the models are in another database.
    #[cfg(feature = "postgres")]
    pub fn postgres(&self) -> Result<&sqlx::PgPool> {
        match self.main_store().pool() {
            Pool::Postgres(pool) => Ok(pool),
            #[cfg(any(feature = "sqlite", feature = "mysql"))]
            other => Err(elsewhere(other)),
        }
    }

    /// The pool of connections to MySQL or MariaDB.
    ///
    /// # Errors
    /// 500 when the models are in another database.
    #[cfg(feature = "mysql")]
    pub fn mysql(&self) -> Result<&sqlx::MySqlPool> {
        match self.main_store().pool() {
            Pool::MySql(pool) => Ok(pool),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            other => Err(elsewhere(other)),
        }
    }

    /// The model called `identity`.
    ///
    /// # Errors
    /// 500 when it is not part of the app.
    pub fn schema(&self, identity: &str) -> Result<&Arc<Schema>> {
        self.shared.registry.get(identity)
    }

    /// Both sides of the association at `place`.
    pub(crate) fn link(&self, schema: &Schema, place: usize) -> Option<&Link> {
        self.shared.registry.association(schema, place)
    }

    /// Whether a client may set the attribute at `place`. A collection is set through the references of its
    /// members: it is writable when they are.
    pub(crate) fn is_writable(&self, schema: &Schema, place: usize) -> bool {
        let through = match self.link(schema, place) {
            Some(Link::Many { target, via }) => target.attribute_at(*via).is_writable(),
            _ => true,
        };
        through && schema.attribute_at(place).is_writable()
    }

    /// The migrations of each datastore; that of the models which name none comes first. `root` is the app's folder,
    /// `patience` how long to wait for another instance that changes tables.
    pub(crate) fn migrations(&self, root: &Path, patience: Duration) -> Vec<Migrations> {
        let of_store = |(place, (name, store)): (usize, &(String, Store))| {
            let schemas = self.shared.registry.iter().filter(|schema| self.store_place(schema) == place);
            Migrations {
                datastore: name.clone(),
                is_main: place == 0,
                store: store.clone(),
                schemas: schemas.cloned().collect(),
                root: root.to_owned(),
                patience,
            }
        };
        self.shared.stores.iter().enumerate().map(of_store).collect()
    }

    /// Adds what the databases lack; nothing is ever dropped or changed.
    #[cfg(test)]
    pub(crate) async fn migrate(&self) -> Result<Vec<super::migrate::Step>> {
        let mut steps = Vec::new();
        for migrations in self.migrations(Path::new("/"), Duration::from_secs(60)) {
            steps.extend(migrations.alter().await?);
        }
        Ok(steps)
    }

    /// Writes the figures of the pools.
    pub(crate) fn report(&self, page: &mut metrics::Page) {
        db::report(&self.shared.stores, page);
    }

    /// The checks for `/readyz` and `doctor`.
    pub(crate) fn checks(&self) -> Vec<Check> {
        self.shared.stores.iter().map(|(_, store)| store.check()).collect()
    }

    /// The databases by the names of their datastores.
    pub(crate) fn stores(&self) -> &Stores {
        &self.shared.stores
    }

    pub(crate) async fn close(&self) {
        for (_, store) in &self.shared.stores {
            store.close().await;
        }
    }

    pub(super) fn store_place(&self, schema: &Schema) -> usize {
        schema.datastore().and_then(|name| self.place_of(name).ok()).unwrap_or(0)
    }

    pub(super) fn place_of(&self, name: &str) -> Result<usize> {
        let place = self.shared.stores.iter().position(|(store, _)| store == name);
        place.ok_or_else(|| Error::internal(format!("no model is in a datastore called `{name}`")))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is one at least, and places are those that `place_of` finds"
    )]
    pub(super) fn store_at(&self, place: usize) -> &Store {
        &self.shared.stores[place].1
    }

    /// The datastore of the models that name none.
    pub(super) fn main_store(&self) -> &Store {
        self.store_at(0)
    }

    fn store(&self, schema: &Schema) -> &Store {
        self.store_at(self.store_place(schema))
    }

    pub(super) fn engine(&self, schema: &Schema) -> Engine {
        self.store(schema).engine()
    }

    /// A statement in the dialect of the model's datastore.
    pub(super) fn build(&self, schema: &Schema, statement: &impl sea_query_sqlx::SqlxBinder) -> Query {
        self.store(schema).build(statement)
    }

    /// Runs a statement in the model's datastore and reads its rows.
    pub(super) async fn rows(
        &self,
        schema: &Schema,
        query: Query,
        layout: &Layout,
    ) -> Result<Vec<Vec<Value>>, DbError> {
        let store = self.store_place(schema);
        let within = self.within.as_ref().filter(|within| within.store == store);
        let transaction = within.map(|within| &within.transaction);
        self.store_at(store).rows(query, layout, transaction).await
    }

    /// Runs a statement that returns no rows. Only inside a transaction: what it wrote is read there.
    pub(super) async fn execute(&self, schema: &Schema, query: Query) -> Result<Done, DbError> {
        let store = self.store_place(schema);
        let within = self.within.as_ref().filter(|within| within.store == store);
        let transaction = within.map(|within| &within.transaction).ok_or(DbError::TransactionOver)?;
        self.store_at(store).execute(query, transaction).await
    }

    /// Tells those who watch, now or when the transaction is committed.
    pub(super) async fn announce(&self, changes: Vec<Change>) {
        match &self.within {
            Some(within) => {
                within.changes.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
            }
            None => self.tell(changes).await,
        }
    }

    pub(super) async fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            self.shared.sink.publish(change).await;
        }
    }
}

/// The models are in another database than somebody thought.
#[cfg(any(
    all(feature = "sqlite", feature = "postgres"),
    all(feature = "sqlite", feature = "mysql"),
    all(feature = "postgres", feature = "mysql")
))]
fn elsewhere(pool: &Pool) -> Error {
    Error::internal(match pool {
        #[cfg(feature = "sqlite")]
        Pool::Sqlite(_) => "the models are in SQLite: use `db.sqlite()`",
        #[cfg(feature = "postgres")]
        Pool::Postgres(_) => "the models are in PostgreSQL: use `db.postgres()`",
        #[cfg(feature = "mysql")]
        Pool::MySql(_) => "the models are in MySQL: use `db.mysql()`",
    })
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
