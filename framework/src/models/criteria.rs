//! Which records, how many of them, in which order, and with what.

use std::sync::Arc;

use serde_json::Value as Json;

use super::where_json::refuse;
use super::{Filter, Schema};
use crate::Result;

/// What a query asks for.
#[derive(Debug, Clone)]
pub struct Criteria {
    /// Which records.
    pub filter: Filter,
    /// In which order; records that are alike come in the order of their primary keys.
    pub sort: Vec<Sort>,
    /// At most so many; of a populated collection, for each owner.
    pub limit: Option<u64>,
    /// Without the first so many.
    pub skip: u64,
    /// Only these attributes, by place; all when unset. The primary key is always among them.
    pub select: Option<Arc<[usize]>>,
    /// With what their associations refer to.
    pub populate: Vec<Populate>,
    /// Also records outside the model's default scope.
    pub unscoped: bool,
}

/// An attribute to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The attribute's place.
    pub attribute: usize,
    /// Greatest first.
    pub descending: bool,
}

/// An association to populate.
#[derive(Debug, Clone)]
pub struct Populate {
    /// The attribute's place.
    pub attribute: usize,
    /// Which of the records it refers to, in which order, and with what of theirs.
    pub criteria: Criteria,
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            filter: Filter::everything(),
            sort: Vec::new(),
            limit: None,
            skip: 0,
            select: None,
            populate: Vec::new(),
            unscoped: false,
        }
    }
}

impl Criteria {
    /// Every record the filter means.
    pub fn of(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// What they ask for in `schema`, its default scope included.
    pub(super) fn scoped_filter(&self, schema: &Schema) -> Filter {
        match schema.scope() {
            Some(scope) if !self.unscoped => scope.clone().and(self.filter.clone()),
            _ => self.filter.clone(),
        }
    }
}

impl Populate {
    /// All of the association at `attribute`.
    pub fn all(attribute: usize) -> Self {
        Self { attribute, criteria: Criteria::default() }
    }

    /// At most `limit` records of the association at `attribute`, for each owner.
    pub fn at_most(attribute: usize, limit: u64) -> Self {
        Self { attribute, criteria: Criteria { limit: Some(limit), ..Criteria::default() } }
    }

    /// The path of the same association among `paths`; without one `new` is put there.
    #[expect(clippy::indexing_slicing, reason = "the place was found or made here")]
    pub(crate) fn among(paths: &mut Vec<Self>, new: Self) -> &mut Self {
        let place = paths.iter().position(|path| path.attribute == new.attribute).unwrap_or_else(|| {
            paths.push(new);
            paths.len() - 1
        });
        &mut paths[place]
    }
}

impl Sort {
    /// Reads a client's `sort`: `"name DESC"`, `{"name": -1}`, or a list of these.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` that names the attribute.
    pub fn from_json(schema: &Schema, json: &Json) -> Result<Vec<Self>> {
        match json {
            Json::String(text) => text.split(',').map(|part| Self::from_text(schema, part.trim())).collect(),
            Json::Object(parts) => parts
                .iter()
                .map(|(name, direction)| Self::new(schema, name, &direction.to_string().replace('"', "")))
                .collect(),
            Json::Array(list) => {
                if list.len() > schema.attributes().len() {
                    return Err(refuse("sort", "It names more attributes than there are."));
                }
                let mut all = Vec::new();
                for part in list {
                    match part {
                        Json::Array(_) => return Err(refuse("sort", "It is a list of lists.")),
                        part => all.extend(Self::from_json(schema, part)?),
                    }
                }
                Ok(all)
            }
            _ => Err(refuse("sort", "Write it like \"name DESC\" or {\"name\": -1}.")),
        }
    }

    fn from_text(schema: &Schema, text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let (name, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("ASC"));
        if words.next().is_some() {
            return Err(refuse("sort", "Write it like \"name DESC\"."));
        }
        Self::new(schema, name, direction)
    }

    fn new(schema: &Schema, name: &str, direction: &str) -> Result<Self> {
        let Some((attribute, _)) = schema.public(name).filter(|(_, attribute)| attribute.is_sortable())
        else {
            let why = format!(
                "Could not sort by `{name}`: `{}` has no such attribute to sort by.",
                schema.identity()
            );
            return Err(refuse("sort", &why));
        };
        let descending = match direction.to_ascii_uppercase().as_str() {
            "ASC" | "1" => false,
            "DESC" | "-1" => true,
            _ => return Err(refuse("sort", &format!("`{name}` is sorted ASC or DESC, not {direction}."))),
        };
        Ok(Self { attribute, descending })
    }
}
