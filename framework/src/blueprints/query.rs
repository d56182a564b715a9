//! Criteria from a client's parameters, within the bounds of `config/blueprints.toml`.

use std::sync::Arc;

use serde_json::Value;

use super::{Blueprint, Params};
use crate::Result;
use crate::models::{Bounds, Criteria, Filter, Populate, Sort, refuse_criteria as refuse};

impl Blueprint {
    /// What a list shall hold.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` that names what is wrong.
    pub(super) fn criteria(&self, mut params: Params) -> Result<Criteria> {
        let schema = &self.schema;
        let most = self.config.max_limit;
        let limit = count("limit", params.take("limit"))?.unwrap_or(self.config.default_limit).min(most);
        let skip = count("skip", params.take("skip"))?.unwrap_or(0);
        let sort = match params.take("sort") {
            None => Vec::new(),
            Some(sort) => Sort::from_json(schema, &from_text("sort", sort)?)?,
        };
        let populate = self.populate(params.take("populate"))?;
        let select = self.select(params.take("select"), params.take("omit"))?;
        let wanted = match params.take("where") {
            Some(wanted) => from_text("where", wanted)?,
            None => Value::Object(params.rest()),
        };
        let filter = Filter::from_json(schema, &wanted, &Bounds::from(&self.config))?;
        Ok(Criteria { filter, sort, limit: Some(limit), skip, select, populate })
    }

    /// The associations of `populate`: a list of names, all of them when it is not there, none for `false`.
    pub(super) fn populate(&self, wanted: Option<Value>) -> Result<Vec<Populate>> {
        let limit = Some(self.config.populate_limit);
        let all = || self.schema.associations().map(|(attribute, _)| Populate { attribute, limit }).collect();
        match wanted {
            None => Ok(all()),
            Some(Value::Bool(false) | Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) if text == "false" => Ok(Vec::new()),
            Some(wanted) => names("populate", &wanted)?
                .iter()
                .map(|name| Ok(Populate { attribute: self.schema.association(name)?.0, limit }))
                .collect(),
        }
    }

    fn select(&self, select: Option<Value>, omit: Option<Value>) -> Result<Option<Arc<[usize]>>> {
        let places = |part: &str, wanted: &Value| -> Result<Vec<usize>> {
            names(part, wanted)?.iter().map(|name| self.place(part, name)).collect()
        };
        let mut chosen = match (select, omit) {
            (Some(select), _) => places("select", &select)?,
            (None, Some(omit)) => {
                let omit = places("omit", &omit)?;
                self.schema.stored().map(|(place, _)| place).filter(|place| !omit.contains(place)).collect()
            }
            (None, None) => return Ok(None),
        };
        let key = self.schema.primary_key_index();
        if !chosen.contains(&key) {
            chosen.push(key);
        }
        Ok(Some(chosen.into()))
    }

    fn place(&self, part: &str, name: &str) -> Result<usize> {
        match self.schema.public(name) {
            Some((place, _)) => Ok(place),
            None => Err(refuse(part, &format!("`{}` has no attribute `{name}`.", self.schema.identity()))),
        }
    }
}

/// A parameter of a URL is text; text that looks like JSON is JSON.
fn from_text(part: &str, value: Value) -> Result<Value> {
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
            Some(text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
        }
        Value::Array(list) => list.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    names.ok_or_else(|| refuse(part, "It must be a list of names, such as a,b."))
}
