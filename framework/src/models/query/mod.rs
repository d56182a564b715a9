//! Queries over typed models: built step by step, run against a [`Db`](super::Db).

mod aggregates;
mod create;
mod destroy;
mod find;
mod members;
mod paths;
mod update;
mod writing;

pub use aggregates::GroupBy;
pub use create::{Create, CreateEach, Upsert};
pub use destroy::{Destroy, DestroyEach};
pub use find::{Find, FindOne, Page};
pub use members::Members;
pub(super) use paths::{Wanted, resolve};
pub use update::{Update, UpdateEach};
use writing::{Writing, writing};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Model, Record};
use crate::{Error, Result};

/// The values of a record: anything that serialises as an object with the model's JSON names.
fn to_map(values: &impl Serialize) -> Result<Map<String, Json>> {
    match serde_json::to_value(values)? {
        Json::Object(map) => Ok(map),
        other => Err(Error::internal(format!("the values of a record are an object, not `{other}`"))),
    }
}

fn typed<M: Model>(records: Vec<Record>) -> Result<Vec<M>> {
    records.into_iter().map(M::from_record).collect()
}
