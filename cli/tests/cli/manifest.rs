use std::path::Path;

use regatta_cli::scaffold::manifest::{direct_dependencies, standalone};

const WORKSPACE: &str = r#"
[workspace]
members = ["app"]

[workspace.package]
version = "0.3.0"
edition = "2024"
license = "MIT"

[workspace.lints.rust]
unsafe_code = "forbid"

[workspace.dependencies]
regatta = { path = "framework", version = "0.3.0" }
serde = { version = "1", features = ["derive"] }
bytes = "1"

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false
"#;

const MEMBER: &str = r#"[package]
name = "chat"
version.workspace = true
edition.workspace = true
license.workspace = true
publish = false

[lints]
workspace = true

[features]
fast = []

[dependencies]
# The framework.
regatta = { workspace = true, features = ["mysql"] }
serde = { workspace = true, features = ["rc"] }
bytes.workspace = true
url = "2"

[dev-dependencies]
regatta = { path = "../framework", features = ["testing"] }
"#;

const ALONE: &str = r#"[package]
name = "chat"
publish = false
version = "0.3.0"
edition = "2024"

[features]
fast = []

[dependencies]
# The framework.
regatta = { path = "/src/framework", features = ["mysql"] }
serde = { version = "1", features = ["derive", "rc"] }
bytes = "1"
url = "2"

[dev-dependencies]
regatta = { path = "/src/framework", features = ["testing"] }

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false

[workspace]
"#;

#[test]
fn a_member_of_a_workspace_becomes_a_package_that_stands_alone() {
    let manifest = standalone(MEMBER, WORKSPACE, Path::new("/src/framework")).unwrap();

    assert_eq!(manifest, ALONE);
}

#[test]
fn a_package_that_stands_alone_stays_as_it_is() {
    let manifest = standalone(ALONE, WORKSPACE, Path::new("/src/framework")).unwrap();

    assert_eq!(manifest, ALONE);
}

#[test]
fn lints_of_its_own_are_kept() {
    let member = "[package]\nname = \"chat\"\n\n[lints.rust]\nunsafe_code = \"deny\"\n";

    let manifest = standalone(member, WORKSPACE, Path::new("/src/framework")).unwrap();

    assert!(manifest.starts_with(member), "{manifest}");
}

#[test]
fn a_dependency_that_the_workspace_lacks_is_an_error() {
    let member = "[dependencies]\nrand.workspace = true\n";

    let error = standalone(member, WORKSPACE, Path::new("/src/framework")).unwrap_err();

    assert!(error.to_string().contains("rand is not among the workspace's dependencies"), "{error}");
}

#[test]
fn direct_dependencies_are_those_of_code_and_tests() {
    let names = direct_dependencies(MEMBER).unwrap();

    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["bytes", "regatta", "serde", "url"]);
}
