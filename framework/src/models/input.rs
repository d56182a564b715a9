//! What someone wants to store, checked against the schema: every mistake is told at once.

use serde_json::{Map, Value as Json, json};

use super::coerce::coerce;
use super::{Attribute, Auto, Db, Kind, Schema, Timestamp, Value};
use crate::{Error, Result};

/// Values by the place of their attribute, in the order in which they were given.
pub(crate) type Assignments = Vec<(usize, Value)>;

/// One thing wrong with one attribute.
struct Failure {
    attribute: String,
    rule: &'static str,
    expected: Json,
    message: String,
}

/// What someone gives for a record, checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// The values of columns.
    pub(crate) values: Assignments,
    /// The members of collections, by their primary keys.
    pub(crate) members: Vec<(usize, Vec<Value>)>,
    /// The version the giver has seen.
    pub(crate) version: Option<i64>,
}

/// Leaves out what a client may not set.
pub(crate) fn admit(db: &Db, schema: &Schema, given: &mut Map<String, Json>) {
    given.retain(|name, _| schema.index_of(name).is_some_and(|place| db.is_writable(schema, place)));
}

/// The values of a new record. A client is told nothing of private attributes.
///
/// # Errors
/// 400 `E_INVALID_NEW_RECORD` with all failing attributes under `errors`; 500 when only private ones fail a client.
pub(crate) fn for_create(
    db: &Db,
    schema: &Schema,
    given: &Map<String, Json>,
    from_client: bool,
) -> Result<Given> {
    let mut failures = Vec::new();
    let mut given = assign(db, schema, given, &mut failures)?;
    let now = Timestamp::now();
    let mut slots: Vec<Option<Value>> = vec![None; schema.attributes().len()];
    for (index, value) in std::mem::take(&mut given.values) {
        if let Some(slot) = slots.get_mut(index) {
            *slot = Some(value);
        }
    }
    for ((index, attribute), value) in schema.attributes().iter().enumerate().zip(slots) {
        let value = match (value, attribute.automatic()) {
            (Some(value), _) => value,
            (None, Some(Auto::Increment)) => continue,
            (None, Some(_)) => attribute.automatic_value(now).unwrap_or_else(|| attribute.base_value()),
            (None, None) if attribute.is_collection() => continue,
            (None, None) if is_needed(attribute) => {
                // What was given but wrong has been told already.
                if !failures.iter().any(|failure| failure.attribute == attribute.name()) {
                    failures.push(missing(attribute.name(), attribute.kind()));
                }
                continue;
            }
            (None, None) => attribute.base_value(),
        };
        given.values.push((index, value));
    }
    if from_client {
        failures = presentable(schema, failures)?;
    }
    refuse("E_INVALID_NEW_RECORD", &failures)?;
    Ok(given)
}

/// The values to change in a record. A client is told nothing of private attributes.
///
/// # Errors
/// 400 `E_INVALID_VALUES_TO_SET` with all failing attributes under `errors`; 500 as [`for_create`].
pub(crate) fn for_update(
    db: &Db,
    schema: &Schema,
    given: &Map<String, Json>,
    from_client: bool,
) -> Result<Given> {
    let mut failures = Vec::new();
    let mut given = assign(db, schema, given, &mut failures)?;
    if from_client {
        failures = presentable(schema, failures)?;
    }
    refuse("E_INVALID_VALUES_TO_SET", &failures)?;
    if given.values.is_empty() {
        return Ok(given);
    }
    for (index, attribute) in schema.stored() {
        let untouched = given.values.iter().all(|(given, _)| *given != index);
        if attribute.automatic() == Some(Auto::UpdatedAt) && untouched {
            given.values.push((index, Value::Timestamp(Timestamp::now().as_millis())));
        }
    }
    Ok(given)
}

fn assign(db: &Db, schema: &Schema, given: &Map<String, Json>, failures: &mut Vec<Failure>) -> Result<Given> {
    let mut result = Given::default();
    for (name, json) in given {
        let Some(index) = schema.index_of(name) else { return Err(not_storable(schema, name)) };
        let attribute = schema.attribute_at(index);
        if let Some(link) = db.link(schema, index).filter(|_| attribute.is_collection()) {
            match members(link.target(), json) {
                Some(ids) => result.members.push((index, ids)),
                None => failures.push(not_members(name, link.target())),
            }
            continue;
        }
        match value(name, attribute, json, failures) {
            Some(Value::Integer(version)) if attribute.is_version() => result.version = Some(version),
            Some(value) => result.values.push((index, value)),
            None => {}
        }
    }
    Ok(result)
}

