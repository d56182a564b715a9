//! Building a schema at run time.

use std::borrow::Cow;
use std::sync::Arc;

use super::statement::Texts;
use super::{Attribute, Auto, Filter, Index, Kind, Lifecycle, Schema};
use crate::db::Layout;

/// Builds a [`Schema`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct SchemaBuilder {
    identity: Cow<'static, str>,
    table: Cow<'static, str>,
    datastore: Option<Cow<'static, str>>,
    attributes: Vec<Attribute>,
    indexes: Vec<(Vec<String>, bool)>,
    scope: Option<Filter>,
    lifecycle: Option<Arc<dyn Lifecycle>>,
    lists: Vec<(&'static str, Vec<String>)>,
}

impl SchemaBuilder {
    pub(super) fn new(identity: Cow<'static, str>) -> Self {
        Self {
            table: identity.clone(),
            identity,
            datastore: None,
            attributes: Vec::new(),
            indexes: Vec::new(),
            scope: None,
            lifecycle: None,
            lists: Vec::new(),
        }
    }

    /// The table's name; the identity unless told otherwise.
    pub fn table(mut self, table: impl Into<Cow<'static, str>>) -> Self {
        self.table = table.into();
        self
    }

    /// The datastore of `config/datastores.toml` that holds the table; unset, the one of `config/models.toml`.
    /// Associations between datastores work, but the database can't check them.
    pub fn datastore(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.datastore = Some(name.into());
        self
    }

    /// Adds an attribute.
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// An index over several attributes, the most telling first.
    pub fn index<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.indexes.push((names.into_iter().map(Into::into).collect(), false));
        self
    }

    /// No two records have the same values in all of these attributes.
    pub fn unique<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.indexes.push((names.into_iter().map(Into::into).collect(), true));
        self
    }

    /// What holds of the records that queries see; the others are as if they were not there, unless a query is
    /// `unscoped`. Attributes are meant by their places.
    pub fn default_scope(mut self, scope: Filter) -> Self {
        self.scope = Some(scope);
        self
    }

    /// What runs around the writes of this model's records.
    pub fn lifecycle(mut self, lifecycle: impl Lifecycle + 'static) -> Self {
        self.lifecycle = Some(Arc::new(lifecycle));
        self
    }

    /// Clients see these attributes only; all that are not private unless told otherwise.
    pub fn readable<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.list("readable", names)
    }

    /// Clients set these attributes only.
    pub fn writable<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.list("writable", names)
    }

    /// Clients filter by these attributes only.
    pub fn filterable<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.list("filterable", names)
    }

    /// Clients sort by these attributes only.
    pub fn sortable<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.list("sortable", names)
    }

    /// Clients populate these associations only.
    pub fn populatable<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.list("populatable", names)
    }

    fn list<S: Into<String>>(mut self, what: &'static str, names: impl IntoIterator<Item = S>) -> Self {
        self.lists.push((what, names.into_iter().map(Into::into).collect()));
        self
    }

    /// The schema. What can be wrong with it is told when the app starts.
    pub fn build(mut self) -> Schema {
        let primary_key = self.attributes.iter().position(Attribute::is_primary_key).unwrap_or_else(|| {
            let id = Attribute::new("id", Kind::Integer).primary_key().auto(Auto::Increment);
            self.attributes.insert(0, id);
            0
        });
        let mut mistakes = Vec::new();
        for (what, names) in std::mem::take(&mut self.lists) {
            self.restrict(what, &names, &mut mistakes);
        }
        let by_name = self.attributes.iter().enumerate().map(|(i, a)| (Cow::Owned(a.name().to_owned()), i));
        let by_name: std::collections::HashMap<_, _> = by_name.collect();
        let mut indexes = Vec::new();
        for (names, unique) in self.indexes {
            let (known, unknown): (Vec<_>, Vec<_>) =
                names.into_iter().partition(|name| by_name.contains_key(name.as_str()));
            mistakes.extend(unknown.into_iter().map(|name| format!("an index names `{name}`")));
            indexes.push(Index {
                attributes: known.iter().filter_map(|name| by_name.get(name.as_str()).copied()).collect(),
                unique,
            });
        }
        let stored = self.attributes.iter().enumerate().filter(|(_, a)| !a.is_collection());
        let slots = stored.map(|(i, a)| (i, a.kind())).collect();
        Schema {
            primary_key,
            version: self.attributes.iter().position(Attribute::is_version),
            layout: Layout::new(self.attributes.len(), slots),
            texts: Texts::default(),
            by_name,
            indexes,
            scope: self.scope,
            lifecycle: self.lifecycle,
            datastore: self.datastore,
            identity: self.identity,
            table: self.table,
            attributes: self.attributes,
            mistakes,
        }
    }

    fn restrict(&mut self, what: &'static str, names: &[String], mistakes: &mut Vec<String>) {
        for name in names {
            if !self.attributes.iter().any(|attribute| attribute.name() == name) {
                mistakes.push(format!("`{what}` names `{name}`"));
            }
        }
        for attribute in &mut self.attributes {
            let listed = names.iter().any(|name| attribute.name() == name);
            let changed = attribute.clone();
            *attribute = match (what, listed) {
                ("writable", true) if !attribute.is_private() => changed.writable(),
                ("writable", false) => changed.read_only(),
                ("readable", false) if !attribute.is_primary_key() => changed.private(),
                ("filterable", false) => changed.not_filterable(),
                ("sortable", false) => changed.not_sortable(),
                ("populatable", false) => changed.not_populatable(),
                _ => changed,
            };
        }
    }
}
