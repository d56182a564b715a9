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

/// `$1` and so on as MySQL writes them: `?`, each with a parameter of its own in the order of the text.
pub(super) fn in_order(sql: &str, parameters: &[Parameter]) -> (String, Vec<Parameter>) {
    let (mut text, mut ordered) = (String::with_capacity(sql.len()), Vec::new());
    let mut pieces = sql.split('$');
    text.extend(pieces.next());
    for piece in pieces {
        let rest = piece.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let place: usize = piece.strip_suffix(rest).unwrap_or_default().parse().unwrap_or_default();
        ordered.extend(place.checked_sub(1).and_then(|place| parameters.get(place)).cloned());
        text.push('?');
        text.push_str(rest);
    }
    (text, ordered)
}
