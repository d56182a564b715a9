//! Waterline's criteria as queries.

use std::sync::Arc;

use regatta::models::{Bounds, Criteria, Db, Filter, Kind, Populate, Schema, Sort, Value as Stored};
use regatta::{Error, Result};
use serde_json::Value;

/// As much as anybody asks.
const BOUNDS: Bounds = Bounds { depth: 32, conditions: 10_000, list: 100_000 };

/// The clauses that make an object criteria and no plain `where`.
const CLAUSES: [&str; 6] = ["where", "limit", "skip", "sort", "select", "omit"];

/// Reads criteria: a primary key, a list of them, a `where`, or an object of clauses.
pub(super) fn read(schema: &Schema, given: &Value) -> Result<Criteria> {
    let clauses = match given {
        Value::Null => return Ok(Criteria::default()),
        Value::Object(clauses) if CLAUSES.iter().any(|name| clauses.contains_key(*name)) => clauses,
        given => return Ok(Criteria::of(condition(schema, given)?)),
    };
    let mut criteria = Criteria::default();
    for (name, value) in clauses {
        match name.as_str() {
            "where" => criteria.filter = condition(schema, value)?,
            "limit" => criteria.limit = Some(count(name, value)?),
            "skip" => criteria.skip = count(name, value)?,
            "sort" => criteria.sort = Sort::from_json(schema, value)?,
            "select" | "omit" if *value == Value::Array(vec!["*".into()]) => {}
            "select" => criteria.select = Some(columns(schema, value, true)?),
            "omit" => criteria.select = Some(columns(schema, value, false)?),
            other => return Err(wrong(format!("`{other}` is no clause of criteria"))),
        }
    }
    Ok(criteria)
}

/// Which records are meant, and nothing else.
pub(super) fn filter(schema: &Schema, given: &Value) -> Result<Filter> {
    let criteria = read(schema, given)?;
    if criteria.limit.is_some() || criteria.skip > 0 || criteria.select.is_some() {
        return Err(wrong("only `where` is understood here".to_owned()));
    }
    Ok(criteria.filter)
}

/// `populate`: a name, a list of names, or criteria by name.
pub(super) fn populate(db: &Db, schema: &Schema, wanted: &Value) -> Result<Vec<Populate>> {
    match wanted {
        Value::Null | Value::Bool(false) => Ok(Vec::new()),
        Value::String(name) => Ok(vec![path(db, schema, name, &Value::Null)?]),
        Value::Array(list) => {
            let path = |item: &Value| match item {
                Value::String(name) => path(db, schema, name, &Value::Null),
                Value::Array(pair) => {
                    let name = pair.first().and_then(Value::as_str).unwrap_or_default();
                    path(db, schema, name, pair.get(1).unwrap_or(&Value::Null))
                }
                other => Err(wrong(format!("can't populate {other}"))),
            };
            list.iter().map(path).collect()
        }
        Value::Object(named) => {
            named.iter().map(|(name, criteria)| path(db, schema, name, criteria)).collect()
        }
        other => Err(wrong(format!("can't populate {other}"))),
    }
}

/// The same criteria with these associations, whose columns are read whatever is selected.
pub(super) fn with(schema: &Schema, mut criteria: Criteria, paths: Vec<Populate>) -> Criteria {
    if let Some(select) = &criteria.select {
        let attributes = schema.attributes();
        let here = paths.iter().map(|path| path.attribute);
        let here = here.filter(|place| !attributes[*place].is_collection() && !select.contains(place));
        criteria.select = Some(select.iter().copied().chain(here).collect());
    }
    criteria.populate = paths;
    criteria
}

/// A primary key of the model.
pub(super) fn key(schema: &Schema, given: &Value) -> Result<Stored> {
    let key = schema.primary_key();
    let value = match (key.kind(), given) {
        (Kind::Integer, Value::Number(number)) => number.as_i64().map(Stored::Integer),
        (Kind::Integer, Value::String(text)) => text.parse().ok().map(Stored::Integer),
        (Kind::Text, Value::String(text)) => Some(Stored::Text(text.clone())),
        _ => None,
    };
    value.ok_or_else(|| wrong(format!("{given} is no {} of `{}`", key.name(), schema.identity())))
}

/// One or several primary keys of the model.
pub(super) fn ids(schema: &Schema, given: &Value) -> Result<Vec<Stored>> {
    match given {
        Value::Array(list) => list.iter().map(|id| key(schema, id)).collect(),
        Value::Null => Ok(Vec::new()),
        one => Ok(vec![key(schema, one)?]),
    }
}

fn condition(schema: &Schema, given: &Value) -> Result<Filter> {
    match given {
        Value::Null => Ok(Filter::everything()),
        Value::Object(_) => Filter::from_json(schema, given, &BOUNDS),
        Value::Array(list) => {
            let keys = list.iter().map(|id| Ok(Filter::id(schema, key(schema, id)?)));
            keys.collect::<Result<_>>().map(Filter::Any)
        }
        id => Ok(Filter::id(schema, key(schema, id)?)),
    }
}

fn path(db: &Db, schema: &Schema, name: &str, criteria: &Value) -> Result<Populate> {
    let place = schema.index_of(name);
    let found = place.and_then(|place| Some((place, schema.attributes()[place].association()?)));
    let (attribute, association) =
        found.ok_or_else(|| wrong(format!("`{}` has no association `{name}`", schema.identity())))?;
    let target = db.schema(association.identity())?;
    let criteria = if *criteria == Value::Bool(true) { Criteria::default() } else { read(target, criteria)? };
    Ok(Populate { attribute, criteria })
}

fn columns(schema: &Schema, names: &Value, selected: bool) -> Result<Arc<[usize]>> {
    let names: Vec<_> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| schema.attribute(name).is_none()) {
        return Err(wrong(format!("`{}` has no attribute `{unknown}`", schema.identity())));
    }
    let attributes = schema.attributes().iter().enumerate();
    let wanted = attributes.filter(|(_, attribute)| {
        let is_named = names.contains(&attribute.name());
        !attribute.is_collection() && (attribute.is_primary_key() || is_named == selected)
    });
    Ok(wanted.map(|(place, _)| place).collect())
}

fn count(name: &str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| wrong(format!("`{name}` must be a whole number, 0 or more")))
}

fn wrong(message: String) -> Error {
    Error::internal(message)
}
