//! Records for tests, each a little different.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::models::{Db, Model};

/// The number of the next record: no two of a process have the same, whichever factory makes them.
static NEXT: AtomicU64 = AtomicU64::new(1);

type Values = Arc<dyn Fn(u64) -> Value + Send + Sync>;
type Parent = Arc<dyn Fn(Db) -> LocalBoxFuture<'static, Value> + Send + Sync>;

/// Makes records of a model for tests.
///
/// Its function is given a number that no other record of this process has, so that unique attributes stay
/// unique. A factory is a value: keep it in a function, and vary it where a test needs something particular.
///
/// ```
/// use regatta::prelude::*;
/// use regatta::testing::{Factory, TestApp, block_on};
///
/// #[derive(Debug, Model)]
/// struct Person {
///     id: i64,
///     #[attr(required, unique)]
///     name: String,
///     age: i64,
/// }
///
/// #[derive(Debug, Model)]
/// struct Message {
///     id: i64,
///     body: String,
///     #[attr(model)]
///     author: Option<Ref<Person>>,
/// }
///
/// fn people() -> Factory<Person> {
///     Factory::new(|n| json!({ "name": format!("person {n}") }))
/// }
///
/// fn messages() -> Factory<Message> {
///     Factory::new(|n| json!({ "body": format!("message {n}") })).with_new("author", people())
/// }
///
/// # block_on(async {
/// let app = TestApp::start(App::new("chat").model::<Person>().model::<Message>()).await;
/// let ann = people().with(json!({ "name": "Ann", "age": 30 })).create(app.db()).await;
/// let crowd = people().create_many(20, app.db()).await;
/// let hers = messages().with(json!({ "author": ann.id })).create(app.db()).await;
/// let somebodys = messages().create(app.db()).await;
///
/// assert_eq!((crowd.len(), ann.age), (20, 30));
/// assert_eq!(hers.author.map(|author| author.id()), Some(ann.id));
/// assert!(somebodys.author.is_some());
/// # });
/// ```
pub struct Factory<M> {
    values: Values,
    /// What is the same in each record.
    fixed: Map<String, Value>,
    /// The associations that get a new record each time.
    parents: Vec<(String, Parent)>,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> Factory<M> {
    /// A factory of records with these values: anything that serialises as an object with the model's JSON names.
    pub fn new<V: Serialize>(values: impl Fn(u64) -> V + Send + Sync + 'static) -> Self {
        let values = move |number| serde_json::to_value(values(number)).expect("values that are JSON");
        Self { values: Arc::new(values), fixed: Map::new(), parents: Vec::new(), of: PhantomData }
    }

    /// The same with these values in each record; they win over everything else.
    pub fn with(&self, values: impl Serialize) -> Self {
        let mut factory = self.clone();
        factory.fixed.extend(object(serde_json::to_value(values).expect("values that are JSON")));
        factory
    }

    /// The same with a new record of another factory in the association `name` of each record, unless
    /// [`Factory::with`] says which.
    pub fn with_new<P: Model>(&self, name: &str, parents: Factory<P>) -> Self {
        let mut factory = self.clone();
        let parent = move |db: Db| -> LocalBoxFuture<'static, Value> {
            let parents = parents.clone();
            Box::pin(async move {
                let key = parents.create(&db).await.key();
                serde_json::to_value(key).expect("a primary key is JSON")
            })
        };
        factory.parents.push((name.to_owned(), Arc::new(parent)));
        factory
    }

    /// The values of the next record, without storing it and without new records for its associations: what a
    /// test posts.
    pub fn values(&self) -> Map<String, Value> {
        let mut values = object((self.values)(NEXT.fetch_add(1, Ordering::Relaxed)));
        values.extend(self.fixed.clone());
        values
    }

    /// Stores a new record.
    pub async fn create(&self, db: &Db) -> M {
        let mut values = self.values();
        for (name, parent) in &self.parents {
            if !self.fixed.contains_key(name) {
                values.insert(name.clone(), parent(db.clone()).await);
            }
        }
        let made = M::create(&values).exec(db).await;
        made.unwrap_or_else(|error| panic!("no {} from {}: {error:?}", M::IDENTITY, Value::Object(values)))
    }

    /// Stores `count` new records, one after another.
    pub async fn create_many(&self, count: usize, db: &Db) -> Vec<M> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.create(db).await);
        }
        all
    }
}

fn object(values: Value) -> Map<String, Value> {
    match values {
        Value::Object(values) => values,
        other => panic!("the values of a record are an object, not `{other}`"),
    }
}

impl<M> Clone for Factory<M> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            fixed: self.fixed.clone(),
            parents: self.parents.clone(),
            of: PhantomData,
        }
    }
}

impl<M: Model> fmt::Debug for Factory<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory")
            .field("model", &M::IDENTITY)
            .field("fixed", &self.fixed)
            .finish_non_exhaustive()
    }
}
