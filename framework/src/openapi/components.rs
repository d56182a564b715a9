//! The document's shared parts: records, what clients send for them, and answers that refuse.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::attribute::{Object, allow_null, kind, object, sent, stored};
use super::paths::{Names, pascal};
use crate::config::BlueprintsConfig;
use crate::models::{Association, Attribute, Kind, Schema};

/// A part of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A record, as answers have it.
    Record,
    /// The values of a new record.
    New,
    /// The values to change in a record.
    Changes,
    /// A condition on records.
    Where,
    /// The data of an event about a record.
    Event,
}

/// What operations refer to, made when the first one does.
#[derive(Debug)]
pub(super) struct Components<'a> {
    pub(super) config: &'a BlueprintsConfig,
    models: HashMap<&'a str, &'a Arc<Schema>>,
    names: Names,
    known: HashMap<String, String>,
    schemas: Object,
    responses: Object,
}

impl<'a> Components<'a> {
    pub(super) fn new(config: &'a BlueprintsConfig, models: impl Iterator<Item = &'a Arc<Schema>>) -> Self {
        Self {
            config,
            models: models.map(|schema| (schema.identity(), schema)).collect(),
            names: Names::default(),
            known: HashMap::new(),
            schemas: Object::new(),
            responses: Object::new(),
        }
    }

