mod adopt;
mod changes;
mod failures;
mod files;
mod interrupted;
mod split;
mod status;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::diff::{Change, Renames, diff};
use super::inspect::inspect;
use super::shape::Shape;
use super::{Draft, Migrations, Request};
use crate::models::tests::open_with;
use crate::models::{Attribute, Auto, Db, Kind, Schema};
use crate::{Error, Result};

/// How long the tests' instances wait for each other.
const PATIENCE: Duration = Duration::from_secs(20);

/// Gives the address of a new empty database.
pub(crate) type Fresh<'a> = &'a dyn Fn(&str) -> String;

#[tokio::test(flavor = "multi_thread")]
async fn hold_on_sqlite() {
    everything(&|name| format!("sqlite://{name}.db")).await;
}

/// Everything that needs a database.
pub(crate) async fn everything(fresh: Fresh<'_>) {
    changes::everything(fresh).await;
    failures::everything(fresh).await;
    interrupted::everything(fresh).await;
    adopt::everything(fresh).await;
    status::everything(fresh).await;
}

/// An app's folder, and the database it uses.
struct App {
    folder: tempfile::TempDir,
    url: String,
}

impl App {
    fn new(fresh: Fresh<'_>, name: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: fresh(name) }
    }

    fn db(&self, models: Vec<Schema>) -> Db {
        open_with(&self.url, self.root(), models.into_iter().map(Arc::new).collect()).0
    }

    fn with(&self, models: Vec<Schema>) -> Migrations {
        self.db(models).migrations(self.root(), PATIENCE).remove(0)
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a migration by hand.
    fn write(&self, migrations: &Migrations, name: &str, up: &str, down: &str) {
        let folder = migrations.folder().path;
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.up.sql")), up).unwrap();
        std::fs::write(folder.join(format!("{name}.down.sql")), down).unwrap();
    }
}

impl Migrations {
    /// Writes what changed, whatever it loses.
    fn wrote(&self, name: &str, renames: &[&str]) -> Draft {
        let renames = renames.iter().map(|&text| text.to_owned()).collect();
        let request =
            Request { name: Some(name.to_owned()), allow_drops: true, renames, ..Request::default() };
        self.draft(self.engine(), &request).unwrap().expect("something changed")
    }

    async fn applied(&self) -> Result<usize> {
        self.up(&|_| {}).await
    }

    async fn undone(&self, count: usize) -> Result<usize> {
        self.down(count, &|_| {}).await
    }

    /// The tables there are, without those that migrations need.
    async fn shape(&self) -> Shape {
        let mut session = self.store.session().await.unwrap();
        let mut shape = inspect(&mut session).await.unwrap();
        shape.tables.retain(|table| !table.name.starts_with("regatta_"));
        shape
    }

    async fn run(&self, sql: &str) {
        self.store.session().await.unwrap().run(sql).await.unwrap();
    }

    /// The rows of a query over text columns.
    async fn texts(&self, sql: &str, width: usize) -> Vec<Vec<String>> {
        let mut session = self.store.session().await.unwrap();
        let rows = super::inspect::rows(&mut session, sql, &vec![Kind::Text; width]).await.unwrap();
        rows.into_iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }
}

/// What leads from one shape to the other.
fn between(from: &Shape, to: &Shape) -> Vec<Change> {
    diff(from, to, &Renames::default())
}

#[track_caller]
fn assert_same(one: &Shape, other: &Shape, why: &str) {
    let changes = between(one, other);
    assert!(changes.is_empty(), "{why}: {changes:#?}");
}

fn text(error: &Error) -> String {
    error.to_string()
}

/// A person with a name that counts up, and what else is said.
fn person(more: Vec<Attribute>) -> Schema {
    let id = Attribute::new("id", Kind::Integer).primary_key().auto(Auto::Increment);
    let name = Attribute::new("name", Kind::Text).required().unique();
    more.into_iter()
        .fold(Schema::builder("person").attribute(id).attribute(name), |schema, attribute| {
            schema.attribute(attribute)
        })
        .build()
}

/// A message somebody wrote, and what else is said.
fn message(more: Vec<Attribute>) -> Schema {
    let schema = Schema::builder("message")
        .attribute(Attribute::new("body", Kind::Text).required())
        .attribute(Attribute::model("author", "person", Kind::Integer));
    more.into_iter().fold(schema, |schema, attribute| schema.attribute(attribute)).build()
}
