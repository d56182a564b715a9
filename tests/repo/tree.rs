//! The shape of the repository: what lies at its top, and how long its files are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regatta_tests::workdir::{files_below, repository, target};

const FOLDERS: [&str; 5] = ["app-template", "cli", "docs", "framework", "tests"];

const FILES: [&str; 12] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

const LINES: usize = 400;

/// Files that are longer and still have one subject, with the reason. None so far.
const LONGER: [(&str, &str); 0] = [];

#[test]
fn nothing_else_lies_at_the_top() {
    let strangers: Vec<_> = fs::read_dir(repository())
        .expect("the repository")
        .flatten()
        .filter(|entry| entry.path() != target())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && name != "target")
        .filter(|name| !FOLDERS.contains(&name.as_str()) && !FILES.contains(&name.as_str()))
        .collect();

    assert!(strangers.is_empty(), "not in the design's list of top-level names: {strangers:?}");
}

#[test]
fn files_have_one_subject_and_at_most_400_lines() {
    let listed = BTreeMap::from(LONGER);
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (fs::read_to_string(&file).expect("a source file").lines().count(), file))
        .filter(|(lines, file)| *lines > LINES && !listed.contains_key(relative(file).as_str()))
        .map(|(lines, file)| format!("{} has {lines} lines", relative(&file)))
        .collect();

    assert!(
        long.is_empty(),
        "split them by subject, or list them with a reason in tests/repo/tree.rs:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_list_of_longer_files_is_up_to_date() {
    for (file, reason) in LONGER {
        let lines = fs::read_to_string(repository().join(file)).map(|text| text.lines().count());
        assert!(
            lines.is_ok_and(|lines| lines > LINES),
            "{file} ({reason}) is not longer any more: take it off the list"
        );
    }
}

#[test]
fn unit_tests_lie_in_files_of_their_own() {
    let inline: Vec<_> = sources()
        .into_iter()
        .filter(|file| !file.starts_with(repository().join("tests")))
        .filter(|file| fs::read_to_string(file).expect("a source file").contains("mod tests {"))
        .map(|file| relative(&file))
        .collect();

    assert!(inline.is_empty(), "move `mod tests {{ … }}` into a sibling file: {inline:?}");
}

fn relative(file: &Path) -> String {
    file.strip_prefix(repository()).expect("a file of the repository").display().to_string()
}

fn sources() -> Vec<PathBuf> {
    let folders = FOLDERS.map(|folder| repository().join(folder));
    let files = folders
        .iter()
        .filter(|folder| folder.is_dir())
        .flat_map(|folder| files_below(folder).into_iter().map(move |file| folder.join(file)));
    let known = ["rs", "js", "mjs", "html", "css", "toml"];
    files
        .filter(|file| !file.iter().any(|part| part == "node_modules" || part == "target"))
        .filter(|file| {
            file.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| known.contains(&kind))
        })
        .collect()
}
