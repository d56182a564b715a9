//! An attribute in Sails' language.

use std::collections::HashMap;

use regatta::models::{Attribute, Auto, Kind, Validation, Value as Stored};
use serde_json::{Map, Value};

/// Words for people.
const IGNORED: [&str; 7] = [
    "autoMigrations",
    "dominant",
    "extendedDescription",
    "friendlyName",
    "label",
    "moreInfoUrl",
    "whereToGet",
];

/// Reads the attribute `name`; `keys` has the kind of every model's primary key.
pub(super) fn read(
    name: &str,
    mut definition: Map<String, Value>,
    keys: &HashMap<String, Kind>,
    is_key: bool,
) -> Result<Attribute, String> {
    if let Some(Value::Object(nested)) = definition.remove("validations") {
        definition.extend(nested);
    }
    let attribute = start(name, &mut definition, keys, is_key)?;
    definition.into_iter().try_fold(attribute, |attribute, (key, value)| apply(attribute, &key, &value))
}

fn start(
    name: &str,
    definition: &mut Map<String, Value>,
    keys: &HashMap<String, Kind>,
    is_key: bool,
) -> Result<Attribute, String> {
    let mut word = |key: &str| match definition.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`{key}` must be a text, not {other}")),
    };
    let (collection, model) = (word("collection")?, word("model")?);
    let (via, through, kind) = (word("via")?, word("through")?, word("type")?);
    let name = name.to_owned();
    if let Some(target) = collection {
        let target = target.to_lowercase();
        return match (via, through) {
            (Some(via), Some(through)) => {
                Ok(Attribute::collection_through(name, target, through.to_lowercase(), via))
            }
            (Some(via), None) => Ok(Attribute::collection(name, target, via)),
            (None, None) => Ok(Attribute::collection_of(name, target)),
            (None, Some(_)) => Err("`through` needs `via`".to_owned()),
        };
    }
    if let Some(target) = model {
        let target = target.to_lowercase();
        let key = keys.get(&target).ok_or_else(|| format!("there is no model `{target}`"))?;
        return Ok(Attribute::model(name, target, *key));
    }
    let has = |key: &str| definition.get(key) == Some(&Value::Bool(true));
    let is_whole = is_key || has("autoIncrement") || has("isInteger") || has("version");
    let kind = match kind.as_deref() {
        Some("string") => Kind::Text,
        Some("number") if has("autoCreatedAt") || has("autoUpdatedAt") => Kind::Timestamp,
        Some("number") if is_whole => Kind::Integer,
        Some("number") => Kind::Float,
        Some("boolean") => Kind::Boolean,
        Some("json" | "ref") => Kind::Json,
        Some(other) => return Err(format!("`{other}` is none of string, number, boolean, json, ref")),
        None => return Err("`type`, `model` or `collection` is missing".to_owned()),
    };
    Ok(Attribute::new(name, kind))
}

fn apply(attribute: Attribute, key: &str, value: &Value) -> Result<Attribute, String> {
    let is_on = match value {
        Value::Bool(is_on) => Some(*is_on),
        _ => None,
    };
    let switched = |on: fn(Attribute) -> Attribute, attribute: Attribute| match is_on {
        Some(true) => Ok(on(attribute)),
        Some(false) => Ok(attribute),
        None => Err(format!("`{key}` must be true or false")),
    };
    match key {
        "required" => switched(Attribute::required, attribute),
        "unique" => switched(Attribute::unique, attribute),
        "allowNull" => switched(Attribute::nullable, attribute),
        "autoIncrement" => switched(|attribute| attribute.auto(Auto::Increment), attribute),
        "autoCreatedAt" => switched(|attribute| attribute.auto(Auto::CreatedAt), attribute),
        "autoUpdatedAt" => switched(|attribute| attribute.auto(Auto::UpdatedAt), attribute),
        // Words of Regatta, and `protect` of Sails' own template.
        "private" | "protect" => switched(Attribute::private, attribute),
        "readOnly" => switched(Attribute::read_only, attribute),
        "version" => switched(Attribute::version, attribute),
        "encrypt" if is_on == Some(false) => Ok(attribute),
        "columnType" => Ok(attribute.column_type(text(key, value)?)),
        "columnName" => Ok(attribute.column(text(key, value)?)),
        "defaultsTo" if value.is_null() => Ok(attribute),
        "defaultsTo" => Ok(attribute.default_to(default(value))),
        "description" => Ok(attribute.described_as(text(key, value)?)),
        "example" => Ok(attribute.example(value.clone())),
        _ if IGNORED.contains(&key) => Ok(attribute),
        _ => match rule(key, value)? {
            Some(rule) => Ok(attribute.validate(rule)),
            None => Ok(attribute),
        },
    }
}

/// A validation; nothing when it says what the attribute's kind says already, or is switched off.
fn rule(key: &str, value: &Value) -> Result<Option<Validation>, String> {
    if *value == Value::Bool(false) {
        return Ok(None);
    }
    Ok(Some(match key {
        "isInteger" => Validation::IsInteger,
        "isString" => Validation::IsString,
        "isNumber" => Validation::IsNumber,
        "isBoolean" => Validation::IsBoolean,
        "max" => Validation::Max(number(key, value)?),
        "min" => Validation::Min(number(key, value)?),
        "maxLength" => Validation::MaxLength(length(key, value)?),
        "minLength" => Validation::MinLength(length(key, value)?),
        "isIn" => Validation::IsIn(list(key, value)?),
        "isNotIn" => Validation::IsNotIn(list(key, value)?),
        "isNotEmptyString" => Validation::IsNotEmpty,
        "isEmail" => Validation::IsEmail,
        "isURL" => Validation::IsUrl,
        "isIP" => Validation::IsIp,
        "isUUID" => Validation::IsUuid,
        "isHexColor" => Validation::IsHexColor,
        "isCreditCard" => Validation::IsCreditCard,
        "isAfter" => Validation::is_after(&text(key, value)?),
        "isBefore" => Validation::is_before(&text(key, value)?),
        "regex" => Validation::regex(&text(key, value)?),
        _ => return Err(format!("`{key}` is not there yet")),
    }))
}

fn default(value: &Value) -> Stored {
    match value {
        Value::Bool(value) => Stored::Boolean(*value),
        Value::String(text) => Stored::Text(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Stored::Integer(whole),
            None => Stored::Float(number.as_f64().unwrap_or_default()),
        },
        other => Stored::Json(Box::new(other.clone())),
    }
}

fn text(key: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("`{key}` must be a text"))
}

fn number(key: &str, value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("`{key}` must be a number"))
}

fn length(key: &str, value: &Value) -> Result<usize, String> {
    let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
    length.ok_or_else(|| format!("`{key}` must be a number of characters"))
}

fn list(key: &str, value: &Value) -> Result<Vec<Stored>, String> {
    let items = value.as_array().ok_or_else(|| format!("`{key}` must be a list"))?;
    Ok(items.iter().map(default).collect())
}
