//! The generated `Cargo.lock`: the part of the workspace's that the app needs, so that it gets the tested versions.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::DocumentMut;

use super::AppName;
use crate::{Error, Result};

/// The template's package.
pub(super) const TEMPLATE: &str = "app-template";

const PACKAGE: &str = "[[package]]\n";

/// What a package depends on in this workspace and not in a new app: the CLI writes TOML, which an app only reads, and the
/// workspace builds the framework with features an app has off (`zstd`, `tls`), and servers for the bench. Cargo would take these lines out again, and refuse the
/// file where it is told to leave it alone.
const HERE_ALONE: [(&str, &str); 11] = [
    ("toml_edit", "toml_writer"),
    ("bytes", "serde"),
    ("regatta", "zstd"),
    ("regatta", "rustls"),
    ("redis", "rustls"),
    ("redis", "rustls-native-certs"),
    ("redis", "tokio-rustls"),
    ("sqlx-core", "rustls"),
    ("sqlx-core", "rustls-native-certs"),
    ("cc", "jobserver"),
    ("cc", "libc"),
];

/// What is left of a package's dependencies when it has no other.
const NONE: &str = "dependencies = [\n]";

/// One `[[package]]` of the lock file, its text kept as cargo wrote it.
#[derive(Debug)]
struct Package<'a> {
    name: String,
    version: String,
    /// `name`, `name version` or `name version (source)`, as much as is needed to be unique.
    dependencies: Vec<String>,
    text: &'a str,
}

/// The lock file of the app `name`: the template's package under the new name, with all it depends on.
pub fn for_app(workspace_lock: &str, name: &AppName) -> Result<String> {
    let mut parts = workspace_lock.split(PACKAGE);
    let head = parts.next().unwrap_or_default();
    let packages = parts.map(parse).collect::<Result<Vec<_>>>()?;

    let needed = reachable(&packages)?;
    let mut versions = BTreeMap::<_, usize>::new();
    for package in needed.iter().filter_map(|index| packages.get(*index)) {
        *versions.entry(package.name.as_str()).or_default() += 1;
    }
    let mut kept = BTreeMap::new();
    for index in needed {
        let Some(package) = packages.get(index) else { continue };
        let text = package.text.trim_end();
        // Cargo sorts by name, so the renamed package has another place; versions are in order already.
        if package.name == TEMPLATE {
            let text = text.replacen(&format!("\"{TEMPLATE}\""), &format!("\"{}\"", name.as_str()), 1);
            kept.insert((name.as_str(), index), text);
        } else {
            let text = without_versions(&without_ours(&package.name, text), &versions);
            kept.insert((package.name.as_str(), index), text);
        }
    }
    let kept: Vec<_> = kept.into_values().map(|text| format!("{PACKAGE}{text}\n")).collect();
    Ok(format!("{head}{}", kept.join("\n")))
}

fn is_ours(package: &str, dependency: &str) -> bool {
    HERE_ALONE.contains(&(package, dependency))
}

fn without_ours(package: &str, text: &str) -> String {
    let ours = |line: &str| is_ours(package, line.trim().trim_matches([',', '"']));
    let text = text.lines().filter(|line| !ours(line)).collect::<Vec<_>>().join("\n");
    text.replace(NONE, "").trim_end().to_owned()
}

/// Cargo writes which version a package depends on only where the file has several.
fn without_versions(text: &str, versions: &BTreeMap<&str, usize>) -> String {
    let line = |line: &str| -> Option<String> {
        let (name, _) = line.strip_prefix(" \"")?.strip_suffix("\",")?.split_once(' ')?;
        (versions.get(name) == Some(&1)).then(|| format!(" \"{name}\","))
    };
    text.lines().map(|text| line(text).unwrap_or_else(|| text.to_owned())).collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Result<Package<'_>> {
    let document: DocumentMut = text.parse().map_err(|error| broken(format!("{error}")))?;
    let string = |key: &str| {
        let value = document.get(key).and_then(|value| value.as_str());
        value.map(str::to_owned).ok_or_else(|| broken(format!("a package has no {key}")))
    };
    let dependencies = document.get("dependencies").and_then(|list| list.as_array());
    let dependencies = dependencies.into_iter().flatten().filter_map(|entry| entry.as_str());
    let name = string("name")?;
    let dependencies = dependencies.filter(|dependency| !is_ours(&name, dependency)).map(str::to_owned);
    Ok(Package { version: string("version")?, dependencies: dependencies.collect(), name, text })
}

/// The template's package and everything it depends on, directly or not.
fn reachable(packages: &[Package<'_>]) -> Result<BTreeSet<usize>> {
    let template = packages.iter().position(|package| package.name == TEMPLATE);
    let mut waiting = vec![template.ok_or_else(|| broken(format!("it has no package {TEMPLATE}")))?];
    let mut seen = BTreeSet::new();
    while let Some(index) = waiting.pop() {
        if !seen.insert(index) {
            continue;
        }
        for dependency in packages.get(index).into_iter().flat_map(|package| &package.dependencies) {
            let mut words = dependency.split(' ');
            let (name, version) = (words.next(), words.next());
            waiting.extend(packages.iter().enumerate().filter_map(|(index, package)| {
                let same = Some(package.name.as_str()) == name
                    && version.is_none_or(|version| version == package.version);
                same.then_some(index)
            }));
        }
    }
    Ok(seen)
}

fn broken(reason: String) -> Error {
    Error::Template { file: "Cargo.lock".to_owned(), reason }
}
