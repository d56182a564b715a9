//! What the other side of an association is told when a reference changes.

use crate::models::association::Link;
use crate::models::{Change, Db, Record, Value};

/// What the owners are told when the reference at `place` of `record` has changed from `previous`.
pub(super) fn referred(
    db: &Db,
    record: &Record,
    place: usize,
    previous: &Value,
    origin: Option<&String>,
) -> Vec<Change> {
    let Some(Link::One { target, back: Some(back) }) = db.link(record.schema(), place) else {
        return Vec::new();
    };
    let now = record.at(place);
    if now == previous {
        return Vec::new();
    }
    let mut changes = Vec::new();
    if !now.is_null() {
        changes.push(Change::added(target, now.clone(), *back, record.id().clone(), origin));
    }
    if !previous.is_null() {
        changes.push(Change::removed(target, previous.clone(), *back, record.id().clone(), origin));
    }
    changes
}
