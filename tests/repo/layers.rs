//! The framework's modules keep to their floors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regatta_tests::workdir::{files_below, repository};

use crate::floors::violation;
use crate::paths::{re_exports, root_paths};

/// Every reach up or right in the sources below `folder`, as `file:line: sentence`.
fn violations_in(folder: &Path) -> Vec<String> {
    let root = fs::read_to_string(folder.join("lib.rs")).expect("the root of the crate");
    let re_exported: BTreeMap<_, _> = re_exports(&root).into_iter().collect();
    let mut violations = Vec::new();
    for file in
        files_below(folder).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
    {
        if is_test(&file) {
            continue;
        }
        let source = fs::read_to_string(folder.join(&file)).expect("a source file");
        let user = module_of(&file);
        for (line, used) in root_paths(&source, depth(&file)) {
            let used = re_exported.get(&used).unwrap_or(&used);
            let named = violation(&user, used).map(|text| format!("{}:{line}: {text}", file.display()));
            violations.extend(named);
        }
    }
    violations
}

/// The root's module a file belongs to: `db` for `db/sqlite.rs` and for `db.rs`.
fn module_of(file: &Path) -> String {
    let first = file.components().next().expect("a path has a component");
    Path::new(first.as_os_str()).file_stem().expect("a name").to_string_lossy().into_owned()
}

/// How many modules a file lies below the root: 1 for `db.rs` and `db/mod.rs`, 2 for `db/sqlite.rs`.
fn depth(file: &Path) -> usize {
    file.components().count() - usize::from(file.ends_with("mod.rs"))
}

/// Unit tests may look at a module from above.
fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.iter().any(|part| part == "tests")
}

#[test]
fn the_framework_keeps_to_its_floors() {
    let violations = violations_in(&repository().join("framework/src"));

    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn a_wrong_use_is_named_with_both_modules() {
    let sample = tempfile::tempdir().expect("a folder");
    let write = |file: &str, text: &str| {
        let path = sample.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, text).expect("the file");
    };
    write("lib.rs", "pub use crate::app::App;\npub use error::Error;");
    write(
        "bus/redis.rs",
        "use crate::redis::Client;\n\nuse crate::{Error, error::Code, sessions};\nuse super::super::app;",
    );
    write("bus/tests.rs", "use crate::app::App;");
    write("health.rs", "use crate::App;");
    write("helpers.rs", "use crate::error::Error;");

    let violations = violations_in(sample.path());

    assert_eq!(
        violations,
        [
            "bus/redis.rs:3: `bus` uses `sessions`, which is above it or to its right",
            "bus/redis.rs:4: `bus` uses `app`, which is above it or to its right",
            "health.rs:1: `health` uses `app`, which is above it or to its right",
            "helpers.rs:1: `helpers` has no floor: give it one in tests/repo/floors.rs and in the design",
        ]
    );
}
