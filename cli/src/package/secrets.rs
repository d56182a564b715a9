//! Secrets belong into the environment: an archive is copied about.

use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::{Error, Result};

/// Endings of keys whose values are secret.
const KEYS: [&str; 5] = ["secret", "password", "passwd", "token", "api_key"];
/// Tables that production does not read.
const ELSEWHERE: [&str; 2] = ["development", "test"];

/// Refuses an app whose configuration files hold a secret that production would read.
pub(super) fn expect_none(root: &Path) -> Result<()> {
    let folder = root.join("config");
    for entry in fs::read_dir(&folder).map_err(Error::file("read", &folder))? {
        let path = entry.map_err(Error::file("read", &folder))?.path();
        let is_config = path.extension().is_some_and(|kind| kind == "toml");
        if !is_config || path.file_name().is_some_and(|name| name == "local.toml") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let document: DocumentMut = text.parse().map_err(|error| Error::Pack {
            reason: format!("{name}: {error}"),
            remedy: "Mend that file".to_owned(),
        })?;
        if let Some(key) = secret_in(document.as_table(), true) {
            return Err(Error::Pack {
                reason: format!("{name} holds a secret, in `{key}`, and an archive would carry it about"),
                remedy:
                    "Write ${NAME} there and set NAME on the server, or move the line to config/local.toml"
                        .to_owned(),
            });
        }
    }
    Ok(())
}

/// The key of the first secret in a table.
fn secret_in(table: &dyn TableLike, is_top: bool) -> Option<String> {
    table.iter().filter(|(key, _)| !(is_top && ELSEWHERE.contains(key))).find_map(|(key, item)| match item {
        Item::Table(inner) => secret_in(inner, false).map(|inner| format!("{key}.{inner}")),
        Item::ArrayOfTables(tables) => tables.iter().find_map(|inner| secret_in(inner, false)),
        Item::Value(Value::InlineTable(inner)) => {
            secret_in(inner, false).map(|inner| format!("{key}.{inner}"))
        }
        Item::Value(value) => is_secret(key, value).then(|| key.to_owned()),
        Item::None => None,
    })
}

fn is_secret(key: &str, value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| is_secret(key, value)),
        Value::String(text) => {
            let text = text.value();
            let named = KEYS.iter().any(|ending| key.ends_with(ending));
            (named && !text.is_empty() && !is_variable(text)) || has_password(text)
        }
        _ => false,
    }
}

/// `${NAME}` and nothing else: what follows `:-` would be the secret itself.
fn is_variable(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// `scheme://user:password@host`, where the password is written out.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !is_variable(password))
}

#[cfg(test)]
mod tests;
