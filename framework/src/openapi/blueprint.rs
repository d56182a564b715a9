//! What the blueprints of a model take and answer.

use actix_web::http::Method;
use serde_json::{Value as Json, json};

use super::answers::Problem;
use super::attribute::kind;
use super::components::{Components, Part};
use super::parameters::{condition, list, parameter, shape};
use crate::models::Schema;
use crate::routes::{BlueprintRoute, Entry, Operation};

/// The parts of an operation that its blueprint decides.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) summary: String,
    /// Without those of the path.
    pub(super) parameters: Vec<Json>,
    pub(super) body: Option<Json>,
    pub(super) answer: Json,
    /// The answer's headers.
    pub(super) headers: Option<Json>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn describe(components: &mut Components<'_>, entry: &Entry, route: &BlueprintRoute) -> Described {
    let schema = &*route.schema;
    let name = schema.identity();
    let record = components.part(schema, Part::Record);
    let is_one = entry.path.contains("{id}");
    let related = related(components, route);
    let association = related.as_ref().map(|(name, ..)| name.as_str()).unwrap_or_default();
    let mut described = Described {
        summary: summary(route.operation, name, association, is_one),
        parameters: Vec::new(),
        body: None,
        answer: record.clone(),
        headers: None,
        problems: vec![Problem::Criteria, Problem::Unavailable],
    };
    match route.operation {
        Operation::Find => {
            described.parameters = list(components, schema);
            described.answer = list_of(&record);
            described.headers = Some(page_headers());
        }
        Operation::FindOne => {
            described.parameters = shape(schema);
            described.problems.push(Problem::NotFound);
        }
        Operation::Create => {
            let values = components.part(schema, Part::New);
            described.takes(components, entry, values, schema);
            if components.config.batch && entry.method != Method::GET {
                described.or_several();
            }
        }
        Operation::Update => {
            let values = components.part(schema, Part::Changes);
            described.takes(components, entry, values, schema);
            if is_one {
                described.problems.push(Problem::NotFound);
            } else {
                described.parameters.extend(which(components, schema));
                described.answer = list_of(&record);
            }
        }
        Operation::Destroy => {
            described.problems.extend([Problem::Conflict, Problem::NotFound]);
            if !is_one {
                described.parameters = which(components, schema);
                if components.config.batch {
                    described.answer = json!({ "oneOf": [record, list_of(&record)] });
                }
            }
        }
        Operation::Populate => {
            described.problems.push(Problem::NotFound);
            if let Some((_, target, is_collection)) = related {
                described.parameters = list(components, target);
                // What a list has beside its records, this one has not.
                described
                    .parameters
                    .retain(|parameter| parameter["name"] != "count" && parameter["name"] != "after");
                let member = components.part(target, Part::Record);
                described.answer = if is_collection { list_of(&member) } else { member };
            }
        }
        Operation::Add | Operation::Remove => {
            described.problems.extend([Problem::Conflict, Problem::NotFound]);
        }
        Operation::Replace => {
            described.problems.extend([Problem::Conflict, Problem::NotFound]);
            if let Some((name, target, _)) = related {
                let ids = json!({
                    "type": "array",
                    "items": kind(target.primary_key().kind()),
                    "maxItems": components.config.max_list,
                });
                if entry.method == Method::GET {
                    let ids = json!({ "application/json": { "schema": ids } });
                    described
                        .parameters
                        .push(json!({ "name": name, "in": "query", "required": true, "content": ids }));
                } else {
                    described.body = Some(ids);
                }
            }
        }
    }
    described
}

impl Described {
    /// Takes values: in the body, or for shortcuts in the query.
    fn takes(&mut self, components: &Components<'_>, entry: &Entry, values: Json, schema: &Schema) {
        self.problems.retain(|problem| *problem != Problem::Criteria);
        self.problems.extend([Problem::Values, Problem::Conflict]);
        if entry.method != Method::GET {
            self.body = Some(values);
            return;
        }
        let writable = schema.attributes().iter().filter(|attribute| components.is_writable(attribute));
        let value = |attribute: &crate::models::Attribute| match attribute.is_collection() {
            true => parameter(attribute.name(), "Primary keys, as JSON.", json!({ "type": "string" })),
            false => parameter(attribute.name(), "The value to store.", Json::Object(kind(attribute.kind()))),
        };
        self.parameters.extend(writable.map(value));
    }

    /// One or, as a list, several at once.
    fn or_several(&mut self) {
        if let Some(one) = self.body.take() {
            self.body = Some(json!({ "oneOf": [one, list_of(&one)] }));
        }
        self.answer = json!({ "oneOf": [self.answer, list_of(&self.answer)] });
    }
}

/// The association of the route: its name, the model it leads to, and whether it is a collection.
fn related<'a>(components: &Components<'a>, route: &BlueprintRoute) -> Option<(String, &'a Schema, bool)> {
    let attribute = route.schema.attributes().get(route.association?)?;
    let target = components.model(attribute.association()?.identity())?;
    Some((attribute.name().to_owned(), target, attribute.is_collection()))
}

/// Which records a request without one in its path is about.
fn which(components: &mut Components<'_>, schema: &Schema) -> Vec<Json> {
    let key = schema.primary_key();
    let batch = components.config.batch;
    let mut id = parameter(key.name(), "The record.", Json::Object(kind(key.kind())));
    id["required"] = json!(!batch);
    let several = batch.then(|| condition(components, schema, false));
    [id].into_iter().chain(several).collect()
}

fn summary(operation: Operation, model: &str, association: &str, is_one: bool) -> String {
    match operation {
        Operation::Find => format!("List records of `{model}`"),
        Operation::FindOne => format!("Read a record of `{model}`"),
        Operation::Create => format!("Create a record of `{model}`"),
        Operation::Update if is_one => format!("Change a record of `{model}`"),
        Operation::Update => format!("Change records of `{model}`"),
        Operation::Destroy if is_one => format!("Remove a record of `{model}`"),
        Operation::Destroy => format!("Remove records of `{model}`"),
        Operation::Populate => format!("Read the `{association}` of a record of `{model}`"),
        Operation::Add => format!("Add to the `{association}` of a record of `{model}`"),
        Operation::Remove => format!("Remove from the `{association}` of a record of `{model}`"),
        Operation::Replace => format!("Replace the `{association}` of a record of `{model}`"),
    }
}

fn list_of(record: &Json) -> Json {
    json!({ "type": "array", "items": record })
}

fn page_headers() -> Json {
    json!({
        "X-Total-Count": {
            "description": "How many records there are in all, when `count` asks.",
            "schema": { "type": "integer" },
        },
        "Link": { "description": "Where the other pages are (RFC 8288).", "schema": { "type": "string" } },
    })
}
