//! Puts the layers on top of each other and refuses what no section knows.

use std::collections::BTreeMap;
use std::path::Path;

use config::builder::DefaultState;
use config::{ConfigBuilder, Map, Source, Value, ValueKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::expand;
use super::file::File;
use super::sections::{self, DatastoreConfig, Datastores};
use super::{ConfigError, Environment, Key, Override, Settings};

const DATASTORES: &str = "datastores";
const PREFIX: &str = "REGATTA__";

/// Variables that have a name of their own, with the key they set.
const SHORT_NAMES: [(&str, &str); 5] = [
    ("PORT", "http.port"),
    ("PUBLIC_URL", "http.public_url"),
    ("SESSION_SECRET", "session.secret"),
    ("DATABASE_URL", "datastores.default.url"),
    ("REDIS_URL", "datastores.redis.url"),
];

pub(super) type Table = Map<String, Value>;
/// A file's tables of environments.
type Named = Vec<(&'static str, Table)>;

/// One layer: `section → key → value`.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(Table);

impl Layer {
    fn set(&mut self, path: &str, value: Value) {
        let mut table = &mut self.0;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.to_owned(), value);
                return;
            }
            let entry = table
                .entry(part.to_owned())
                .or_insert_with(|| Value::new(None, ValueKind::Table(Table::new())));
            let ValueKind::Table(next) = &mut entry.kind else { return };
            table = next;
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Table, config::ConfigError> {
        Ok(self.0.clone())
    }
}

pub(super) fn merge(
    root: &Path,
    environment: Environment,
    overrides: &[Override],
) -> Result<config::Config, ConfigError> {
    let mut builder: ConfigBuilder<DefaultState> = config::Config::builder().add_source(base(environment));
    for section in section_names() {
        let Some(file) = File::read(root, &format!("config/{section}.toml"))? else { continue };
        for layer in file_layers(section, file.table()?, environment)? {
            builder = builder.add_source(layer);
        }
    }
    if let Some(file) = File::read(root, "config/local.toml")? {
        builder = builder.add_source(local_layer(file.table()?)?);
    }
    builder = builder.add_source(short_names()).add_source(variables()?);
    let mut flags = Layer::default();
    for (path, value) in overrides {
        flags.set(path, typed(path, value, "the command line"));
    }
    builder.add_source(flags).build().map_err(|error| ConfigError::Value(error.to_string()))
}

/// The section as its struct.
pub(super) fn section<T: Settings + DeserializeOwned>(merged: &config::Config) -> Result<T, ConfigError> {
    merged.get(T::SECTION).map_err(|error| ConfigError::Value(error.to_string()))
}

pub(super) fn datastores(merged: &config::Config, root: &Path) -> Result<Datastores, ConfigError> {
    let named: Datastores = merged.get(DATASTORES).map_err(|error| ConfigError::Value(error.to_string()))?;
    Ok(named.into_iter().map(|(name, datastore)| (name, datastore.below(root))).collect())
}

/// What holds when nothing is written anywhere: every section exists, and two datastores.
fn base(environment: Environment) -> Layer {
    let mut layer = Layer::default();
    for section in section_names() {
        layer.0.insert(section.to_owned(), Value::new(None, ValueKind::Table(Table::new())));
    }
    let sqlite = format!("sqlite://.tmp/{environment}.db");
    layer.set("datastores.default.url", Value::new(None, ValueKind::String(sqlite)));
    layer.set("datastores.redis.url", Value::new(None, ValueKind::String("redis://127.0.0.1:6379".into())));
    layer
}

pub(super) fn section_names() -> impl Iterator<Item = &'static str> {
    sections::ALL.iter().map(|(name, _)| *name).chain([DATASTORES])
}

/// The file itself and, above it, its table for the environment.
pub(super) fn file_layers(
    section: &str,
    table: Table,
    environment: Environment,
) -> Result<Vec<Layer>, ConfigError> {
    let (table, named) = split(table)?;
    for (_, inner) in &named {
        check(section, inner)?;
    }
    check(section, &table)?;
    let own = named.into_iter().find(|(name, _)| *name == environment.as_str()).map(|(_, inner)| inner);
    [Some(table), own]
        .into_iter()
        .flatten()
        .map(|table| {
            let mut layer = Layer::default();
            layer.set(section, Value::new(None, ValueKind::Table(expand::table(table)?)));
            Ok(layer)
        })
        .collect()
}

/// What holds everywhere, and the tables of environments.
pub(super) fn split(mut table: Table) -> Result<(Table, Named), ConfigError> {
    let mut named = Vec::new();
    for name in Environment::NAMES {
        let is_table = matches!(table.get(name), Some(Value { kind: ValueKind::Table(_), .. }));
        if is_table && let Some(inner) = table.remove(name) {
            let inner = inner.into_table().map_err(|error| ConfigError::Value(error.to_string()))?;
            named.push((name, inner));
        }
    }
    Ok((table, named))
}

