//! The parameters of blueprints.

use serde_json::{Value as Json, json};

use super::attribute::kind;
use super::components::{Components, Part};
use crate::models::{Attribute, Kind, Schema};

/// What a list of records takes, within the bounds of `config/blueprints.toml`.
pub(super) fn list(components: &mut Components<'_>, schema: &Schema) -> Vec<Json> {
    let config = components.config;
    let sortable = names(schema, Attribute::is_sortable).join(", ");
    let mut all = vec![
        condition(components, schema, false),
        parameter(
            "limit",
            "How many records at most; more than the maximum is cut to it.",
            json!({ "type": "integer", "minimum": 0, "maximum": config.max_limit, "default": config.default_limit }),
        ),
        parameter(
            "skip",
            "How many records to leave out first.",
            json!({ "type": "integer", "minimum": 0, "default": 0 }),
        ),
        parameter(
            "sort",
            &format!(
                "`name DESC`, several after commas, or JSON such as `{{\"name\": -1}}`. It sorts by {sortable}."
            ),
            json!({ "type": "string" }),
        ),
    ];
    all.extend(shape(schema));
    if schema.public("count").is_none() {
        let text =
            "Whether `X-Total-Count` and `Link` tell how many records there are and where the others are.";
        all.push(parameter("count", text, json!({ "type": "boolean", "default": false })));
    }
    if schema.public("after").is_none() {
        let text = "Pages by cursor: empty for the first one, then what the last answer's `Link` has.";
        all.push(parameter("after", text, json!({ "type": "string" })));
    }
    let taken: Vec<_> =
        all.iter().filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect();
    let filters = schema.attributes().iter();
    let filters = filters.filter(|attribute| attribute.is_filterable() && attribute.kind() != Kind::Json);
    all.extend(filters.filter(|attribute| !taken.iter().any(|name| name == attribute.name())).map(equals));
    all
}

/// Which attributes and associations an answer has.
pub(super) fn shape(schema: &Schema) -> Vec<Json> {
    let public = names(schema, |attribute| !attribute.is_private());
    let associations = names(schema, Attribute::is_populatable);
    let mut all = Vec::new();
    if !associations.is_empty() {
        let text = format!(
            "The associations to populate, such as `{}`; `false` for none. Paths such as `a.b` follow on, and JSON \
             gives criteria: `{{\"a\": {{\"limit\": 5}}}}`. Unset: all of the first level.",
            associations.join(",")
        );
        all.push(parameter("populate", &text, json!({ "type": "string" })));
    }
    let list = json!({ "type": "array", "items": { "enum": public } });
    let select =
        "Only these attributes and the primary key, although the record's schema requires the others.";
    for (name, text) in [("select", select), ("omit", "All attributes but these.")] {
        let mut parameter = parameter(name, text, list.clone());
        // `a,b`
        parameter["explode"] = json!(false);
        all.push(parameter);
    }
    all
}

/// `where`
pub(super) fn condition(components: &mut Components<'_>, schema: &Schema, required: bool) -> Json {
    json!({
        "name": "where",
        "in": "query",
        "required": required,
        "description": "Which records, as JSON.",
        "content": { "application/json": { "schema": components.part(schema, Part::Where) } },
    })
}

/// Only records whose attribute is this, or one of these.
fn equals(attribute: &Attribute) -> Json {
    let values = json!({ "type": "array", "items": kind(attribute.kind()) });
    parameter(attribute.name(), "Only records with this value; several times, with one of these.", values)
}

/// A parameter of the query.
pub(super) fn parameter(name: &str, description: &str, schema: Json) -> Json {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn names(schema: &Schema, wanted: impl Fn(&Attribute) -> bool) -> Vec<&str> {
    schema.attributes().iter().filter(|attribute| wanted(attribute)).map(Attribute::name).collect()
}
