//! Models: what an app stores, known at run time by one [`Schema`] each.
//!
//! `#[derive(Model)]` makes a schema of a struct, with typed access beside it. Queries, validation, blueprints
//! and migrations read the schema, never the type.

mod aggregate;
mod archive;
mod association;
mod attr;
mod attribute;
mod builder;
mod bytes;
mod change;
mod coerce;
mod column;
pub(crate) mod criteria;
pub(crate) mod crud;
pub(crate) mod cursor;
mod field;
mod filter;
mod handle;
pub(crate) mod input;
mod lifecycle;
#[expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "before the first request, or a command of its own"
)]
pub(crate) mod migrate;
mod model;
pub(crate) mod once;
mod operand;
pub(crate) mod populate;
mod query;
mod record;
mod records;
mod reference;
mod registry;
mod schema;
mod statement;
mod timestamp;
mod transaction;
mod uuids;
mod validation;
mod where_json;

pub use aggregate::{Aggregate, Group};
pub use archive::{ARCHIVE, archive_schema};
pub use association::{Association, OnDelete};
pub use attr::{Attr, Condition, Direction};
pub use attribute::{Attribute, Auto};
pub use builder::SchemaBuilder;
pub use bytes::Bytes;
pub use change::{Change, ChangeSink, Verb};
pub use criteria::{Criteria, Populate, Sort};
pub use field::{Field, Key, Slot, Slots};
pub use filter::{Filter, Test};
pub use handle::Db;
pub(crate) use handle::Stores;
#[doc(hidden)]
pub use lifecycle::Typed;
pub use lifecycle::{Callbacks, Lifecycle};
pub use model::Model;
pub use query::{
    Create, CreateEach, Destroy, DestroyEach, Find, FindOne, GroupBy, Members, Page, Update, UpdateEach,
    Upsert,
};
pub use record::{Populated, Record};
pub use records::Records;
pub use reference::{Many, Ref};
pub use regatta_macros::Model;
pub use schema::{Index, Schema};
pub use timestamp::Timestamp;
pub use validation::{Check, Moment, Pattern, Validation};
pub use where_json::Bounds;
pub(crate) use where_json::refuse as refuse_criteria;

pub use rust_decimal::Decimal;
pub use uuid::Uuid;

pub use crate::db::{Date, Kind, NoDate, Value};
#[doc(hidden)]
pub use serde;

#[cfg(test)]
pub(crate) mod tests;
