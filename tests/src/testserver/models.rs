//! Models in Sails' language as schemas.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use regatta::models::{Attribute, Auto, Kind, Schema};
use serde_json::{Map, Value, json};

use super::attributes;

/// Settings that change nothing here.
const IGNORED: [&str; 12] = [
    "archiveModelIdentity",
    "cascadeOnDestroy",
    "datastore",
    "description",
    "dontUseObjectIds",
    "friendlyName",
    "globalId",
    "identity",
    "migrate",
    "moreInfoUrl",
    "schema",
    "versionKey",
];

/// When a write answers with its records, as Sails' `fetchRecordsOn…`.
const FETCHES: [(&str, &str); 4] = [
    ("fetchRecordsOnCreate", "create"),
    ("fetchRecordsOnCreateEach", "createEach"),
    ("fetchRecordsOnUpdate", "update"),
    ("fetchRecordsOnDestroy", "destroy"),
];

/// The models of the app.
pub(super) struct Models {
    schemas: Vec<Arc<Schema>>,
    /// Model and method of the writes that answer with their records.
    fetches: HashSet<(String, &'static str)>,
}

impl Models {
    /// Reads the models by identity.
    pub(super) fn read(given: &Map<String, Value>) -> Result<Self, String> {
        let mut models: Vec<(String, Model)> = Vec::with_capacity(given.len());
        let mut keys = HashMap::new();
        for (identity, definition) in given {
            let identity = identity.to_lowercase();
            let model =
                Model::read(&identity, definition).map_err(|why| format!("models.{identity}: {why}"))?;
            keys.insert(identity.clone(), model.key_kind()?);
            models.push((identity, model));
        }
        let mut read = Self { schemas: Vec::with_capacity(models.len()), fetches: HashSet::new() };
        for (identity, model) in models {
            let fetches = model.fetches.iter().map(|method| (identity.clone(), *method));
            read.fetches.extend(fetches);
            let schema = model.schema(&identity, &keys).map_err(|why| format!("models.{identity}.{why}"))?;
            read.schemas.push(Arc::new(schema));
        }
        Ok(read)
    }

    pub(super) fn schemas(&self) -> &[Arc<Schema>] {
        &self.schemas
    }

    /// Whether this write answers with its records although nobody asks it to.
    pub(super) fn fetches(&self, model: &str, method: &str) -> bool {
        self.fetches.iter().any(|(known, write)| known == model && *write == method)
    }
}

/// A model as it was written, with what Sails adds.
struct Model {
    primary_key: String,
    table: Option<String>,
    fetches: Vec<&'static str>,
    /// In the order in which Sails writes them.
    attributes: Vec<(String, Map<String, Value>)>,
}

impl Model {
    fn read(identity: &str, definition: &Value) -> Result<Self, String> {
        let Value::Object(definition) = definition else { return Err("must be an object".to_owned()) };
        let mut model =
            Self { primary_key: "id".to_owned(), table: None, fetches: Vec::new(), attributes: Vec::new() };
        let mut own = Map::new();
        for (key, value) in definition {
            match (key.as_str(), value) {
                ("attributes", Value::Object(attributes)) => own.clone_from(attributes),
                ("primaryKey", Value::String(name)) => model.primary_key.clone_from(name),
                ("tableName", Value::String(name)) => model.table = Some(name.clone()),
                ("dataEncryptionKeys", Value::Object(keys)) if keys.is_empty() => {}
                (key, value) => match FETCHES.iter().find(|(name, _)| *name == key) {
                    Some((_, method)) if value == true => model.fetches.push(method),
                    Some(_) => {}
                    None if IGNORED.contains(&key) => {}
                    None => return Err(format!("`{key}` means nothing here")),
                },
            }
        }
        model.add(identity, own)?;
        Ok(model)
    }

    /// Sails' order: plural associations, what it adds by itself, own attributes, singular associations.
    fn add(&mut self, identity: &str, mut own: Map<String, Value>) -> Result<(), String> {
        let mut defaults = Map::new();
        defaults.insert("createdAt".to_owned(), json!({"type": "number", "autoCreatedAt": true}));
        defaults.insert("updatedAt".to_owned(), json!({"type": "number", "autoUpdatedAt": true}));
        if !own.contains_key(&self.primary_key) {
            let key = json!({"type": "number", "autoIncrement": true});
            defaults.insert(self.primary_key.clone(), key);
        }
        if own.contains_key("id") {
            // It has its place among the defaults whoever describes it.
            defaults.insert("id".to_owned(), Value::Null);
        }
        for (name, definition) in &mut defaults {
            if let Some(given) = own.shift_remove(name) {
                *definition = given;
            }
        }
        let (mut plural, mut plain, mut singular) = (Vec::new(), Vec::new(), Vec::new());
        for (name, definition) in defaults.into_iter().chain(own) {
            let keys = match definition {
                Value::Bool(false) => continue,
                Value::Object(keys) => keys,
                Value::String(kind) => Map::from_iter([("type".to_owned(), Value::String(kind))]),
                _ => return Err(format!("attributes.{name} must be an object")),
            };
            if keys.contains_key("collection") {
                plural.push((name, keys));
            } else if keys.contains_key("model") {
                singular.push((name, keys));
            } else {
                plain.push((name, keys));
            }
        }
        self.attributes = plural.into_iter().chain(plain).chain(singular).collect();
        if self.attributes.iter().all(|(name, _)| *name != self.primary_key) {
            return Err(format!("`{identity}` has no attribute `{}`, its primary key", self.primary_key));
        }
        Ok(())
    }

    fn key_kind(&self) -> Result<Kind, String> {
        let key = self.attributes.iter().find(|(name, _)| *name == self.primary_key);
        match key.and_then(|(_, keys)| keys.get("type")).and_then(Value::as_str) {
            Some("string") => Ok(Kind::Text),
            Some("number") => Ok(Kind::Integer),
            _ => Err(format!("the primary key `{}` must be a string or a number", self.primary_key)),
        }
    }

    fn schema(self, identity: &str, keys: &HashMap<String, Kind>) -> Result<Schema, String> {
        let mut schema = Schema::builder(identity.to_owned());
        if let Some(table) = self.table {
            schema = schema.table(table);
        }
        for (name, definition) in self.attributes {
            let is_key = name == self.primary_key;
            let attribute = attributes::read(&name, definition, keys, is_key);
            let attribute = attribute.map_err(|why| format!("attributes.{name}: {why}"))?;
            schema = schema.attribute(if is_key { as_key(attribute) } else { attribute });
        }
        Ok(schema.build())
    }
}

/// A key that does not count up is given by whoever makes the record.
fn as_key(attribute: Attribute) -> Attribute {
    let counts = attribute.automatic() == Some(Auto::Increment);
    let key = attribute.primary_key();
    if counts { key } else { key.writable() }
}
