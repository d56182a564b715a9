//! Models: what an app stores, known at run time by one [`Schema`] each.
//!
//! `#[derive(Model)]` makes a schema of a struct, with typed access beside it. Queries, validation, blueprints
//! and migrations read the schema, never the type.

mod attr;
mod attribute;
mod change;
mod coerce;
pub(crate) mod criteria;
pub(crate) mod crud;
mod field;
mod filter;
mod handle;
pub(crate) mod input;
pub(crate) mod migrate;
mod model;
pub(crate) mod once;
mod populate;
mod record;
mod reference;
mod registry;
mod schema;
mod statement;
mod timestamp;
mod validation;
mod where_json;

pub use attr::{Attr, Condition, Direction};
pub use attribute::{Association, Attribute, Auto};
pub use change::{Change, ChangeSink, Verb};
pub use criteria::{Criteria, Populate, Sort};
pub use field::{Field, Key, Slot, Slots};
pub use filter::{Filter, Test};
pub use handle::Db;
pub use model::{Create, Destroy, Find, FindOne, Model, Update};
pub use record::{Populated, Record};
pub use reference::{Many, Ref};
pub use regatta_macros::Model;
pub use schema::{Schema, SchemaBuilder};
pub use timestamp::Timestamp;
pub use validation::Validation;
pub use where_json::Bounds;
pub(crate) use where_json::refuse as refuse_criteria;

pub use crate::db::{Kind, Value};
#[doc(hidden)]
pub use serde;

#[cfg(test)]
pub(crate) mod tests;
