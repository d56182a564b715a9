//! The models of an app, and whether they fit together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::association::{Join, Link, OnDelete};
use super::{Association, Attribute, Kind, Schema};
use crate::{Error, Result};

/// The models of an app by identity.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    models: HashMap<String, Known>,
    in_order: Vec<Arc<Schema>>,
}

#[derive(Debug)]
struct Known {
    schema: Arc<Schema>,
    /// By the place of their attribute.
    links: Vec<Option<Link>>,
}

impl Registry {
    /// Collects the models, and makes the join models that many-to-many associations need.
    ///
    /// # Errors
    /// A model that is there twice, has two attributes of one name, or refers to what is not there; the
    /// message names both sides.
    pub(super) fn new(schemas: Vec<Arc<Schema>>) -> Result<Self> {
        let mut registry = Self::default();
        for schema in schemas {
            match registry.models.get(schema.identity()) {
                Some(known) if Arc::ptr_eq(&known.schema, &schema) => {}
                Some(_) => {
                    let identity = schema.identity();
                    return Err(wrong(format!("two models are called `{identity}`: rename one of them")));
                }
                None => registry.add(schema)?,
            }
        }
        for schema in registry.in_order.clone() {
            for attribute in schema.attributes() {
                registry.check_target(&schema, attribute)?;
            }
        }
        for schema in registry.in_order.clone() {
            let mut links = Vec::with_capacity(schema.attributes().len());
            for place in 0..schema.attributes().len() {
                links.push(registry.link(&schema, place)?);
            }
            if let Some(known) = registry.models.get_mut(schema.identity()) {
                known.links = links;
            }
        }
        // The join models made on the way have links too.
        for schema in registry.in_order.clone() {
            if registry.models.get(schema.identity()).is_some_and(|known| known.links.is_empty()) {
                let links = (0..schema.attributes().len()).map(|place| registry.link(&schema, place));
                let links = links.collect::<Result<_>>()?;
                if let Some(known) = registry.models.get_mut(schema.identity()) {
                    known.links = links;
                }
            }
        }
        Ok(registry)
    }

    fn add(&mut self, schema: Arc<Schema>) -> Result<()> {
        let table = schema.table();
        let is_taken =
            |other: &Arc<Schema>| other.table() == table && other.datastore() == schema.datastore();
        if self.in_order.iter().any(is_taken) {
            let identity = schema.identity();
            return Err(wrong(format!("two models use the table `{table}`: give `{identity}` its own")));
        }
        check_attributes(&schema)?;
        self.models.insert(schema.identity().to_owned(), Known { schema: schema.clone(), links: Vec::new() });
        self.in_order.push(schema);
        Ok(())
    }

    /// The model called `identity`.
    ///
    /// # Errors
    /// 500: the app does not name it among its models.
    pub(super) fn get(&self, identity: &str) -> Result<&Arc<Schema>> {
        self.models.get(identity).map(|known| &known.schema).ok_or_else(|| {
            wrong(format!(
                "the model `{identity}` is not part of the app: add it with `.model::<…>()` in `app()`"
            ))
        })
    }

    /// Both sides of the association at `place`; nothing for other attributes.
    pub(super) fn association(&self, schema: &Schema, place: usize) -> Option<&Link> {
        self.models.get(schema.identity())?.links.get(place)?.as_ref()
    }

