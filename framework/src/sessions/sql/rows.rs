//! What goes into a row and comes out of it.

use sea_query::Value as Parameter;
use serde_json::{Map, Value as Json};

use crate::db::Value;
use crate::sessions::{Delta, Values};

pub(super) type Rows = Vec<Vec<Value>>;

pub(super) fn text(text: &str) -> Parameter {
    text.into()
}

/// The change as a merge patch: every value is JSON text, so a null can only mean a key that goes.
pub(super) fn patch(delta: &Delta) -> String {
    let set = delta.set.iter().map(|(key, text)| (key.clone(), Json::from(text.as_str())));
    let removed = delta.removed.iter().map(|key| (key.clone(), Json::Null));
    Json::Object(set.chain(removed).collect::<Map<_, _>>()).to_string()
}

pub(super) fn values(data: &str) -> Values {
    serde_json::from_str(data).unwrap_or_default()
}

pub(super) fn owned(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

pub(super) fn ids(rows: Rows) -> Vec<String> {
    rows.into_iter().flatten().filter_map(owned).collect()
}
