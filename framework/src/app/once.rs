//! The app's functions that run once for each database.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::server::Parts;
use crate::models::once::{Once, Outcome};
use crate::models::{Db, Timestamp};
use crate::{Error, Result, http};

type Run = Arc<dyn Fn(Db) -> LocalBoxFuture<'static, Result<()>> + Send + Sync>;

/// A bootstrap or a seed.
#[derive(Clone)]
pub(crate) struct Task {
    pub(super) name: String,
    run: Run,
}

impl Task {
    pub(super) fn new<F>(name: String, run: F) -> Self
    where
        F: AsyncFn(Db) -> Result<()> + Send + Sync + 'static,
    {
        let run = Arc::new(run);
        let boxed = move |db| -> LocalBoxFuture<'static, Result<()>> {
            let run = run.clone();
            Box::pin(async move { run(db).await })
        };
        Self { name, run: Arc::new(boxed) }
    }

    /// Runs it unless it is done; `kind` keeps a seed apart from a bootstrap of the same name.
    pub(super) async fn run(&self, kind: &str, once: &Once<'_>, db: &Db, again: bool) -> Result<Outcome> {
        once.run(&self.key(kind), again, self.call(db)).await
    }

    pub(super) async fn call(&self, db: &Db) -> Result<()> {
        (self.run)(db.clone()).await
    }

    /// When it ran, if it did.
    pub(super) async fn done(&self, kind: &str, once: &Once<'_>) -> Result<Option<Timestamp>> {
        once.done(&self.key(kind)).await
    }

    fn key(&self, kind: &str) -> String {
        format!("{kind}:{}", self.name)
    }
}

/// This instance's hand on what runs once.
pub(super) async fn open(parts: &Parts) -> Result<Once<'_>> {
    // Two starts of one instance are not the same.
    let holder = format!("{}/{}", parts.instance.id(), http::random_id()?);
    Once::open(&parts.db, holder, parts.config.models.bootstrap_timeout.get()).await
}

/// # Errors
/// 500 when two have the same name.
pub(super) fn check_names(kind: &str, tasks: &[Task]) -> Result<()> {
    let mut names = HashSet::new();
    match tasks.iter().find(|task| !names.insert(task.name.as_str())) {
        Some(task) => Err(Error::internal(format!(
            "two {kind}s are called `{}`: each runs once, so give one of them another name",
            task.name
        ))),
        None => Ok(()),
    }
}
