use std::path::Path;
use std::sync::Arc;

use super::SqlStore;
use crate::config::{DatastoreConfig, SessionConfig, Span};
use crate::db;
use crate::sessions::conformance::{self, Fleet, set};
use crate::sessions::{Id, Loaded, Store};

/// A database two instances share, which stay connected.
struct Database {
    instances: [db::Store; 2],
    _folder: tempfile::TempDir,
}

impl Database {
    fn at(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = || db::Store::open(&DatastoreConfig::at(url), folder.path(), 2).unwrap();
        Self { instances: [open(), open()], _folder: folder }
    }

    fn sqlite() -> Self {
        Self::at("sqlite://sessions.db")
    }

    fn open(&self, config: &SessionConfig) -> SqlStore {
        SqlStore::new(self.instances[0].clone(), config)
    }
}

impl Fleet for Database {
    fn with(&self, config: SessionConfig) -> [Arc<dyn Store>; 2] {
        // The machine may be busy: how long it takes is not what this is about.
        let config = SessionConfig { deadline: Span::seconds(10), ..config };
        self.instances.clone().map(|store| Arc::new(SqlStore::new(store, &config)) as Arc<dyn Store>)
    }
}

async fn made(database: &Database) {
    // Two at once, as instances that start together.
    let [a, b] = database.with(SessionConfig::default());
    let (a, b) = futures_util::future::join(a.prepare(), b.prepare()).await;
    a.unwrap();
    b.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_sqlite() {
    let database = Database::sqlite();
    made(&database).await;
    conformance::run(&database).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_postgres() {
    let server = crate::models::tests::PostgresServer::start();
    let database = Database::at(&server.url("postgres"));
    made(&database).await;
    conformance::run(&database).await;
}

#[cfg(all(feature = "postgres", feature = "tls"))]
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_postgres_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let server = crate::models::tests::PostgresServer::start_encrypted(&certificates);
    let database = Database::at(&server.url("postgres"));
    made(&database).await;
    conformance::run(&database).await;
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_mariadb() {
    let server = crate::models::tests::MariaDbServer::start();
    let database = Database::at(&server.url("one"));
    made(&database).await;
    conformance::run(&database).await;
}

#[test]
fn mysqls_parameters_stand_in_the_order_of_the_text() {
    let (sql, ordered) =
        super::rows::in_order("SET a = $2, b = $10x$1 WHERE c = $2", &["one".into(), "two".into()]);
    assert_eq!(sql, "SET a = ?, b = ?x? WHERE c = ?");
    assert_eq!(ordered, ["two".into(), "one".into(), "two".into()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_removed_in_batches_and_nothing_else() {
    let database = Database::sqlite();
    made(&database).await;
    let short = SessionConfig { idle: Span::millis(1), ..SessionConfig::default() };
    let (short, long) = (database.open(&short), database.open(&SessionConfig::default()));
    let living = Id::random().unwrap();
    long.create(&living, &set(&[("n", "1")])).await.unwrap();
    for _ in 0..1_100 {
        short.create(&Id::random().unwrap(), &set(&[("n", "1")])).await.unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    long.sweep().await.unwrap();
    let all = format!("SELECT count(*) FROM {}", super::TABLE);
    let rows = long.0.read(&all, vec![], &[crate::db::Kind::Integer], None).await.unwrap();
    assert_eq!(rows, [[crate::db::Value::Integer(1)]]);
    assert!(matches!(long.load(&living).await.unwrap(), Loaded::Alive { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_503_within_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = DatastoreConfig::at("postgres://nobody@127.0.0.1:1/none");
    let Ok(store) = db::Store::open(&nowhere, Path::new(folder.path()), 2) else { return };
    let store = SqlStore::new(store, &SessionConfig::default());
    store.prepare().await.unwrap();
    let started = std::time::Instant::now();
    let error = store.load(&Id::random().unwrap()).await.unwrap_err();
    assert_eq!(error.status(), 503, "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_millis(800), "{:?}", started.elapsed());
}
