//! What is known of a model at run time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::attribute::iden;
use super::coerce::coerce;
use super::statement::Texts;
use super::{Attribute, Filter, Lifecycle, SchemaBuilder, Value};
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
    pub(super) identity: Cow<'static, str>,
    pub(super) table: Cow<'static, str>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) by_name: HashMap<Cow<'static, str>, usize>,
    pub(super) primary_key: usize,
    pub(super) version: Option<usize>,
    pub(super) indexes: Vec<Index>,
    pub(super) scope: Option<Filter>,
    pub(super) lifecycle: Option<Arc<dyn Lifecycle>>,
    pub(super) datastore: Option<Cow<'static, str>>,
    pub(super) layout: Layout,
    /// The texts of its simplest statements.
    pub(super) texts: Texts,
    /// Names that were written but mean nothing, told when the app starts.
    pub(super) mistakes: Vec<String>,
}

/// An index over several attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The places of the attributes, the most telling first.
    pub attributes: Vec<usize>,
    /// Whether no two records have the same values in all of them.
    pub unique: bool,
}

impl Schema {
    /// Starts a schema. `identity` is the model's name in paths and events: lower case.
    pub fn builder(identity: impl Into<Cow<'static, str>>) -> SchemaBuilder {
        SchemaBuilder::new(identity.into())
    }

    /// The model's name in paths and events, such as `message`.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The datastore that holds it; unset, the one of `config/models.toml`.
    pub fn datastore(&self) -> Option<&str> {
        self.datastore.as_deref()
    }

    /// Every attribute, in the order in which they were declared.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The indexes over several attributes.
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The attribute at a place that this schema gave.
    #[expect(clippy::indexing_slicing, reason = "places are made by `index_of` and never by a client")]
    pub(crate) fn attribute_at(&self, place: usize) -> &Attribute {
        &self.attributes[place]
    }

    /// The attribute that tells records apart.
    pub fn primary_key(&self) -> &Attribute {
        self.attribute_at(self.primary_key)
    }

    /// The attribute with this JSON name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.index_of(name).map(|index| self.attribute_at(index))
    }

    /// The room that hears of changes of one record, as Sails names it.
    pub fn record_room(&self, id: &Value) -> String {
        format!("sails_model_{0}_{id}:{0}", self.identity)
    }

    /// The room that hears of new records, as Sails names it.
    pub fn class_room(&self) -> String {
        format!("sails_model_create_{}", self.identity)
    }

    /// The place of the attribute with this JSON name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The primary key that a path names.
    ///
    /// # Errors
    /// 400 when it is none the model could have.
    pub(crate) fn key(&self, text: &str) -> Result<Value> {
        self.key_from(&Json::from(text))
    }

    /// The primary key that `json` is.
    ///
    /// # Errors
    /// 400 when it is none the model could have.
    pub(crate) fn key_from(&self, json: &Json) -> Result<Value> {
        let key = self.primary_key();
        coerce(key.kind(), json).ok_or_else(|| {
            let (name, identity, kind) = (key.name(), &self.identity, key.kind());
            let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            Error::bad_request(format!("`{text}` is no {name} of `{identity}`: it is a {kind}"))
        })
    }

    pub(crate) fn primary_key_index(&self) -> usize {
        self.primary_key
    }

    /// The attribute that counts the changes of a record.
    pub(crate) fn version_index(&self) -> Option<usize> {
        self.version
    }

    /// What always holds of the records that queries see.
    pub(crate) fn scope(&self) -> Option<&Filter> {
        self.scope.as_ref()
    }

    pub(crate) fn lifecycle(&self) -> Option<&Arc<dyn Lifecycle>> {
        self.lifecycle.as_ref()
    }

    /// The attribute with the name, as clients see them: a private one is as good as absent.
    pub(crate) fn public(&self, name: &str) -> Option<(usize, &Attribute)> {
        let index = self.index_of(name)?;
        Some((index, self.attribute_at(index))).filter(|(_, attribute)| !attribute.is_private())
    }

    /// The attributes that have a column, with their places.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (usize, &Attribute)> {
        self.attributes.iter().enumerate().filter(|(_, attribute)| !attribute.is_collection())
    }

    /// The attributes a client may populate, with their places.
    pub(crate) fn populatable(&self) -> impl Iterator<Item = (usize, &Attribute)> {
        self.attributes.iter().enumerate().filter(|(_, attribute)| attribute.is_populatable())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn table_iden(&self) -> sea_query::DynIden {
        iden(self.table.clone())
    }
}
