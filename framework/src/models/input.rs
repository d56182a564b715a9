//! What someone wants to store, checked against the schema: every mistake is told at once.

use serde_json::{Map, Value as Json, json};

use super::coerce::coerce;
use super::{Auto, Kind, Schema, Timestamp, Value};
use crate::{Error, Result};

/// Values by the place of their attribute, in the order in which they were given.
pub(crate) type Assignments = Vec<(usize, Value)>;

/// Who gives the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Giver {
    /// The app's own code: may set every attribute; a name the model lacks is its mistake.
    App,
    /// A client: what it may not set is left out.
    Client,
}

/// One thing wrong with one attribute.
struct Failure {
    attribute: String,
    rule: &'static str,
    expected: Json,
    message: String,
}

/// The values of a new record.
///
/// # Errors
/// 400 `E_INVALID_NEW_RECORD` with all failing attributes under `errors`.
pub(crate) fn for_create(schema: &Schema, given: &Map<String, Json>, giver: Giver) -> Result<Assignments> {
    let mut failures = Vec::new();
    let given = assign(schema, given, giver, &mut failures)?;
    let now = Timestamp::now();
    let mut slots: Vec<Option<Value>> = vec![None; schema.attributes().len()];
    for (index, value) in given {
        slots[index] = Some(value);
    }
    let mut values = Vec::with_capacity(slots.len());
    for ((index, attribute), value) in schema.attributes().iter().enumerate().zip(slots) {
        let value = match (value, attribute.automatic()) {
            (Some(value), _) => value,
            (None, Some(Auto::Increment)) => continue,
            (None, Some(Auto::CreatedAt | Auto::UpdatedAt)) => Value::Timestamp(now.as_millis()),
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
        values.push((index, value));
    }
    refuse("E_INVALID_NEW_RECORD", &failures)?;
    Ok(values)
}

/// The values to change in a record.
///
/// # Errors
/// 400 `E_INVALID_VALUES_TO_SET` with all failing attributes under `errors`.
pub(crate) fn for_update(schema: &Schema, given: &Map<String, Json>, giver: Giver) -> Result<Assignments> {
    let mut failures = Vec::new();
    let mut values = assign(schema, given, giver, &mut failures)?;
    refuse("E_INVALID_VALUES_TO_SET", &failures)?;
    for (index, attribute) in schema.stored() {
        let untouched = values.iter().all(|(given, _)| *given != index);
        if attribute.automatic() == Some(Auto::UpdatedAt) && untouched {
            values.push((index, Value::Timestamp(Timestamp::now().as_millis())));
        }
    }
    Ok(values)
}

fn assign(
    schema: &Schema,
    given: &Map<String, Json>,
    giver: Giver,
    failures: &mut Vec<Failure>,
) -> Result<Assignments> {
    let mut values = Vec::with_capacity(given.len());
    for (name, json) in given {
        let found = schema.index_of(name).map(|index| (index, &schema.attributes()[index]));
        let (index, attribute) = match (found, giver) {
            (Some((index, attribute)), Giver::Client) if attribute.is_writable() => (index, attribute),
            (_, Giver::Client) => continue,
            (Some((index, attribute)), Giver::App) if !attribute.is_collection() => (index, attribute),
            (_, Giver::App) => return Err(not_storable(schema, name)),
        };
        // An empty field of a form has no number to offer.
        let is_blank = json.as_str().is_some_and(str::is_empty) && attribute.kind() != Kind::Text;
        if json.is_null() || (is_blank && attribute.is_nullable()) {
            match (attribute.is_required(), attribute.is_nullable()) {
                (false, true) => values.push((index, Value::Null)),
                (true, _) => failures.push(empty(name, attribute.kind(), "null")),
                (false, false) => failures.push(wrong_type(name, attribute.kind(), json)),
            }
            continue;
        }
        let Some(value) = coerce(attribute.kind(), json) else {
            failures.push(wrong_type(name, attribute.kind(), json));
            continue;
        };
        if attribute.is_required() && value == Value::Text(String::new()) {
            failures.push(empty(name, attribute.kind(), "'' (an empty string)"));
            continue;
        }
        let broken = attribute.validations().iter().filter(|rule| !rule.holds(&value));
        failures.extend(broken.map(|rule| Failure {
            attribute: name.clone(),
            rule: rule.name(),
            expected: rule.expected(),
            message: format!("`{name}` breaks the rule {}: {}.", rule.name(), rule.advice()),
        }));
        values.push((index, value));
    }
    Ok(values)
}

fn is_needed(attribute: &super::Attribute) -> bool {
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
    let known: Vec<_> = schema.stored().map(|(_, attribute)| attribute.name()).collect();
    Error::internal(format!("`{model}` stores no `{name}`: it has {}", known.join(", ")))
}
