//! Answers that refuse, the same in every operation.

use serde_json::{Value as Json, json};

use super::components::Components;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Problem {
    /// Criteria that can't be used.
    Criteria,
    /// Values that can't be stored.
    Values,
    /// Nobody is logged in.
    Unauthorized,
    /// Whoever asks may not do this.
    Forbidden,
    /// There is no such record.
    NotFound,
    /// It clashes with what is stored.
    Conflict,
    /// Something the request needs is away.
    Unavailable,
}

impl Problem {
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Criteria | Self::Values => "400",
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::Conflict => "409",
            Self::Unavailable => "503",
        }
    }

    /// A reference to the answer.
    pub(super) fn answer(self, components: &mut Components<'_>) -> Json {
        match self {
            Self::NotFound => components.response("NotFound", |_| {
                let text = json!({ "schema": { "type": "string", "const": "Not Found" } });
                json!({ "description": "There is no such record.", "content": { "text/plain": text } })
            }),
            Self::Values => components.response("BadValues", |components| {
                let schema = refused_values(components);
                answer(
                    "The values can't be stored: `errors` says what is wrong with each attribute.",
                    &schema,
                )
            }),
            Self::Criteria => {
                plain(components, "BadRequest", "The parameters can't be used: `details` says why.")
            }
            Self::Unauthorized => plain(components, "Unauthorized", "Nobody is logged in."),
            Self::Forbidden => plain(components, "Forbidden", "Whoever asks may not do this."),
            Self::Conflict => plain(components, "Conflict", "The request clashes with what is stored."),
            Self::Unavailable => components.response("Unavailable", |components| {
                let schema = error(components);
                let mut answer = answer("Something the request needs is away at the moment.", &schema);
                answer["headers"] = json!({
                    "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer" } }
                });
                answer
            }),
        }
    }
}

fn plain(components: &mut Components<'_>, name: &str, description: &str) -> Json {
    components.response(name, |components| answer(description, &error(components)))
}

fn answer(description: &str, schema: &Json) -> Json {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn error(components: &mut Components<'_>) -> Json {
    components.schema("the error", "Error", |_| {
        json!({
            "type": "object",
            "properties": {
                "code": { "type": "string", "description": "For programs, such as `E_FORBIDDEN`." },
                "message": { "type": "string", "description": "For people." },
                "details": { "type": "string", "description": "What exactly is wrong." },
            },
            "required": ["code", "message"],
        })
    })
}

fn refused_values(components: &mut Components<'_>) -> Json {
    let error = error(components);
    components.schema("the refused values", "ValuesError", |_| {
        let failure = json!({
            "type": "object",
            "properties": {
                "rule": { "type": "string", "description": "The rule that is broken, such as `maxLength`." },
                "expected": { "description": "What the rule compares with." },
                "message": { "type": "string" },
            },
            "required": ["rule", "expected", "message"],
        });
        json!({
            "allOf": [error],
            "type": "object",
            "properties": {
                "errors": {
                    "type": "object",
                    "description": "Every broken rule, by attribute.",
                    "additionalProperties": { "type": "array", "items": failure },
                },
                "modelIdentity": { "type": "string", "description": "The model, when a unique value exists already." },
                "attrNames": { "type": "array", "items": { "type": "string" }, "description": "The attributes whose values exist already." },
            },
        })
    })
}
