//! Criteria from a client's parameters, within the bounds of `config/blueprints.toml`.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::Result;
use crate::config::BlueprintsConfig;
use crate::models::{Bounds, Criteria, Db, Filter, Populate, Schema, Sort, refuse_criteria as refuse};

/// Reads what clients ask for.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) db: &'a Db,
    pub(super) config: &'a BlueprintsConfig,
}

impl Reader<'_> {
    /// What a list of records shall hold. What is no parameter of a list is a comparison with an attribute.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` that names what is wrong.
    pub(super) fn list(self, schema: &Schema, params: &mut Map<String, Value>) -> Result<Criteria> {
        let by_default = self.config.default_limit;
        let mut criteria = self.criteria(schema, params, by_default, 1, true)?;
        if !params.is_empty() {
            let rest = Value::Object(std::mem::take(params));
            let rest = Filter::from_json(schema, &rest, &Bounds::from(self.config))?;
            criteria.filter = rest.and(criteria.filter);
        }
        Ok(criteria)
    }

    /// Which of a record's associations are wanted, of a request about one record.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` that names what is wrong.
    pub(super) fn one(self, schema: &Schema, params: &mut Map<String, Value>) -> Result<Criteria> {
        let mut only = Map::new();
        for name in ["populate", "select", "omit"] {
            if let Some(value) = params.shift_remove(name) {
                only.insert(name.to_owned(), value);
            }
        }
        let criteria = self.criteria(schema, &mut only, 1, 1, true)?;
        Ok(Criteria { limit: None, ..criteria })
    }

    /// The criteria of one level. `depth` is that of its associations, 1 for those of the records asked for.
    fn criteria(
        self,
        schema: &Schema,
        params: &mut Map<String, Value>,
        by_default: u64,
        depth: usize,
        populates: bool,
    ) -> Result<Criteria> {
        let mut take = |name: &str| params.shift_remove(name);
        let limit = count("limit", take("limit"))?.unwrap_or(by_default).min(self.config.max_limit);
        let skip = count("skip", take("skip"))?.unwrap_or(0);
        let sort = match take("sort") {
            None => Vec::new(),
            Some(sort) => Sort::from_json(schema, &from_text("sort", sort)?)?,
        };
        let chosen = chosen(schema, take("select"), take("omit"))?;
        let named = take("populate");
        let by_default = named.is_none();
        let mut populate = self.populate(schema, named, depth, populates)?;
        if let (Some(chosen), true) = (&chosen, by_default) {
            populate.retain(|path| chosen.contains(&path.attribute));
        }
        let select = chosen.map(|chosen| columns(schema, chosen, &populate));
        let filter = match take("where") {
            Some(wanted) => {
                Filter::from_json(schema, &from_text("where", wanted)?, &Bounds::from(self.config))?
            }
            None => Filter::everything(),
        };
        Ok(Criteria { filter, sort, limit: Some(limit), skip, select, populate, unscoped: false })
    }

    /// The associations of `populate`: names, paths, or an object of criteria by name. When nothing is said, all of
    /// them, on the first level.
    fn populate(
        self,
        schema: &Schema,
        wanted: Option<Value>,
        depth: usize,
        by_default: bool,
    ) -> Result<Vec<Populate>> {
        let limit = self.config.populate_limit;
        let wanted = match wanted {
            None if by_default => {
                let all = schema.populatable();
                return Ok(all.map(|(attribute, _)| Populate::at_most(attribute, limit)).collect());
            }
            None | Some(Value::Bool(false) | Value::Null) => return Ok(Vec::new()),
            Some(Value::String(text)) if text == "false" => return Ok(Vec::new()),
            Some(Value::String(text)) if text.trim_start().starts_with('{') => {
                from_text("populate", Value::String(text))?
            }
            Some(wanted) => wanted,
        };
        let mut paths = Vec::new();
        match wanted {
            Value::Object(named) => {
                for (name, criteria) in named {
                    self.add_criteria(schema, &mut paths, &name, criteria, depth)?;
                }
            }
            wanted => {
                for path in names("populate", &wanted)? {
                    self.add_path(schema, &mut paths, &path, depth)?;
                }
            }
        }
        Ok(paths)
    }

    fn add_path(self, schema: &Schema, paths: &mut Vec<Populate>, path: &str, depth: usize) -> Result<()> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let (path, target) = self.place(schema, paths, name, depth)?;
        match rest {
            Some(rest) => self.add_path(&target, &mut path.criteria.populate, rest, depth + 1),
            None => Ok(()),
        }
    }

    fn add_criteria(
        self,
        schema: &Schema,
        paths: &mut Vec<Populate>,
        name: &str,
        criteria: Value,
        depth: usize,
    ) -> Result<()> {
        if criteria == Value::Bool(false) {
            return Ok(());
        }
        let (path, target) = self.place(schema, paths, name, depth)?;
        match criteria {
            Value::Bool(true) => Ok(()),
            Value::Object(mut params) => {
                let limit = self.config.populate_limit;
                path.criteria = self.criteria(&target, &mut params, limit, depth + 1, false)?;
                match params.keys().next() {
                    None => Ok(()),
                    Some(unknown) => Err(refuse(
                        "populate",
                        &format!(
                            "`{unknown}` of `{name}` is none of where, limit, skip, sort, select, omit, populate."
                        ),
                    )),
                }
            }
            _ => Err(refuse("populate", &format!("`{name}` takes an object of criteria, or true."))),
        }
    }

    /// The association called `name` among `paths`, and the model it leads to.
    fn place<'a>(
        self,
        schema: &Schema,
        paths: &'a mut Vec<Populate>,
        name: &str,
        depth: usize,
    ) -> Result<(&'a mut Populate, Arc<Schema>)> {
        let most = self.config.populate_depth;
        if depth > most {
            return Err(refuse("populate", &format!("A path follows at most {most} associations.")));
        }
        let found = schema.index_of(name).filter(|&place| schema.attribute_at(place).is_populatable());
        let Some((attribute, link)) = found.and_then(|place| Some((place, self.db.link(schema, place)?)))
        else {
            let known: Vec<_> = schema.populatable().map(|(_, attribute)| attribute.name()).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            let identity = schema.identity();
            let why = format!("`{identity}` has no association `{name}`: it can populate {known}.");
            return Err(refuse("populate", &why));
        };
        let new = Populate::at_most(attribute, self.config.populate_limit);
        Ok((Populate::among(paths, new), link.target().clone()))
    }
}