pub(super) fn local_layer(table: Table) -> Result<Layer, ConfigError> {
    for (section, value) in &table {
        if !section_names().any(|known| known == section) {
            return Err(unknown(place_of(value), section, &section_names().collect::<Vec<_>>(), "section"));
        }
        let ValueKind::Table(inner) = &value.kind else {
            return Err(ConfigError::Value(format!(
                "{}: `{section}` is a section: write its keys under [{section}]",
                place_of(value)
            )));
        };
        check(section, inner)?;
    }
    Ok(Layer(expand::table(table)?))
}

/// Refuses keys the section does not have.
fn check(section: &str, table: &Table) -> Result<(), ConfigError> {
    wrong_keys(section, table).into_iter().next().map_or(Ok(()), Err)
}

/// Every key the section does not have, in the order of the file.
pub(super) fn wrong_keys(section: &str, table: &Table) -> Vec<ConfigError> {
    if section != DATASTORES {
        return unknown_keys(keys_of(section), table);
    }
    let of_datastore = |(name, value): (&String, &Value)| match &value.kind {
        ValueKind::Table(inner) => unknown_keys(DatastoreConfig::KEYS, inner),
        _ => vec![ConfigError::Value(format!(
            "{}: `{name}` is a datastore: write its url under [{name}]",
            place_of(value)
        ))],
    };
    table.iter().flat_map(of_datastore).collect()
}

fn unknown_keys(keys: &[Key], table: &Table) -> Vec<ConfigError> {
    let known: Vec<_> = keys.iter().map(|key| key.name).collect();
    let mut wrong: Vec<_> = table.iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
    wrong.sort_by_key(|(_, value)| place_of(value));
    wrong.into_iter().map(|(name, value)| unknown(place_of(value), name, &known, "key")).collect()
}

fn keys_of(section: &str) -> &'static [Key] {
    sections::ALL.iter().find(|(name, _)| *name == section).map_or(&[], |(_, keys)| keys)
}

fn place_of(value: &Value) -> String {
    value.origin().unwrap_or("the configuration").to_owned()
}

fn unknown(place: String, key: &str, known: &[&str], what: &str) -> ConfigError {
    let hint = match nearest(key, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; the {what}s are {}", known.join(", ")),
    };
    ConfigError::UnknownKey { place, key: key.to_owned(), hint }
}

/// The known word that is at most three edits away.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, near) = known.iter().map(|other| (distance(word, other), *other)).min()?;
    (distance <= 3 && distance < word.len()).then_some(near)
}

/// Edits (insert, delete, replace) between two words.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// `PORT`, `DATABASE_URL` … and the same with `_FILE`, whose file holds the value.
fn short_names() -> Layer {
    let mut layer = Layer::default();
    for (name, path) in SHORT_NAMES {
        if let Some(value) = expand::variable(name) {
            layer.set(path, typed(path, &value, name));
        }
    }
    layer
}

/// `REGATTA__SECTION__KEY=value`.
pub(super) fn variables() -> Result<Layer, ConfigError> {
    let sorted: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let mut layer = Layer::default();
    for (name, value) in sorted {
        let path = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        let (section, rest) = path.split_once('.').unwrap_or((&path, ""));
        if !section_names().any(|known| known == section) {
            return Err(unknown(name.clone(), section, &section_names().collect::<Vec<_>>(), "section"));
        }
        let value = typed(&path, &value, &name);
        let mut one = Layer::default();
        one.set(rest, value.clone());
        check(section, &one.0)?;
        layer.set(&path, value);
    }
    Ok(layer)
}

/// Text as the value of `path`: split at commas where the key holds a list.
fn typed(path: &str, text: &str, origin: &str) -> Value {
    let origin = origin.to_owned();
    let kind = if is_list(path) {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        ValueKind::Array(items.map(|item| Value::new(Some(&origin), item.to_owned())).collect())
    } else {
        ValueKind::String(text.to_owned())
    };
    Value::new(Some(&origin), kind)
}

fn is_list(path: &str) -> bool {
    fn list_keys<T: Settings + Serialize>(key: &str) -> bool {
        serde_json::to_value(T::default()).is_ok_and(|defaults| defaults[key].is_array())
    }
    match path.split_once('.') {
        Some(("session", key)) => list_keys::<super::SessionConfig>(key),
        Some(("sockets", key)) => list_keys::<super::SocketsConfig>(key),
        Some(("security", key)) => list_keys::<super::SecurityConfig>(key),
        Some(("metrics", key)) => list_keys::<super::MetricsConfig>(key),
        _ => false,
    }
}
