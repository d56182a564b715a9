//! An app: its routes, models and start, and the commands of its binary.

mod background;
mod command;
mod connections;
mod deploy;
mod doctor;
mod emit;
mod figures;
mod fleet;
mod install;
mod layer;
mod levels;
mod lift;
mod migrate;
mod mirror;
mod notify;
mod once;
mod output;
mod prepare;
mod private;
mod probes;
mod running;
mod seed;
mod server;
mod tables;

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

#[cfg(feature = "testing")]
pub(crate) use running::Stop;
#[cfg(feature = "testing")]
pub(crate) use server::start;

use crate::Result;
use crate::models::{Db, Model, Schema};
use crate::routes::Routes;
use once::Task;

type Draw = Arc<dyn Fn(&mut Routes) + Send + Sync>;

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
    bootstraps: Vec<Task>,
    seeds: Vec<Task>,
    #[cfg(feature = "testing")]
    pub(crate) echoes: bool,
}

impl App {
    /// An app without anything in it. The name shows in logs.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            models: Vec::new(),
            draw: Arc::new(|_| {}),
            bootstraps: Vec::new(),
            seeds: Vec::new(),
            #[cfg(feature = "testing")]
            echoes: false,
        }
    }

    /// Makes the socket endpoint send back every message it gets, for tests of the Engine.IO protocol itself: there are
    /// no namespaces, events or virtual requests then.
    #[cfg(feature = "testing")]
    pub fn echo(mut self) -> Self {
        self.echoes = true;
        self
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

    /// A function that makes the first records: it runs once for each database, before the app takes requests,
    /// under the name `bootstrap`. See [`App::bootstrap_named`].
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// #[derive(Debug, Model)]
    /// struct Room {
    ///     id: i64,
    ///     #[attr(required, unique)]
    ///     title: String,
    /// }
    ///
    /// fn app() -> App {
    ///     App::new("chat").model::<Room>().bootstrap(async |db| {
    ///         Room::find_or_create(Room::TITLE.eq("lobby"), json!({ "title": "lobby" })).exec(&db).await?;
    ///         Ok(())
    ///     })
    /// }
    /// # app();
    /// ```
    pub fn bootstrap<F>(self, run: F) -> Self
    where
        F: AsyncFn(Db) -> Result<()> + Send + Sync + 'static,
    {
        self.bootstrap_named("bootstrap", run)
    }

    /// A function that runs once for each database, before the app takes requests. What must happen later gets a
    /// bootstrap of another name; all run in the order in which they were added. A name has 1 to 190 bytes.
    ///
    /// Of several instances that start at once, one runs it and the others wait for at most `bootstrap_timeout`
    /// of `config/models.toml`. When it fails the instance does not start, and the next one tries again. An
    /// instance that is killed may leave it half done: the next start runs it from its beginning, so let it find
    /// what it made before, or do all of it in one transaction.
    pub fn bootstrap_named<F>(mut self, name: impl Into<String>, run: F) -> Self
    where
        F: AsyncFn(Db) -> Result<()> + Send + Sync + 'static,
    {
        self.bootstraps.push(Task::new(name.into(), run));
        self
    }

    /// A function that fills the database for development, demonstrations or tests. The command `seed` runs it,
    /// once for each database unless told `--again`.
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// #[derive(Debug, Model)]
    /// struct Person {
    ///     id: i64,
    ///     #[attr(required)]
    ///     name: String,
    /// }
    ///
    /// fn app() -> App {
    ///     App::new("chat").model::<Person>().seed("people", async |db| {
    ///         for name in ["Ada", "Grace"] {
    ///             Person::create(json!({ "name": name })).exec(&db).await?;
    ///         }
    ///         Ok(())
    ///     })
    /// }
    /// # app();
    /// ```
    pub fn seed<F>(mut self, name: impl Into<String>, run: F) -> Self
    where
        F: AsyncFn(Db) -> Result<()> + Send + Sync + 'static,
    {
        self.seeds.push(Task::new(name.into(), run));
        self
    }

    /// Runs a seed, whether it ran before or not.
    #[cfg(feature = "testing")]
    pub(crate) async fn run_seed(&self, name: &str, db: &Db) -> Result<()> {
        for seed in seed::chosen(&self.seeds, &[name.to_owned()])? {
            seed.call(db).await?;
        }
        Ok(())
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

/// Runs the command the binary was called with: `lift`, `routes`, `openapi`, `migrate`, `seed`, `doctor`.
pub fn run(app: App) -> ExitCode {
    command::run(&app)
}

#[cfg(test)]
mod tests;