/// The value for one attribute; nothing when it is wrong, which is then among the failures.
fn value(name: &str, attribute: &Attribute, json: &Json, failures: &mut Vec<Failure>) -> Option<Value> {
    // An empty field of a form has no number to offer.
    let is_blank = json.as_str().is_some_and(str::is_empty) && attribute.kind() != Kind::Text;
    if json.is_null() || (is_blank && attribute.is_nullable()) {
        match (attribute.is_required(), attribute.is_nullable()) {
            (false, true) => return Some(Value::Null),
            (true, _) => failures.push(empty(name, attribute.kind(), "null")),
            (false, false) => failures.push(wrong_type(name, attribute.kind(), json)),
        }
        return None;
    }
    let Some(value) = coerce(attribute.kind(), json) else {
        failures.push(wrong_type(name, attribute.kind(), json));
        return None;
    };
    if attribute.is_required() && value == Value::Text(String::new()) {
        failures.push(empty(name, attribute.kind(), "'' (an empty string)"));
        return None;
    }
    let broken = attribute.validations().iter().filter(|rule| !rule.holds(&value));
    failures.extend(broken.map(|rule| Failure {
        attribute: name.to_owned(),
        rule: rule.name(),
        expected: rule.expected(),
        message: format!("`{name}` breaks the rule {}: {}.", rule.name(), rule.advice()),
    }));
    Some(value)
}

/// The primary keys of a list of ids, or of records that have them.
fn members(target: &Schema, json: &Json) -> Option<Vec<Value>> {
    let key = target.primary_key();
    let id = |json: &Json| match json {
        Json::Object(record) => coerce(key.kind(), record.get(key.name())?),
        json => coerce(key.kind(), json),
    };
    json.as_array()?.iter().map(id).collect()
}

fn not_members(name: &str, target: &Schema) -> Failure {
    let identity = target.identity();
    Failure {
        attribute: name.to_owned(),
        rule: "type",
        expected: json!("list"),
        message: format!("`{name}` must be a list of the primary keys of `{identity}`."),
    }
}

fn is_needed(attribute: &Attribute) -> bool {
    let needed = attribute.is_required() || attribute.is_primary_key();
    needed && attribute.default().is_none()
}

fn missing(name: &str, kind: Kind) -> Failure {
    Failure {
        attribute: name.to_owned(),
        rule: "required",
        expected: json!(true),
        message: format!(
            "Missing value for required attribute `{name}`.  Expected a {kind}, but instead, got: undefined"
        ),
    }
}

fn empty(name: &str, kind: Kind, got: &str) -> Failure {
    Failure {
        attribute: name.to_owned(),
        rule: "required",
        expected: json!(true),
        message: format!("Cannot use {got} for the required attribute `{name}`: send a {kind}."),
    }
}

fn wrong_type(name: &str, kind: Kind, json: &Json) -> Failure {
    let got = match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "another number",
        Json::String(text) if text.contains('\0') => "a string with a NUL in it",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    Failure {
        attribute: name.to_owned(),
        rule: "type",
        expected: json!(kind.to_string()),
        message: format!("`{name}` must be a {kind}, but is {got}."),
    }
}

/// Those a client can do something about: what is private only the app gives.
///
/// # Errors
/// 500 when there are only others.
fn presentable(schema: &Schema, failures: Vec<Failure>) -> Result<Vec<Failure>> {
    let is_private =
        |failure: &Failure| schema.attribute(&failure.attribute).is_some_and(Attribute::is_private);
    let (hidden, told): (Vec<_>, Vec<_>) = failures.into_iter().partition(is_private);
    let model = schema.identity();
    for failure in &hidden {
        tracing::error!(model, "{} Only the app can give it: set it in a callback.", failure.message);
    }
    if told.is_empty() && !hidden.is_empty() {
        return Err(Error::internal(format!("a record of `{model}` lacks what only the app can give")));
    }
    Ok(told)
}

fn refuse(code: &'static str, failures: &[Failure]) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let details: Vec<_> = failures.iter().map(|failure| failure.message.as_str()).collect();
    let mut errors = Map::new();
    for failure in failures {
        let told = json!({
            "rule": failure.rule,
            "expected": failure.expected,
            "message": failure.message,
        });
        if let Json::Array(list) = errors.entry(failure.attribute.clone()).or_insert_with(|| json!([])) {
            list.push(told);
        }
    }
    Err(invalid(code, &details.join("\n")).with("errors", errors))
}

/// The body Sails gives for values or criteria it can't use.
pub(crate) fn invalid(code: &'static str, details: &str) -> Error {
    let status = actix_web::http::StatusCode::BAD_REQUEST;
    let message = "The server could not fulfill this request due to a problem with the parameters that were sent.  \
                   See the `details` for more info.";
    Error::new(status, code, message).with("details", details)
}

/// A mistake in the app's own code, so it is no client's 400.
fn not_storable(schema: &Schema, name: &str) -> Error {
    let model = schema.identity();
    let known: Vec<_> = schema.attributes().iter().map(Attribute::name).collect();
    Error::internal(format!("`{model}` stores no `{name}`: it has {}", known.join(", ")))
}
