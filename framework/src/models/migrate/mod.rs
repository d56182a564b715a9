//! Bringing tables to the models: `alter` adds what is missing, versioned files of SQL do everything else.
//!
//! | file | what it does |
//! |---|---|
//! | `shape` | what tables are like, in the words of one engine |
//! | `dialect` | every statement, in each engine's SQL |
//! | `inspect`, `compare` | the shape of a database, and where it is not what the models want |
//! | `alter` | adds what is missing |
//! | `diff`, `plan`, `review` | from one shape to another: the changes, their statements, what a person should know |
//! | `draft`, `files`, `split` | the files: written, read, cut into statements |
//! | `ledger`, `work`, `apply` | which files a database has, who may change it, and running them |
//! | `status` | what is to be done |

mod alter;
mod apply;
mod check;
mod compare;
mod dialect;
mod diff;
mod draft;
mod files;
mod inspect;
mod ledger;
mod plan;
mod review;
mod settle;
mod shape;
mod split;
mod status;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use alter::Step;
use apply::Runner;
pub(crate) use apply::Tell;
pub(super) use dialect::{unique_index, wide_index as index};
pub(crate) use draft::{Draft, Request};
use files::{Folder, Migration, folder, wrong};
pub(crate) use settle::Resolution;
pub(crate) use status::{Standing, Status};

use super::Schema;
use crate::Result;
use crate::db::{Engine, Store};

/// The migrations of one datastore.
#[derive(Debug, Clone)]
pub(crate) struct Migrations {
    /// Its name in `config/datastores.toml`.
    pub(crate) datastore: String,
    /// Whether it is the one of the models that name none.
    pub(crate) is_main: bool,
    pub(super) store: Store,
    /// Its models.
    pub(super) schemas: Vec<Arc<Schema>>,
    /// The app's folder.
    pub(super) root: PathBuf,
    /// How long to wait for another instance that changes tables.
    pub(super) patience: Duration,
}

impl Migrations {
    /// The name of its engine: `sqlite`, `postgres` …
    pub(crate) fn engine(&self) -> &'static str {
        dialect::Dialect(self.store.engine()).name()
    }

    fn folder(&self) -> Folder {
        self.folder_for(self.store.engine())
    }

    fn folder_for(&self, engine: Engine) -> Folder {
        folder(&self.root, (!self.is_main).then_some(self.datastore.as_str()), engine)
    }

    /// Whether there are files for its engine.
    pub(crate) fn has_files(&self) -> bool {
        self.folder().is_there()
    }

    /// The engines there are files for.
    pub(crate) fn engines(&self) -> Vec<String> {
        status::other_engines(&self.folder())
    }

    /// Adds what the database lacks.
    ///
    /// # Errors
    /// 503 when another instance changes tables for too long, or the database is away.
    pub(crate) async fn alter(&self) -> Result<Vec<Step>> {
        alter::alter(&self.store, &self.schemas, self.patience).await
    }

    /// Applies what is pending and returns how many files that were.
    ///
    /// # Errors
    /// 503 as [`Migrations::alter`]; files that can't be read; a statement that fails; a file that was interrupted.
    pub(crate) async fn up(&self, tell: Tell<'_>) -> Result<usize> {
        let (folder, files) = self.files()?;
        let mut runner = Runner::begin(&self.store, &folder, &files, self.patience, tell).await?;
        let done = runner.up().await;
        runner.end().await;
        done
    }

    /// Undoes the last `count` files and returns how many that were.
    ///
    /// # Errors
    /// As [`Migrations::up`], and a file that has no `.down.sql`.
    pub(crate) async fn down(&self, count: usize, tell: Tell<'_>) -> Result<usize> {
        let (folder, files) = self.files()?;
        let mut runner = Runner::begin(&self.store, &folder, &files, self.patience, tell).await?;
        let done = runner.down(count).await;
        runner.end().await;
        done
    }

    /// Settles a file that did not get to its end.
    ///
    /// # Errors
    /// A version the database knows nothing of.
    pub(crate) async fn resolve(&self, version: &str, how: Resolution) -> Result<()> {
        let (folder, files) = self.files()?;
        let mut runner = Runner::begin(&self.store, &folder, &files, self.patience, &|_| {}).await?;
        let done = runner.resolve(version, how).await;
        runner.end().await;
        done
    }

    /// Writes a file of what changed in the models, for the engine called `engine`.
    ///
    /// # Errors
    /// An engine that does not exist; changes that would lose data; files that can't be read or written.
    pub(crate) fn draft(&self, engine: &str, request: &Request) -> Result<Option<Draft>> {
        let known = dialect::Dialect::ALL.into_iter().find(|known| known.name() == engine);
        let Some(dialect) = known else {
            let names = dialect::Dialect::ALL.map(dialect::Dialect::name).join(", ");
            return Err(wrong(format!("there is no engine `{engine}`: write one of {names}")));
        };
        draft::draft(&self.folder_for(dialect.0), &self.schemas, request)
    }

    /// What is to be done; `alters` when the config lets `alter` keep this database up to date.
    ///
    /// # Errors
    /// 503 when the database is away; files that can't be read.
    pub(crate) async fn status(&self, alters: bool) -> Result<Status> {
        status::status(self, alters).await
    }

    fn files(&self) -> Result<(Folder, Vec<Migration>)> {
        let folder = self.folder();
        if !folder.is_there() {
            let engine = self.engine();
            return Err(wrong(format!(
                "there is no folder {}: write the first migration with `migrate new --engine {engine}`, and deploy the \
                 folder with the app",
                folder.shown
            )));
        }
        let files = folder.migrations()?;
        Ok((folder, files))
    }
}

#[cfg(test)]
pub(crate) mod tests;
