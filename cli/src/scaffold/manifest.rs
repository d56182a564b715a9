//! The generated `Cargo.toml`: the template's, made to stand alone.

use std::collections::BTreeSet;
use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::{Error, Result};

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
/// What an app takes over of a package key that the template inherits; a licence or a home page is the app's own matter.
const PACKAGE_KEYS: [&str; 3] = ["version", "edition", "rust-version"];

/// `template` with the framework at `framework` and nothing inherited from the `workspace` manifest any more.
///
/// All other keys stay, comments too. The build profiles come from the workspace, so that the app is
/// built as it was tested, and as quickly.
pub fn standalone(template: &str, workspace: &str, framework: &Path) -> Result<String> {
    let mut manifest = parse(template)?;
    let workspace = parse(workspace)?;
    let framework = framework.to_str().ok_or_else(|| Error::Framework {
        reason: format!("{} is not UTF-8, so a manifest can't name it", framework.display()),
    })?;

    inherit_package_keys(&mut manifest, &workspace);
    // The framework's rules for its own code are no rules for the user's.
    if manifest.get("lints").is_some_and(inherits) {
        manifest.remove("lints");
    }
    let shared = at(&workspace, &["workspace", "dependencies"]);
    for section in DEPENDENCIES {
        if let Some(dependencies) = manifest.get_mut(section).and_then(Item::as_table_like_mut) {
            inherit_dependencies(dependencies, shared)?;
            if let Some(regatta) = dependencies.get_mut("regatta") {
                *regatta = at_path(regatta, framework);
            }
        }
    }
    if let Some(profile) = workspace.get("profile") {
        manifest.insert("profile", profile.clone());
    }
    // With a workspace of its own the app can lie inside another workspace's folder.
    if manifest.get("workspace").is_none() {
        manifest.insert("workspace", Item::Table(Table::new()));
    }
    Ok(tidy(&manifest.to_string()))
}

/// The names of the crates that the manifest's code can name.
pub fn direct_dependencies(manifest: &str) -> Result<BTreeSet<String>> {
    let manifest = parse(manifest)?;
    let sections = DEPENDENCIES.iter().filter_map(|section| manifest.get(section)?.as_table_like());
    Ok(sections
        .flat_map(|section| section.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
        .collect())
}

fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error| broken(format!("{error}")))
}

fn inherit_package_keys(manifest: &mut DocumentMut, workspace: &DocumentMut) {
    let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) else { return };
    let inherited: Vec<String> =
        package.iter().filter(|(_, item)| inherits(item)).map(|(key, _)| key.to_owned()).collect();
    for key in inherited {
        package.remove(&key);
        let shared =
            at(workspace, &["workspace", "package", &key]).filter(|_| PACKAGE_KEYS.contains(&key.as_str()));
        if let Some(shared) = shared {
            package.insert(&key, shared.clone());
        }
    }
}

fn inherit_dependencies(dependencies: &mut dyn TableLike, shared: Option<&Item>) -> Result<()> {
    for (name, item) in dependencies.iter_mut() {
        if !inherits(item) {
            continue;
        }
        let name = name.get();
        let source = shared
            .and_then(|shared| shared.get(name))
            .ok_or_else(|| broken(format!("{name} is not among the workspace's dependencies")))?;
        *item = merged(source, item);
    }
    Ok(())
}

/// The workspace's dependency with what the member adds to it.
fn merged(source: &Item, member: &Item) -> Item {
    let mut table = match source.as_str() {
        Some(version) => InlineTable::from_iter([("version", version)]),
        None => inline(source),
    };
    for (key, own) in inline(member) {
        match (key.as_str(), table.get_mut(&key), own) {
            ("workspace", _, _) => {}
            ("features", Some(Value::Array(features)), Value::Array(own)) => {
                features.extend(own);
                features.fmt();
            }
            (_, _, own) => {
                table.insert(&key, own);
            }
        }
    }
    finished(table)
}

/// The dependency on the framework, with its features, taken from a folder.
fn at_path(regatta: &Item, framework: &str) -> Item {
    let mut table = InlineTable::from_iter([("path", framework)]);
    let source = ["path", "version", "git", "registry"];
    let kept = inline(regatta).into_iter().filter(|(key, _)| !source.contains(&key.as_str()));
    for (key, own) in kept {
        table.insert(&key, own);
    }
    finished(table)
}

/// A dependency that is just a version is written as one.
fn finished(mut table: InlineTable) -> Item {
    match table.get("version").and_then(Value::as_str) {
        Some(version) if table.len() == 1 => value(version),
        _ => {
            table.fmt();
            Item::Value(Value::InlineTable(table))
        }
    }
}

fn inline(item: &Item) -> InlineTable {
    match item.clone().into_value() {
        Ok(Value::InlineTable(table)) => table,
        _ => InlineTable::new(),
    }
}

fn inherits(item: &Item) -> bool {
    item.get("workspace").and_then(Item::as_bool) == Some(true)
}

fn at<'a>(document: &'a DocumentMut, path: &[&str]) -> Option<&'a Item> {
    path.iter().try_fold(document.as_item(), |item, key| item.get(key))
}

/// One empty line between tables, none at the ends.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines() {
        let last = lines.last().copied().unwrap_or_default();
        if line.starts_with('[') && !last.is_empty() && !last.starts_with('#') {
            lines.push("");
        }
        if !(line.is_empty() && last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

fn broken(reason: String) -> Error {
    Error::Template { file: "Cargo.toml".to_owned(), reason }
}
