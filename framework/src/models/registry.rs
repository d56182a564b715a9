//! The models of an app, and whether they fit together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Association, Attribute, Schema};
use crate::{Error, Result};

/// The models of an app by identity.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_identity: HashMap<String, Arc<Schema>>,
    in_order: Vec<Arc<Schema>>,
}

impl Registry {
    /// Collects the models.
    ///
    /// # Errors
    /// A model that is there twice, has two attributes of one name, or refers to what is not there; the
    /// message names both sides.
    pub(super) fn new(schemas: Vec<Arc<Schema>>) -> Result<Self> {
        let mut registry = Self::default();
        let mut tables = HashSet::new();
        for schema in schemas {
            let identity = schema.identity().to_owned();
            match registry.by_identity.get(&identity) {
                Some(known) if Arc::ptr_eq(known, &schema) => continue,
                Some(_) => {
                    return Err(wrong(format!("two models are called `{identity}`: rename one of them")));
                }
                None => {}
            }
            if !tables.insert(schema.table().to_owned()) {
                let table = schema.table();
                return Err(wrong(format!("two models use the table `{table}`: give `{identity}` its own")));
            }
            check_names(&schema)?;
            registry.by_identity.insert(identity, schema.clone());
            registry.in_order.push(schema);
        }
        for schema in &registry.in_order {
            for attribute in schema.attributes() {
                registry.check_association(schema, attribute)?;
            }
        }
        Ok(registry)
    }

    /// The model called `identity`.
    ///
    /// # Errors
    /// 500: the app does not name it among its models.
    pub(super) fn get(&self, identity: &str) -> Result<&Arc<Schema>> {
        self.by_identity.get(identity).ok_or_else(|| {
            wrong(format!(
                "the model `{identity}` is not part of the app: add it with `.model::<…>()` in `app()`"
            ))
        })
    }

    /// Every model, in the order the app named them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.in_order.iter()
    }

    fn check_association(&self, schema: &Schema, attribute: &Attribute) -> Result<()> {
        let here = format!("`{}.{}`", schema.identity(), attribute.name());
        let Some(association) = attribute.association() else { return Ok(()) };
        let identity = association.identity();
        let Some(target) = self.by_identity.get(identity) else {
            return Err(wrong(format!(
                "{here} refers to the model `{identity}`, which is not part of the app: add it with `.model::<…>()`"
            )));
        };
        match association {
            Association::Model { .. } if target.primary_key().kind() != attribute.kind() => {
                let (have, want) = (attribute.kind(), target.primary_key().kind());
                Err(wrong(format!("{here} is a {have}, but the primary key of `{identity}` is a {want}")))
            }
            Association::Model { .. } => Ok(()),
            Association::Collection { via, .. } => {
                let back = target.attribute(via).and_then(Attribute::association);
                match back {
                    Some(Association::Model { identity: back }) if back == schema.identity() => Ok(()),
                    _ => Err(wrong(format!(
                        "{here} is a collection via `{identity}.{via}`, but that does not refer to `{}`: give \
                         `{identity}` an attribute `{via}` that does",
                        schema.identity()
                    ))),
                }
            }
        }
    }
}

fn check_names(schema: &Schema) -> Result<()> {
    let (mut names, mut columns) = (HashSet::new(), HashSet::new());
    let model = schema.identity();
    for attribute in schema.attributes() {
        let name = attribute.name();
        if !names.insert(name) {
            return Err(wrong(format!("`{model}` has two attributes called `{name}`: rename one")));
        }
        if !attribute.is_collection() && !columns.insert(attribute.column_name()) {
            let column = attribute.column_name();
            return Err(wrong(format!(
                "two attributes of `{model}` use the column `{column}`: give `{name}` its own"
            )));
        }
    }
    let keys = schema.attributes().iter().filter(|attribute| attribute.is_primary_key()).count();
    if keys > 1 {
        return Err(wrong(format!("`{model}` has {keys} primary keys: one is enough")));
    }
    Ok(())
}

/// A mistake in the app's own code, told when it starts.
fn wrong(message: String) -> Error {
    Error::internal(message)
}
