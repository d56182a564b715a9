//! Records that are put away instead of removed for good.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::crud::{self, Write};
use super::{Attribute, Auto, Db, Filter, Kind, Record, Schema};
use crate::Result;

/// The model that holds what was archived; an app adds it with `App::archive`. Clients see nothing of it unless
/// it is given routes, and never what the records held.
pub const ARCHIVE: &str = "archive";

/// The schema of [`ARCHIVE`], as Sails has it: the record as JSON, whose it was, and when it was put away.
pub fn archive_schema() -> Arc<Schema> {
    Arc::new(
        Schema::builder(ARCHIVE)
            .attribute(Attribute::new("id", Kind::Integer).primary_key().auto(Auto::Increment))
            .attribute(Attribute::new("createdAt", Kind::Timestamp).auto(Auto::CreatedAt))
            .attribute(Attribute::new("fromModel", Kind::Text).required().read_only())
            .attribute(Attribute::new("originalRecord", Kind::Json).private())
            .attribute(Attribute::new("originalRecordId", Kind::Json).read_only())
            .build(),
    )
}

/// Removes the records the filter means and keeps a copy of each, private attributes included: both or neither.
///
/// # Errors
/// 500 when the app has no archive; else as destroying them.
pub(super) async fn archive(
    db: &Db,
    schema: &Arc<Schema>,
    filter: Filter,
    write: &Write,
) -> Result<Vec<Record>> {
    let archive = db.schema(ARCHIVE)?.clone();
    let atomic = db.atomic(schema).await?;
    let work = async {
        let gone = crud::destroy(atomic.db(), schema, filter, write).await?;
        let copies = gone.iter().map(copy).collect();
        crud::create_each(atomic.db(), &archive, copies, &Write::default()).await?;
        Ok(gone)
    };
    let outcome = work.await;
    atomic.end(outcome).await
}

fn copy(record: &Record) -> Map<String, Json> {
    let schema = record.schema();
    let values = schema.stored().map(|(place, attribute)| {
        let value = serde_json::to_value(record.at(place)).unwrap_or_default();
        (attribute.name().to_owned(), value)
    });
    let original = Json::Object(values.collect());
    Map::from_iter([
        ("fromModel".to_owned(), json!(schema.identity())),
        ("originalRecord".to_owned(), original),
        ("originalRecordId".to_owned(), json!(record.id())),
    ])
}
