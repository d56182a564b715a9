//! What is wrong with inputs, as clients are told: in the shape of a record that can't be stored.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::Error;

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    /// Empty when it is about the inputs as a whole.
    pub(super) field: String,
    pub(super) rule: &'static str,
    pub(super) expected: Value,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn missing(field: String) -> Self {
        let message = format!("`{field}` is missing: send it.");
        Self { field, rule: "required", expected: json!(true), message }
    }

    /// `reason` is serde's: `invalid type: string "x", expected u8`.
    pub(super) fn of_type(field: String, reason: &str) -> Self {
        let expected = reason.split_once(", expected ").map_or(reason, |(_, expected)| expected);
        let expected = expected.split(" at line ").next().unwrap_or_default();
        let message = format!("`{field}` can't be used: {}.", shortened(reason));
        Self { field, rule: "type", expected: json!(shortened(expected)), message }
    }

    pub(super) fn of_all(reason: &str) -> Self {
        Self { field: String::new(), rule: "type", expected: Value::Null, message: shortened(reason) }
    }
}

/// 400 with all of them.
pub(super) fn refuse(problems: &[Problem]) -> Error {
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let mut errors = Map::new();
    for Problem { field, rule, expected, message } in
        problems.iter().filter(|problem| !problem.field.is_empty())
    {
        let told = json!({ "rule": rule, "expected": expected, "message": message });
        if let Value::Array(list) = errors.entry(field.clone()).or_insert_with(|| json!([])) {
            list.push(told);
        }
    }
    let text = format!("the inputs can't be understood: {}", messages.join(" "));
    let error = Error::new(StatusCode::BAD_REQUEST, "E_MISSING_OR_INVALID_PARAMS", text);
    let error = error.with("problems", json!(messages));
    if errors.is_empty() { error } else { error.with("errors", errors) }
}

/// What a client sent comes back in part only.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}
