mod associations;
mod behaviour;
mod contention;
mod criteria;
mod datastores;
mod edges;
#[cfg(all(feature = "postgres", feature = "tls"))]
mod encrypted;
mod killed;
#[cfg(feature = "mysql")]
mod mariadb;
mod migrations;
mod once;
mod oracle;
mod postgres;
mod queries;
mod schemas;
#[cfg(feature = "postgres")]
mod statements;
#[cfg(all(feature = "postgres", not(feature = "tls")))]
mod unencrypted;
pub(crate) mod zoo;

#[cfg(feature = "mysql")]
pub(crate) use mariadb::Server as MariaDbServer;
#[cfg(feature = "postgres")]
pub(crate) use postgres::Server as PostgresServer;

use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};

use super::{Change, ChangeSink, Db, Many, Model, Ref, Schema, Timestamp};
use crate::config::{DatastoreConfig, Span};

#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: i64,
    #[attr(required, unique, max_length = 40)]
    pub(crate) name: String,
    #[attr(is_email)]
    email: Option<String>,
    #[attr(min = 0, max = 150, default = 18)]
    pub(crate) age: i64,
    #[attr(collection, via = "author")]
    pub(crate) messages: Many<Message>,
    #[attr(private)]
    secret: String,
    #[attr(auto_created_at)]
    created_at: Timestamp,
    #[attr(auto_updated_at)]
    updated_at: Timestamp,
}

#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: i64,
    #[attr(required, max_length = 280)]
    pub(crate) body: String,
    #[attr(model, read_only)]
    pub(crate) author: Option<Ref<Person>>,
    extra: serde_json::Value,
    weight: f64,
    seen: bool,
}

/// Keeps what was told.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<(Json, Option<String>)>>);

impl Recorder {
    pub(crate) fn told(&self) -> Vec<(Json, Option<String>)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl ChangeSink for Recorder {
    fn publish(&self, change: Change) -> BoxFuture<'static, ()> {
        let payload = serde_json::to_value(change.payload()).unwrap();
        self.0.lock().unwrap().push((payload, change.origin().map(str::to_owned)));
        Box::pin(async {})
    }
}

pub(crate) fn pair() -> Vec<Arc<Schema>> {
    vec![Message::schema().clone(), Person::schema().clone()]
}

pub(crate) fn models() -> Vec<Arc<Schema>> {
    pair().into_iter().chain(zoo::models()).chain([super::archive_schema()]).collect()
}

pub(crate) fn open(url: &str, root: &Path) -> (Db, Arc<Recorder>) {
    open_with(url, root, models())
}

pub(crate) fn open_with(url: &str, root: &Path, models: Vec<Arc<Schema>>) -> (Db, Arc<Recorder>) {
    let mut config = DatastoreConfig::at(url);
    config.acquire_timeout = Span::seconds(2);
    open_at(&config, root, models)
}

pub(crate) fn open_at(
    config: &DatastoreConfig,
    root: &Path,
    models: Vec<Arc<Schema>>,
) -> (Db, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let datastores = [("default".to_owned(), config)];
    let db = Db::open_at(&datastores, root, 2, models, recorder.clone()).unwrap();
    (db, recorder)
}

/// A migrated database in a file of its own.
pub(crate) async fn sqlite() -> (Db, Arc<Recorder>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (db, recorder) = open("sqlite://data/test.db", folder.path());
    db.migrate().await.unwrap();
    (db, recorder, folder)
}

pub(crate) async fn person(db: &Db, name: &str) -> Person {
    Person::create(json!({"name": name, "secret": "hidden"})).exec(db).await.unwrap()
}

pub(crate) async fn message(db: &Db, body: &str, author: Option<i64>) -> Message {
    Message::create(json!({"body": body, "author": author})).exec(db).await.unwrap()
}
