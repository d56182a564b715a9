//! What is known of a model at run time.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::attribute::iden;
use super::coerce::coerce;
use super::{Association, Attribute, Auto, Kind, Value};
use crate::db::Layout;
use crate::{Error, Result};

/// A model: its attributes, associations and rules. `#[derive(Model)]` builds it, or an app does at run time.
///
/// ```
/// use regatta::models::{Attribute, Kind, Schema};
///
/// let pet = Schema::builder("pet")
///     .attribute(Attribute::new("name", Kind::Text).required())
///     .attribute(Attribute::model("owner", "person", Kind::Integer))
///     .build();
/// assert_eq!(pet.primary_key().name(), "id");
/// ```
#[derive(Debug)]
pub struct Schema {
    identity: Cow<'static, str>,
    table: Cow<'static, str>,
    attributes: Vec<Attribute>,
    by_name: HashMap<Cow<'static, str>, usize>,
    primary_key: usize,
    layout: Layout,
}

/// Builds a [`Schema`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct SchemaBuilder {
    identity: Cow<'static, str>,
    table: Cow<'static, str>,
    attributes: Vec<Attribute>,
}

impl SchemaBuilder {
    /// The table's name; the identity unless told otherwise.
    pub fn table(mut self, table: impl Into<Cow<'static, str>>) -> Self {
        self.table = table.into();
        self
    }

    /// Adds an attribute.
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// The schema. What can be wrong with it is told when the app starts.
    pub fn build(mut self) -> Schema {
        let primary_key = self.attributes.iter().position(Attribute::is_primary_key).unwrap_or_else(|| {
            let id = Attribute::new("id", Kind::Integer).primary_key().auto(Auto::Increment);
            self.attributes.insert(0, id);
            0
        });
        let by_name = self.attributes.iter().enumerate().map(|(i, a)| (Cow::Owned(a.name().to_owned()), i));
        let stored = self.attributes.iter().enumerate().filter(|(_, a)| !a.is_collection());
        let slots = stored.map(|(i, a)| (i, a.kind())).collect();
        Schema {
            by_name: by_name.collect(),
            primary_key,
            layout: Layout::new(self.attributes.len(), slots),
            identity: self.identity,
            table: self.table,
            attributes: self.attributes,
        }
    }
}

impl Schema {
    /// Starts a schema. `identity` is the model's name in paths and events: lower case.
    pub fn builder(identity: impl Into<Cow<'static, str>>) -> SchemaBuilder {
        let identity = identity.into();
        SchemaBuilder { table: identity.clone(), identity, attributes: Vec::new() }
    }

    /// The model's name in paths and events, such as `message`.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Every attribute, in the order in which they were declared.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The attribute that tells records apart.
    pub fn primary_key(&self) -> &Attribute {
        &self.attributes[self.primary_key]
    }

    /// The attribute with this JSON name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.index_of(name).map(|index| &self.attributes[index])
    }

    /// The room that hears of changes of one record, as Sails names it.
    pub fn record_room(&self, id: &Value) -> String {
        format!("sails_model_{0}_{id}:{0}", self.identity)
    }

    /// The room that hears of new records, as Sails names it.
    pub fn class_room(&self) -> String {
        format!("sails_model_create_{}", self.identity)
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The primary key that a path names.
    ///
    /// # Errors
    /// 400 when it is none the model could have.
    pub(crate) fn key(&self, text: &str) -> Result<Value> {
        let key = self.primary_key();
        coerce(key.kind(), &Json::from(text)).ok_or_else(|| {
            Error::bad_request(format!("`{text}` is no {} of `{}`: it is a {}", key.name(), self.identity, key.kind()))
        })
    }

    pub(crate) fn primary_key_index(&self) -> usize {
        self.primary_key
    }

    /// The attribute with the name, as clients see them: a private one is as good as absent.
    pub(crate) fn public(&self, name: &str) -> Option<(usize, &Attribute)> {
        let index = self.index_of(name)?;
        Some((index, &self.attributes[index])).filter(|(_, attribute)| !attribute.is_private())
    }

    /// The attributes that have a column, with their places.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (usize, &Attribute)> {
        self.attributes.iter().enumerate().filter(|(_, attribute)| !attribute.is_collection())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn table_iden(&self) -> sea_query::DynIden {
        iden(&self.table)
    }

    /// The association called `name`.
    ///
    /// # Errors
    /// 400 that names what can be populated.
    pub(crate) fn association(&self, name: &str) -> Result<(usize, &Association)> {
        let found = self.public(name);
        found.and_then(|(index, attribute)| attribute.association().map(|to| (index, to))).ok_or_else(|| {
            let known: Vec<_> = self.associations().map(|(_, a)| a.name()).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            Error::bad_request(format!(
                "`{}` has no association `{name}`: it can populate {known}",
                self.identity
            ))
        })
    }

    /// What clients may populate.
    pub(crate) fn associations(&self) -> impl Iterator<Item = (usize, &Attribute)> {
        let all = self.attributes.iter().enumerate();
        all.filter(|(_, attribute)| attribute.association().is_some() && !attribute.is_private())
    }
}