/// The attributes to show; all when the client names none.
fn chosen(schema: &Schema, select: Option<Value>, omit: Option<Value>) -> Result<Option<Vec<usize>>> {
    let places = |part: &str, wanted: &Value| -> Result<Vec<usize>> {
        names(part, wanted)?
            .iter()
            .map(|name| match schema.public(name) {
                Some((place, _)) => Ok(place),
                None => Err(refuse(part, &format!("`{}` has no attribute `{name}`.", schema.identity()))),
            })
            .collect()
    };
    match (select, omit) {
        (Some(select), _) => places("select", &select).map(Some),
        (None, Some(omit)) => {
            let omit = places("omit", &omit)?;
            let all = 0..schema.attributes().len();
            Ok(Some(all.filter(|place| !omit.contains(place)).collect()))
        }
        (None, None) => Ok(None),
    }
}

/// The columns to read: those to show, the primary key, and what populated associations are found by.
fn columns(schema: &Schema, chosen: Vec<usize>, populate: &[Populate]) -> Arc<[usize]> {
    let populated = populate.iter().map(|path| path.attribute);
    let wanted: Vec<_> = chosen.into_iter().chain(populated).chain([schema.primary_key_index()]).collect();
    schema.stored().map(|(place, _)| place).filter(|place| wanted.contains(place)).collect()
}

/// A parameter of a URL is text; text that looks like JSON is JSON.
pub(super) fn from_text(part: &str, value: Value) -> Result<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(&text).map_err(|error| refuse(part, &format!("It is not JSON: {error}.")))
        }
        other => Ok(other),
    }
}

fn count(part: &str, value: Option<Value>) -> Result<Option<u64>> {
    let number = match &value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_u64(),
    };
    number.map(Some).ok_or_else(|| refuse(part, "It must be a number, 0 or more."))
}

/// `a,b`, `[a,b]` or a list of texts.
fn names(part: &str, value: &Value) -> Result<Vec<String>> {
    let names: Option<Vec<String>> = match value {
        Value::String(text) => {
            let text = text.trim().trim_start_matches('[').trim_end_matches(']');
            let names = text.split(',').map(|name| name.trim().trim_matches('"').to_owned());
            Some(names.filter(|name| !name.is_empty()).collect())
        }
        Value::Array(list) => list.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    names.ok_or_else(|| refuse(part, "It must be a list of names, such as a,b."))
}
