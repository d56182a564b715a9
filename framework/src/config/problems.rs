//! Everything that is wrong with a configuration; [`Config::load`] stops at the first.

use std::path::Path;

use super::file::File;
use super::layers::{self, Table};
use super::{Config, ConfigError, Environment};

/// Files of `config/` that are no section.
const OTHERS: [&str; 1] = ["local"];
/// Edits between a name and the one that was meant.
const NEAR: usize = 2;

impl Config {
    /// Every unknown key, wrong value, unset variable and file that can't be read, as far as they can be told apart: a wrong
    /// value shows once all keys are right.
    pub(crate) fn problems(root: &Path, environment: Environment) -> Vec<ConfigError> {
        let mut found: Vec<_> =
            layers::section_names().flat_map(|section| of_file(root, section, environment)).collect();
        let local = File::read(root, "config/local.toml").and_then(|file| match file {
            Some(file) => layers::local_layer(file.table()?).map(drop),
            None => Ok(()),
        });
        found.extend(local.err());
        found.extend(layers::variables().err());
        if found.is_empty() {
            found.extend(Self::load_with(root, environment, &[]).err());
        }
        found
    }

    /// Files of `config/` whose name is nearly a section's, each with that. Others may be the app's own.
    pub(crate) fn unread_files(root: &Path) -> Vec<(String, &'static str)> {
        let known: Vec<_> = layers::section_names().chain(OTHERS).collect();
        let meant = |stem: &str| {
            let near = known.iter().map(|name| (layers::distance(stem, name), *name)).min()?;
            (1..=NEAR).contains(&near.0).then_some(near.1)
        };
        let entries = std::fs::read_dir(root.join("config")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut unread: Vec<_> =
            names.filter_map(|name| Some((name.clone(), meant(name.strip_suffix(".toml")?)?))).collect();
        unread.sort();
        unread
    }
}

/// Variables that begin like those of keys and set none, each with the one it may be meant to be.
pub(crate) fn unread_variables(names: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let meant = |name: &str| {
        let rest = name.strip_prefix("REGATTA_").filter(|rest| !rest.starts_with('_'))?;
        let (section, key) = rest.split_once('_')?;
        let known = layers::section_names().any(|known| known.eq_ignore_ascii_case(section));
        known.then(|| format!("REGATTA__{section}__{}", key.trim_start_matches('_')))
    };
    let mut unread: Vec<_> = names.filter_map(|name| meant(&name).map(|meant| (name, meant))).collect();
    unread.sort();
    unread
}

fn of_file(root: &Path, section: &str, environment: Environment) -> Vec<ConfigError> {
    let read = || -> Result<Option<Table>, ConfigError> {
        File::read(root, &format!("config/{section}.toml"))?.map(|file| file.table()).transpose()
    };
    let table = match read() {
        Ok(Some(table)) => table,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![error],
    };
    let (plain, named) = match layers::split(table.clone()) {
        Ok(parts) => parts,
        Err(error) => return vec![error],
    };
    let tables = std::iter::once(&plain).chain(named.iter().map(|(_, inner)| inner));
    let wrong: Vec<_> = tables.flat_map(|table| layers::wrong_keys(section, table)).collect();
    if !wrong.is_empty() {
        return wrong;
    }
    layers::file_layers(section, table, environment).err().into_iter().collect()
}