    /// Every model, in the order the app named them; join models made here come last.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.in_order.iter()
    }

    fn check_target(&self, schema: &Schema, attribute: &Attribute) -> Result<()> {
        let here = format!("`{}.{}`", schema.identity(), attribute.name());
        let Some(association) = attribute.association() else { return Ok(()) };
        let through = match association {
            Association::Collection { through, .. } => through.as_deref(),
            Association::Model { .. } => None,
        };
        for identity in [association.identity()].into_iter().chain(through) {
            if !self.models.contains_key(identity) {
                return Err(wrong(format!(
                    "{here} refers to the model `{identity}`, which is not part of the app: add it with \
                     `.model::<…>()`"
                )));
            }
        }
        let target = self.get(association.identity())?;
        if !attribute.is_collection() && target.primary_key().kind() != attribute.kind() {
            let (have, want) = (attribute.kind(), target.primary_key().kind());
            let identity = target.identity();
            return Err(wrong(format!(
                "{here} is a {have}, but the primary key of `{identity}` is a {want}"
            )));
        }
        Ok(())
    }

    fn link(&mut self, schema: &Arc<Schema>, place: usize) -> Result<Option<Link>> {
        let attribute = schema.attribute_at(place);
        let Some(association) = attribute.association() else { return Ok(None) };
        let target = self.get(association.identity())?.clone();
        let link = match association {
            Association::Model { .. } => Link::One { back: back_along(schema, attribute, &target), target },
            Association::Collection { via: Some(via), through: Some(through), .. } => {
                self.join_through(schema, attribute, target, via, through)?
            }
            Association::Collection { via: Some(via), .. } => {
                self.collect_via(schema, attribute, target, via)?
            }
            Association::Collection { .. } => self.generate(schema, attribute, target, None)?,
        };
        Ok(Some(link))
    }

    fn collect_via(
        &mut self,
        schema: &Arc<Schema>,
        attribute: &Attribute,
        target: Arc<Schema>,
        via: &str,
    ) -> Result<Link> {
        let back = target.index_of(via).map(|place| (place, target.attribute_at(place)));
        match back.and_then(|(place, back)| Some((place, back.association()?))) {
            Some((place, Association::Model { identity })) if identity == schema.identity() => {
                Ok(Link::Many { target, via: place })
            }
            Some((place, Association::Collection { identity, via: Some(back), .. }))
                if identity == schema.identity() && back == attribute.name() =>
            {
                self.generate(schema, attribute, target, Some(place))
            }
            _ => Err(wrong(format!(
                "`{0}.{1}` is a collection via `{2}.{via}`, but that does not refer to `{0}`: give `{2}` an \
                 attribute `{via}` that does",
                schema.identity(),
                attribute.name(),
                target.identity()
            ))),
        }
    }

    fn join_through(
        &self,
        schema: &Arc<Schema>,
        attribute: &Attribute,
        target: Arc<Schema>,
        via: &str,
        through: &str,
    ) -> Result<Link> {
        let join = self.get(through)?.clone();
        if join.datastore() != target.datastore() {
            let identity = target.identity();
            return Err(wrong(format!(
                "`{through}` and `{identity}` are in two datastores: move `{through}`"
            )));
        }
        let here = join.index_of(via).filter(|&place| refers(&join, place, schema.identity()));
        let there = (0..join.attributes().len())
            .find(|&place| Some(place) != here && refers(&join, place, target.identity()));
        let (Some(here), Some(there)) = (here, there) else {
            return Err(wrong(format!(
                "`{0}.{1}` goes through `{through}`: give that model an attribute `{via}` that refers to `{0}`, and \
                 one that refers to `{2}`",
                schema.identity(),
                attribute.name(),
                target.identity()
            )));
        };
        let back = target.attributes().iter().position(|other| match other.association() {
            Some(Association::Collection { identity, via: Some(via), through: Some(other) }) => {
                identity == schema.identity() && other == through && join.index_of(via) == Some(there)
            }
            _ => false,
        });
        Ok(Link::Join(Join { target, join, here, there, back }))
    }

    /// The association by a join model that is made here, named as Sails names its table.
    fn generate(
        &mut self,
        schema: &Arc<Schema>,
        attribute: &Attribute,
        target: Arc<Schema>,
        back: Option<usize>,
    ) -> Result<Link> {
        let here = format!("{}_{}", schema.identity(), attribute.name());
        let there = match back {
            Some(back) => format!("{}_{}", target.identity(), target.attribute_at(back).name()),
            None => format!("{}_{}_{}", target.identity(), attribute.name(), schema.identity()),
        };
        if schema.datastore() != target.datastore() {
            return Err(wrong(format!(
                "`{}.{}` joins models of two datastores: give it a `through` model in one of them",
                schema.identity(),
                attribute.name()
            )));
        }
        if here == there {
            let (model, name) = (schema.identity(), attribute.name());
            return Err(wrong(format!(
                "`{model}.{name}` is via itself: give the other side a collection of its own"
            )));
        }
        // Both sides make the same table.
        let is_first = back.is_none() || here <= there;
        let name = if is_first { format!("{here}__{there}") } else { format!("{there}__{here}") };
        if !self.models.contains_key(&name) {
            let side = |name: &str, of: &Schema| {
                Attribute::model(name.to_owned(), of.identity().to_owned(), of.primary_key().kind())
                    .needed()
                    .on_delete(OnDelete::Cascade)
            };
            let (one, other) = (side(&here, schema), side(&there, &target));
            let mut join = Schema::builder(name.clone()).unique([here.clone(), there.clone()]);
            if let Some(datastore) = schema.datastore() {
                join = join.datastore(datastore.to_owned());
            }
            join = if is_first {
                join.attribute(one).attribute(other)
            } else {
                join.attribute(other).attribute(one)
            };
            self.add(Arc::new(join.build()))?;
        }
        let join = self.get(&name)?.clone();
        match (join.index_of(&here), join.index_of(&there)) {
            (Some(here), Some(there)) => Ok(Link::Join(Join { target, join, here, there, back })),
            _ => Err(wrong(format!("the model `{name}` is in the way of a table with that name: rename it"))),
        }
    }
}

/// Whether the attribute at `place` refers to one record of the model `identity`.
fn refers(schema: &Schema, place: usize, identity: &str) -> bool {
    let association = schema.attribute_at(place).association();
    matches!(association, Some(Association::Model { identity: target }) if target == identity)
}

/// The collection of `target` that goes back along a reference.
fn back_along(schema: &Schema, attribute: &Attribute, target: &Schema) -> Option<usize> {
    target.attributes().iter().position(|other| match other.association() {
        Some(Association::Collection { identity, via: Some(via), through: None }) => {
            identity == schema.identity() && via == attribute.name()
        }
        _ => false,
    })
}

fn check_attributes(schema: &Schema) -> Result<()> {
    let (mut names, mut columns) = (HashSet::new(), HashSet::new());
    let model = schema.identity();
    if let Some(mistake) = schema.mistakes.first() {
        return Err(wrong(format!("in the model `{model}` {mistake}, which is none of its attributes")));
    }
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
        if let Some(mistake) = attribute.mistake() {
            return Err(wrong(format!("`{model}.{name}`: {mistake}")));
        }
        if attribute.is_version() && attribute.kind() != Kind::Integer {
            return Err(wrong(format!("`{model}.{name}` counts versions: make it an i64")));
        }
    }
    let keys = schema.attributes().iter().filter(|attribute| attribute.is_primary_key()).count();
    if keys > 1 {
        return Err(wrong(format!("`{model}` has {keys} primary keys: one is enough")));
    }
    for index in schema.indexes() {
        if index.attributes.iter().any(|&place| schema.attribute_at(place).is_collection()) {
            return Err(wrong(format!("an index of `{model}` names a collection, which has no column")));
        }
    }
    Ok(())
}

/// A mistake in the app's own code, told when it starts.
fn wrong(message: String) -> Error {
    Error::internal(message)
}
