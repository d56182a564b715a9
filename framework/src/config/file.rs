//! One TOML file with the line of every key.

use std::path::Path;

use config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A file's tables; every value's origin says `path:line`.
pub(super) struct File {
    /// As shown in messages, relative to the app's folder.
    name: String,
    text: String,
}

impl File {
    /// Reads `root/name`; nothing when there is no such file.
    pub(super) fn read(root: &Path, name: &str) -> Result<Option<Self>, ConfigError> {
        let path = root.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { name: name.to_owned(), text })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// The file's top table.
    pub(super) fn table(&self) -> Result<Map<String, Value>, ConfigError> {
        let table = DeTable::parse(&self.text).map_err(|error| ConfigError::Syntax {
            path: self.name.clone(),
            line: self.line(error.span().map_or(0, |span| span.start)),
            message: error.message().trim().to_owned(),
        })?;
        self.convert_table(table.get_ref())
    }

    fn convert_table(&self, table: &DeTable<'_>) -> Result<Map<String, Value>, ConfigError> {
        table
            .iter()
            .map(|(key, value)| {
                let place = self.place(key);
                Ok((key.get_ref().to_string(), self.convert(value.get_ref(), &place)?))
            })
            .collect()
    }

    fn convert(&self, value: &DeValue<'_>, place: &str) -> Result<Value, ConfigError> {
        let kind = match value {
            DeValue::String(text) => ValueKind::String(text.to_string()),
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                ValueKind::I64(parsed.map_err(|_| too_large(place, number.as_str()))?)
            }
            DeValue::Float(number) => {
                ValueKind::Float(number.as_str().parse().map_err(|_| too_large(place, number.as_str()))?)
            }
            DeValue::Boolean(flag) => ValueKind::Boolean(*flag),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(items) => ValueKind::Array(
                items
                    .iter()
                    .map(|item| self.convert(item.get_ref(), &self.place(item)))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => ValueKind::Table(self.convert_table(table)?),
        };
        Ok(Value::new(Some(&place.to_owned()), kind))
    }

    fn place<T>(&self, spanned: &Spanned<T>) -> String {
        format!("{}:{}", self.name, self.line(spanned.span().start))
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        before.matches('\n').count() + 1
    }
}

fn too_large(place: &str, number: &str) -> ConfigError {
    ConfigError::Value(format!("{place}: {number} is no number this can hold"))
}
