//! The OpenAPI 3.1 document of an app, made of its routes, models and blueprints.
//! See <https://spec.openapis.org/oas/v3.1.1.html>.
//!
//! What models take and answer is known whole; of an action's body only that there may be one. Private
//! attributes are nowhere in it. Socket events stand under `x-socket-events`.

mod answers;
mod attribute;
mod blueprint;
mod components;
mod operation;
mod parameters;
mod paths;
mod serve;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use attribute::{Object, object};
use components::{Components, Part};
use operation::Operations;
use paths::{Names, Template};
pub(crate) use serve::Document;

use crate::config::Config;
use crate::models::Schema;
use crate::routes::{Call, Doc, Routes};

/// What a document is about.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// The app's name.
    pub(crate) name: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) models: &'a [Arc<Schema>],
    /// With the blueprints' among them.
    pub(crate) routes: &'a Routes,
}

/// The methods a path of a document can have; others stand under `x-`.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document.
pub(crate) fn document(subject: &Subject<'_>) -> Json {
    let Subject { name, config, models, routes } = subject;
    let of_routes =
        routes.entries.iter().filter_map(|entry| entry.blueprint.as_ref().map(|route| &route.schema));
    let mut operations = Operations {
        components: Components::new(&config.blueprints, models.iter().chain(of_routes)),
        names: Names::default(),
        csrf: config.security.csrf,
    };
    let (paths, tags) = paths(&mut operations, routes);
    let events = events(&mut operations.components, routes);

    let mut info = object(json!({
        "title": config.openapi.title.as_deref().unwrap_or(name),
        "version": config.openapi.version,
    }));
    if let Some(description) = &config.openapi.description {
        info.insert("description".to_owned(), json!(description));
    }
    json!({
        "openapi": "3.1.1",
        "info": info,
        "servers": [{ "url": config.http.public_url.as_deref().unwrap_or("/") }],
        "tags": tags.iter().map(|tag| json!({ "name": tag })).collect::<Json>(),
        "paths": paths,
        "components": operations.components.into_json(),
        "x-socket-events": events,
    })
}

/// Every path with its operations, and the tags these stand under.
fn paths(operations: &mut Operations<'_>, routes: &Routes) -> (Object, Vec<String>) {
    let (mut paths, mut tags) = (Object::new(), Vec::new());
    // Paths that differ in the names of their parameters alone are one: those of the first hold.
    let mut shapes: HashMap<String, Vec<String>> = HashMap::new();
    for entry in &routes.entries {
        let mut template = Template::read(&entry.path);
        let names = template.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let names = shapes.entry(template.shape()).or_insert(names).clone();
        template.rename(&names);
        let path = paths.entry(template.text()).or_insert_with(|| json!({}));
        let method = entry.method.as_str().to_ascii_lowercase();
        let method = if METHODS.contains(&method.as_str()) { method } else { format!("x-{method}") };
        // The first route that fits answers.
        if path.get(&method).is_some() {
            continue;
        }
        let (operation, tag) = operations.operation(entry, &template);
        path[method] = operation;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    (paths, tags)
}

/// What sockets send and hear: the app's own events, and those about the records of its blueprints.
fn events(components: &mut Components<'_>, routes: &Routes) -> Json {
    let mut events = Vec::new();
    for namespace in &routes.namespaces {
        for entry in &namespace.calls {
            if let Call::Event(event) = &entry.call {
                events.push(heard(&namespace.name, event, &entry.doc));
            }
        }
    }
    let mut told: Vec<&str> = Vec::new();
    for route in routes.entries.iter().filter_map(|entry| entry.blueprint.as_ref()) {
        let identity = route.schema.identity();
        if !told.contains(&identity) {
            told.push(identity);
            events.push(json!({
                "event": identity,
                "from": "server",
                "summary": format!("A record of `{identity}` has changed"),
                "payload": components.part(&route.schema, Part::Event),
            }));
        }
    }
    Json::Array(events)
}

fn heard(namespace: &str, event: &str, doc: &Doc) -> Json {
    let mut heard = object(json!({ "event": event, "from": "client" }));
    if namespace != "/" {
        heard.insert("namespace".to_owned(), json!(namespace));
    }
    for (name, text) in [("summary", &doc.summary), ("description", &doc.description)] {
        if let Some(text) = text {
            heard.insert(name.to_owned(), json!(text));
        }
    }
    Json::Object(heard)
}

#[cfg(test)]
mod tests;
