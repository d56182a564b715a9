//! `${NAME}` and `${NAME:-otherwise}` inside strings.

use config::{Map, Value, ValueKind};

use super::ConfigError;

/// `table` with the variables in every string replaced.
pub(super) fn table(table: Map<String, Value>) -> Result<Map<String, Value>, ConfigError> {
    table.into_iter().map(|(key, inner)| Ok((key, value(inner)?))).collect()
}

fn value(mut value: Value) -> Result<Value, ConfigError> {
    value.kind = match std::mem::take(&mut value.kind) {
        ValueKind::String(text) => ValueKind::String(string(&text, value.origin().unwrap_or_default())?),
        ValueKind::Table(inner) => ValueKind::Table(table(inner)?),
        ValueKind::Array(items) => {
            ValueKind::Array(items.into_iter().map(self::value).collect::<Result<_, _>>()?)
        }
        other => other,
    };
    Ok(value)
}

/// `text` with every variable replaced; `place` is for the error.
fn string(text: &str, place: &str) -> Result<String, ConfigError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        let inside = &rest[start + 2..start + length];
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        match (variable(name), otherwise) {
            (Some(value), _) => out.push_str(&value),
            (_, Some(otherwise)) => out.push_str(otherwise),
            _ => {
                return Err(ConfigError::MissingVariable { place: place.to_owned(), name: name.to_owned() });
            }
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The variable, or what the file holds that `NAME_FILE` names.
pub(super) fn variable(name: &str) -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set(name).or_else(|| {
        let text = std::fs::read_to_string(set(&format!("{name}_FILE"))?).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    })
}
