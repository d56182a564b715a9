//! What an app runs around the writes of a model's records.

use std::fmt;
use std::marker::PhantomData;

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Map, Value as Json};

use super::{Db, Model, Record};
use crate::Result;

/// What runs before and after writes, for a schema known at run time; typed models implement [`Callbacks`].
///
/// A write of a model that has callbacks is a transaction together with them: an error undoes it. `db` is the
/// handle of that transaction. See <https://sailsjs.com/documentation/concepts/models-and-orm/lifecycle-callbacks>.
pub trait Lifecycle: Send + Sync + fmt::Debug {
    /// Before the values of a new record are checked; may change them, private ones too.
    fn before_create<'a>(
        &'a self,
        db: &'a Db,
        values: &'a mut Map<String, Json>,
    ) -> BoxFuture<'a, Result<()>>;
    /// After a record was made.
    fn after_create<'a>(&'a self, db: &'a Db, record: &'a Record) -> BoxFuture<'a, Result<()>>;
    /// Before the values to change are checked; may change them.
    fn before_update<'a>(
        &'a self,
        db: &'a Db,
        values: &'a mut Map<String, Json>,
    ) -> BoxFuture<'a, Result<()>>;
    /// After a record was changed.
    fn after_update<'a>(&'a self, db: &'a Db, record: &'a Record) -> BoxFuture<'a, Result<()>>;
    /// Before a record is removed.
    fn before_destroy<'a>(&'a self, db: &'a Db, record: &'a Record) -> BoxFuture<'a, Result<()>>;
    /// After a record was removed.
    fn after_destroy<'a>(&'a self, db: &'a Db, record: &'a Record) -> BoxFuture<'a, Result<()>>;
}

/// What runs before and after the writes of a model marked `#[model(callbacks)]`; every function does nothing
/// unless it is written.
///
/// ```
/// use regatta::models::{Callbacks, Db, Model};
/// use regatta::prelude::*;
///
/// #[derive(Debug, Model)]
/// #[model(callbacks)]
/// struct Tag {
///     id: i64,
///     #[attr(required)]
///     name: String,
/// }
///
/// impl Callbacks for Tag {
///     async fn before_create(_: &Db, values: &mut Map<String, Value>) -> Result<()> {
///         if let Some(Value::String(name)) = values.get_mut("name") {
///             *name = name.to_lowercase();
///         }
///         Ok(())
///     }
/// }
/// # use serde_json::{Map, Value};
/// ```
///
/// # Errors
/// An error of any of them undoes the write and is its answer.
#[expect(unused_variables, reason = "the defaults do nothing with what they are given")]
pub trait Callbacks: Model {
    /// Before the values of a new record are checked, by their JSON names.
    fn before_create(db: &Db, values: &mut Map<String, Json>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a record was made.
    fn after_create(db: &Db, record: Self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before the values to change are checked, by their JSON names.
    fn before_update(db: &Db, values: &mut Map<String, Json>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a record was changed.
    fn after_update(db: &Db, record: Self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a record is removed.
    fn before_destroy(db: &Db, record: Self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a record was removed.
    fn after_destroy(db: &Db, record: Self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// The callbacks of a typed model, as its schema holds them.
#[doc(hidden)]
pub struct Typed<M>(PhantomData<fn() -> M>);

impl<M> Typed<M> {
    #[must_use]
    #[expect(clippy::new_without_default, reason = "only derived code makes one")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M: Model> fmt::Debug for Typed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Typed").field(&M::IDENTITY).finish()
    }
}

macro_rules! forward {
    ($($name:ident: $argument:ty, $value:ident => $with:expr;)+) => {$(
        fn $name<'a>(&'a self, db: &'a Db, $value: $argument) -> BoxFuture<'a, Result<()>> {
            async move { M::$name(db, $with).await }.boxed()
        }
    )+};
}

impl<M: Callbacks + Send> Lifecycle for Typed<M> {
    forward! {
        before_create: &'a mut Map<String, Json>, values => values;
        after_create: &'a Record, record => M::from_record(record.clone())?;
        before_update: &'a mut Map<String, Json>, values => values;
        after_update: &'a Record, record => M::from_record(record.clone())?;
        before_destroy: &'a Record, record => M::from_record(record.clone())?;
        after_destroy: &'a Record, record => M::from_record(record.clone())?;
    }
}
