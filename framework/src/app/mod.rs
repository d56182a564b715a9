//! An app: its routes, models and start, and the commands of its binary.

mod background;
mod command;
mod layer;
mod probes;
mod server;
mod tables;

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

#[cfg(feature = "testing")]
pub(crate) use server::{Stop, start};

use crate::Result;
use crate::models::{Db, Model, Schema};
use crate::routes::Routes;

type Draw = Arc<dyn Fn(&mut Routes) + Send + Sync>;
type Bootstrap = Arc<dyn Fn(Db) -> LocalBoxFuture<'static, Result<()>> + Send + Sync>;

/// What makes up an app; `main` hands it to [`run`].
///
/// ```no_run
/// use regatta::prelude::*;
///
/// async fn home() -> &'static str { "hello" }
///
/// fn app() -> App {
///     App::new("hello").routes(|r| { r.get("/", home); })
/// }
///
/// fn main() -> std::process::ExitCode {
///     regatta::run(app())
/// }
/// ```
#[derive(Clone)]
pub struct App {
    pub(crate) name: &'static str,
    pub(crate) models: Vec<Arc<Schema>>,
    pub(crate) draw: Draw,
    pub(crate) bootstrap: Option<Bootstrap>,
}

impl App {
    /// An app without anything in it. The name shows in logs.
    pub fn new(name: &'static str) -> Self {
        Self { name, models: Vec::new(), draw: Arc::new(|_| {}), bootstrap: None }
    }

    /// Adds a model.
    pub fn model<M: Model>(mut self) -> Self {
        self.models.push(M::schema().clone());
        self
    }

    /// Adds a model that is known at run time only; see [`Schema::builder`].
    pub fn schema(mut self, schema: impl Into<Arc<Schema>>) -> Self {
        self.models.push(schema.into());
        self
    }

    /// Adds the model that holds archived records; see [`Destroy::archive`](crate::models::Destroy::archive).
    pub fn archive(self) -> Self {
        self.schema(crate::models::archive_schema())
    }

    /// The function that draws the routes. It runs once on every worker.
    pub fn routes(mut self, draw: impl Fn(&mut Routes) + Send + Sync + 'static) -> Self {
        self.draw = Arc::new(draw);
        self
    }

    /// A function that runs before the instance takes requests, such as one that makes sure the first records
    /// exist. Several instances may run it at the same time: write it so that twice does no harm.
    pub fn bootstrap<F, Fut>(mut self, run: F) -> Self
    where
        F: Fn(Db) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        self.bootstrap = Some(Arc::new(move |db| Box::pin(run(db))));
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.name)
            .field("models", &self.models.len())
            .finish_non_exhaustive()
    }
}

/// Runs the command the binary was called with: `lift`, `routes`, `migrate`, `doctor`.
pub fn run(app: App) -> ExitCode {
    command::run(&app)
}
