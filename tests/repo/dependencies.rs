//! The dependency tree keeps to `deny.toml`. `cargo deny check` reads the same file and knows more (advisories), but
//! takes longer to build than the whole workspace; these rules hold without it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use regatta_tests::scaffold::{cargo, succeed};
use regatta_tests::workdir::repository;

use crate::licence::is_accepted;

/// Two versions of these would be two runtimes, two connection pools or two kinds of values.
const ONCE_ONLY: [&str; 4] = ["redis", "serde_json", "sqlx", "tokio"];

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

struct Package {
    name: String,
    version: String,
    licence: String,
    /// From crates.io, not of this workspace.
    foreign: bool,
}

#[test]
fn a_new_duplicate_version_is_refused() {
    let skipped: BTreeSet<_> = skips().into_iter().map(|(package, _)| package).collect();
    let refused: Vec<_> = duplicates()
        .into_iter()
        .filter(|(name, versions)| {
            let unlisted = versions.iter().filter(|version| !skipped.contains(&format!("{name}@{version}")));
            unlisted.count() > 1
        })
        .map(|(name, versions)| format!("{name}: {}", versions.join(", ")))
        .collect();

    assert!(
        refused.is_empty(),
        "more than one version; see who brings them with `cargo tree --invert NAME@VERSION`, choose another, or add one \
         with its reason to `skip` in deny.toml:\n{}",
        refused.join("\n")
    );
}

#[test]
fn a_skipped_duplicate_has_a_reason_and_is_still_one() {
    let duplicates = duplicates();
    for (package, reason) in skips() {
        let (name, version) = package.split_once('@').expect("skip names a package as name@version");
        assert!(reason.len() > 10, "{package} is skipped without a reason");
        let versions =
            duplicates.get(name).is_some_and(|versions| versions.iter().any(|other| other == version));
        assert!(versions, "{package} is no duplicate any more: take it off the skip list in deny.toml");
        assert!(!ONCE_ONLY.contains(&name), "{name} may be there only once");
    }
}

#[test]
fn every_licence_is_an_accepted_one() {
    let accepted: Vec<_> =
        list("licenses", "allow").iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let refused: Vec<_> = packages()
        .iter()
        .filter(|package| package.foreign && !is_accepted(&package.licence, &accepted))
        .map(|package| format!("{} {}: {}", package.name, package.version, package.licence))
        .collect();

    assert!(refused.is_empty(), "not satisfied by `allow` in deny.toml:\n{}", refused.join("\n"));
}

#[test]
fn everything_comes_from_crates_io() {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("Cargo.lock");
    let strangers: Vec<_> = lock
        .lines()
        .filter(|line| line.starts_with("source = "))
        .filter(|line| !line.contains("registry+https://github.com/rust-lang/crates.io-index"))
        .collect();

    assert!(strangers.is_empty(), "{strangers:?}");
}

/// Names with more than one version among the packages that are compiled, with the versions.
fn duplicates() -> BTreeMap<String, Vec<String>> {
    let mut versions = BTreeMap::<_, Vec<_>>::new();
    for package in packages() {
        versions.entry(package.name.clone()).or_default().push(package.version.clone());
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

/// The packages that are compiled on our platform with all features, tests included.
fn packages() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let mut tree = cargo("tree");
        tree.args([
            "--locked",
            "--workspace",
            "--all-features",
            "--target",
            PLATFORM,
            "--edges",
            "normal,build,dev",
        ]);
        // Not `cargo metadata`: it also lists optional packages that no feature switches on.
        tree.args(["--prefix", "none", "--format", "{p}|{l}"]).current_dir(repository());
        let output = String::from_utf8(succeed(&mut tree).stdout).expect("cargo tree prints text");
        let lines: BTreeSet<_> = output.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        lines.into_iter().filter_map(package).collect()
    })
}

/// Reads `name v1.2.3|MIT`; what the workspace holds has its folder behind the version.
fn package(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    Some(Package { name, version, licence: licence.to_owned(), foreign: !package.contains("(/") })
}

/// The skipped packages as `name@version`, with their reasons.
fn skips() -> Vec<(String, String)> {
    let text = |entry: &toml::Value, key: &str| {
        entry.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    list("bans", "skip").iter().map(|entry| (text(entry, "crate"), text(entry, "reason"))).collect()
}

fn list(section: &str, key: &str) -> Vec<toml::Value> {
    let text = fs::read_to_string(repository().join("deny.toml")).expect("deny.toml");
    let deny: toml::Value = toml::from_str(&text).expect("deny.toml is TOML");
    let list = deny.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
    list.unwrap_or_else(|| panic!("deny.toml has no list {section}.{key}")).clone()
}
