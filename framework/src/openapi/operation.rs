//! One route as an OpenAPI operation.

use actix_web::http::Method;
use serde_json::{Value as Json, json};

use super::answers::Problem;
use super::attribute::{Object, kind, object};
use super::blueprint::{self, Described};
use super::components::Components;
use super::paths::{Names, Parameter, Template, camel, words};
use crate::routes::{BlueprintRoute, Entry, Operation};

/// Makes the operations of one document.
#[derive(Debug)]
pub(super) struct Operations<'a> {
    pub(super) components: Components<'a>,
    pub(super) names: Names,
    /// Whether a request that changes something may be refused for where it comes from.
    pub(super) csrf: bool,
}

impl Operations<'_> {
    /// The operation, and the tag it stands under.
    pub(super) fn operation(&mut self, entry: &Entry, template: &Template) -> (Json, String) {
        let described =
            entry.blueprint.as_ref().map(|route| blueprint::describe(&mut self.components, entry, route));
        let tag = match &entry.blueprint {
            Some(route) => route.schema.identity().to_owned(),
            None => entry.name.rsplit_once("::").map_or("app", |(module, _)| module).to_owned(),
        };
        let summary =
            described.as_ref().map_or_else(|| words(&entry.name), |described| described.summary.clone());
        let mut operation = object(json!({
            "operationId": self.name(entry),
            "summary": entry.doc.summary.as_ref().unwrap_or(&summary),
            "tags": [tag],
        }));
        if let Some(description) = &entry.doc.description {
            operation.insert("description".to_owned(), json!(description));
        }
        let mut parameters = self.in_path(entry, template);
        parameters.extend(described.iter().flat_map(|described| described.parameters.clone()));
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), json!(parameters));
        }
        if let Some(body) = body(entry, described.as_ref()) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), Json::Object(self.responses(entry, described.as_ref())));
        if entry.blueprint.is_some() && entry.method == Method::PUT && entry.path.ends_with("{id}") {
            operation.insert("deprecated".to_owned(), json!(true));
        }
        (Json::Object(operation), tag)
    }

    /// A name for programs, unique in the document: `messageFindOne`, `accountChooseName`.
    fn name(&mut self, entry: &Entry) -> String {
        let Some(route) = &entry.blueprint else { return self.names.give(&camel(&entry.name)) };
        let (model, operation) = (route.schema.identity(), route.operation);
        let attribute = route.association.and_then(|place| route.schema.attributes().get(place));
        let attribute = attribute.map_or("", |attribute| attribute.name());
        let changes_one = entry.path.contains("{id}");
        let which = match operation {
            _ if is_shortcut(entry, operation) => "shortcut",
            Operation::Update if entry.method == Method::PUT => "put",
            Operation::Update | Operation::Destroy if !changes_one => "many",
            _ => "",
        };
        self.names.give(&camel(&format!("{model} {} {attribute} {which}", operation.name())))
    }

    fn in_path(&self, entry: &Entry, template: &Template) -> Vec<Json> {
        let parameter = |parameter: &Parameter| {
            let Parameter { name, own, pattern } = parameter;
            let schema = match (key(&self.components, entry.blueprint.as_ref(), own), pattern) {
                (Some(key), _) => Json::Object(key),
                (None, Some(pattern)) => json!({ "type": "string", "pattern": pattern }),
                (None, None) => json!({ "type": "string" }),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        };
        template.parameters.iter().map(parameter).collect()
    }

    fn responses(&mut self, entry: &Entry, described: Option<&Described>) -> Object {
        let mut responses = Object::new();
        let mut problems = Vec::new();
        match described {
            Some(described) => {
                let mut good = json!({
                    "description": "Done.",
                    "content": { "application/json": { "schema": described.answer } },
                });
                if let Some(headers) = &described.headers {
                    good["headers"] = headers.clone();
                }
                responses.insert("200".to_owned(), good);
                problems.extend(&described.problems);
            }
            None => {
                responses.insert("default".to_owned(), json!({ "description": "What the action answers." }));
            }
        }
        let changes = entry
            .blueprint
            .as_ref()
            .map_or_else(|| !is_safe(&entry.method), |route| route.operation.writes());
        if !entry.guards.is_empty() {
            problems.push(Problem::Unauthorized);
        }
        if !entry.guards.is_empty() || (self.csrf && changes) {
            problems.push(Problem::Forbidden);
        }
        problems.sort_unstable();
        for problem in problems {
            let answer = problem.answer(&mut self.components);
            responses.insert(problem.status().to_owned(), answer);
        }
        responses
    }
}

/// Whether it is a route for a browser's address line.
fn is_shortcut(entry: &Entry, operation: Operation) -> bool {
    let reads = || entry.path.ends_with("/find") || entry.path.ends_with("/find/{id}");
    entry.method == Method::GET && (operation.writes() || (operation != Operation::Populate && reads()))
}

/// The kind of a primary key in a blueprint's path.
fn key(components: &Components<'_>, route: Option<&BlueprintRoute>, parameter: &str) -> Option<Object> {
    let route = route?;
    match parameter {
        "id" => Some(kind(route.schema.primary_key().kind())),
        "member" => {
            let attribute = route.schema.attributes().get(route.association?)?;
            let target = components.model(attribute.association()?.identity())?;
            Some(kind(target.primary_key().kind()))
        }
        _ => None,
    }
}

/// What an action takes only its code knows: anything, as JSON or a form.
fn body(entry: &Entry, described: Option<&Described>) -> Option<Json> {
    match described {
        Some(described) => described.body.as_ref().map(
            |schema| json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        ),
        None if matches!(entry.method, Method::POST | Method::PUT | Method::PATCH) => Some(json!({
            "content": { "application/json": { "schema": {} }, "application/x-www-form-urlencoded": { "schema": {} } }
        })),
        None => None,
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}