    /// The model called `identity`.
    pub(super) fn model(&self, identity: &str) -> Option<&'a Arc<Schema>> {
        self.models.get(identity).copied()
    }

    /// A reference to a part of a model.
    pub(super) fn part(&mut self, schema: &Schema, part: Part) -> Json {
        let name = pascal(schema.identity());
        let name = match part {
            Part::Record => name,
            Part::New => format!("New{name}"),
            Part::Changes => format!("{name}Changes"),
            Part::Where => format!("{name}Where"),
            Part::Event => format!("{name}Event"),
        };
        self.schema(&format!("{} {part:?}", schema.identity()), &name, |components| match part {
            Part::Record => components.record(schema),
            Part::New => components.values(schema, true),
            Part::Changes => components.values(schema, false),
            Part::Where => components.condition(schema),
            Part::Event => components.event(schema),
        })
    }

    /// A reference to the schema that `build` makes when `key` is met first.
    pub(super) fn schema(&mut self, key: &str, name: &str, build: impl FnOnce(&mut Self) -> Json) -> Json {
        if let Some(name) = self.known.get(key) {
            return json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        let name = self.names.give(name);
        self.known.insert(key.to_owned(), name.clone());
        // Its place is kept, and a schema that refers to itself finds it.
        self.schemas.insert(name.clone(), Json::Null);
        let schema = build(self);
        self.schemas.insert(name.clone(), schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// A reference to an answer that `build` makes when it is met first.
    pub(super) fn response(&mut self, name: &str, build: impl FnOnce(&mut Self) -> Json) -> Json {
        if !self.responses.contains_key(name) {
            let response = build(self);
            self.responses.insert(name.to_owned(), response);
        }
        json!({ "$ref": format!("#/components/responses/{name}") })
    }

    pub(super) fn into_json(self) -> Json {
        json!({ "schemas": self.schemas, "responses": self.responses })
    }

    /// Whether a client may set the attribute. A collection is set through the references of its members.
    pub(super) fn is_writable(&self, attribute: &Attribute) -> bool {
        let through = match attribute.association() {
            Some(Association::Collection { identity, via: Some(via), through: None }) => {
                let other = self.model(identity).and_then(|target| target.attribute(via));
                other.is_none_or(|via| via.is_collection() || via.is_writable())
            }
            _ => true,
        };
        through && attribute.is_writable()
    }

    /// The primary key of the model that an association leads to.
    pub(super) fn key_of(&self, association: &Association) -> Json {
        let target = self.model(association.identity());
        target.map_or_else(|| json!({}), |target| Json::Object(kind(target.primary_key().kind())))
    }

    fn record(&mut self, schema: &Schema) -> Json {
        let (mut properties, mut required) = (Object::new(), Vec::new());
        for attribute in schema.attributes().iter().filter(|attribute| !attribute.is_private()) {
            let target = attribute.association().and_then(|to| self.model(to.identity()));
            let target = target.filter(|_| attribute.is_populatable());
            let target = target.map(|target| self.part(target, Part::Record));
            let shown = match (target, attribute.is_collection()) {
                (Some(target), true) => json!({ "type": "array", "items": target }),
                // What is not populated is not there.
                (None, true) => continue,
                (Some(target), false) => json!({ "oneOf": [stored(attribute), target] }),
                (None, false) => stored(attribute),
            };
            if !attribute.is_collection() {
                required.push(attribute.name());
            }
            properties.insert(attribute.name().to_owned(), shown);
        }
        json!({ "type": "object", "properties": properties, "required": required })
    }

    fn values(&mut self, schema: &Schema, is_new: bool) -> Json {
        let (mut properties, mut required) = (Object::new(), Vec::new());
        for attribute in schema.attributes().iter().filter(|attribute| self.is_writable(attribute)) {
            let name = attribute.name();
            if let (Some(association), true) = (attribute.association(), attribute.is_collection()) {
                let ids = json!({ "type": "array", "items": self.key_of(association) });
                properties.insert(name.to_owned(), ids);
                continue;
            }
            let mut value = sent(attribute);
            if is_new && let Some(default) = attribute.default() {
                value.insert("default".to_owned(), json!(default));
            }
            properties.insert(name.to_owned(), Json::Object(value));
            let is_key = attribute.is_primary_key() && attribute.automatic().is_none();
            if is_new && (attribute.is_required() || is_key) && attribute.default().is_none() {
                required.push(name);
            }
        }
        let mut values = object(json!({ "type": "object", "properties": properties }));
        if !required.is_empty() {
            values.insert("required".to_owned(), json!(required));
        }
        Json::Object(values)
    }

    /// See Sails' query language: <https://sailsjs.com/documentation/concepts/models-and-orm/query-language>.
    fn condition(&mut self, schema: &Schema) -> Json {
        let itself = self.part(schema, Part::Where);
        let most = self.config.max_conditions;
        let branches = json!({ "type": "array", "items": itself });
        let mut properties = object(json!({ "and": branches, "or": branches }));
        for attribute in schema.attributes().iter().filter(|attribute| attribute.is_filterable()) {
            let test = self.test(attribute.kind());
            properties.insert(attribute.name().to_owned(), test);
        }
        json!({
            "type": "object",
            "description": format!("At most {most} comparisons; `and` and `or` nested at most {} deep.", self.config.max_depth),
            "properties": properties,
            "additionalProperties": false,
        })
    }

    /// What a value of the kind is compared with.
    fn test(&mut self, of: Kind) -> Json {
        let most = self.config.max_list;
        self.schema(&format!("test {of:?}"), &format!("{of:?}Test"), |_| {
            if of == Kind::Json {
                return test(&json!({ "type": "null" }), &[], object(json!({ "!=": { "type": "null" } })));
            }
            let bound = kind(of);
            let mut value = bound.clone();
            allow_null(&mut value);
            let (value, list) = (json!(value), json!({ "type": "array", "items": value, "maxItems": most }));
            let mut operators = object(json!({
                "!=": { "anyOf": [value, list] }, "in": list, "nin": list,
                "<": bound, "<=": bound, ">": bound, ">=": bound,
            }));
            if of == Kind::Text {
                let parts = ["contains", "startsWith", "endsWith", "like"];
                operators.extend(parts.map(|part| (part.to_owned(), json!({ "type": "string" }))));
            }
            test(&value, &[list], operators)
        })
    }

    /// As Sails' resourceful pubsub sends them.
    fn event(&mut self, schema: &Schema) -> Json {
        let record = self.part(schema, Part::Record);
        let id = Json::Object(kind(schema.primary_key().kind()));
        let event = |verb: &str, more: Json| {
            let mut properties = object(json!({ "verb": { "const": verb }, "id": id }));
            let mut required = vec!["verb".to_owned(), "id".to_owned()];
            let more = object(more);
            required.extend(more.keys().filter(|name| verb != "updated" || *name != "previous").cloned());
            properties.extend(more);
            json!({ "type": "object", "properties": properties, "required": required })
        };
        let changed = json!({ "type": "object", "description": "The values that were set." });
        let mut all = vec![
            event("created", json!({ "data": record })),
            event("updated", json!({ "data": changed, "previous": record })),
            event("destroyed", json!({ "previous": record })),
        ];
        let collections = schema.attributes().iter().filter(|a| a.is_collection() && !a.is_private());
        for attribute in collections {
            let Some(association) = attribute.association() else { continue };
            let (member, name) = (self.key_of(association), json!({ "const": attribute.name() }));
            all.push(event("addedTo", json!({ "attribute": name, "addedId": member })));
            all.push(event("removedFrom", json!({ "attribute": name, "removedId": member })));
        }
        json!({ "oneOf": all })
    }
}

/// Equal to a value, one of a list, or as operators say.
fn test(value: &Json, list: &[Json], operators: Object) -> Json {
    let operators = json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": operators,
    });
    let all: Vec<_> = [value].into_iter().chain(list).chain([&operators]).collect();
    json!({ "anyOf": all })
}
