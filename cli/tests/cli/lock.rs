use std::collections::BTreeSet;

use regatta_cli::scaffold::{AppName, lock};

const WORKSPACE: &str = r#"# Generated.
version = 4

[[package]]
name = "app-template"
version = "0.1.0"
dependencies = [
 "regatta",
]

[[package]]
name = "bytes"
version = "1.0.0"
source = "registry"
dependencies = [
 "serde",
]

[[package]]
name = "rand"
version = "0.9.0"
source = "registry"

[[package]]
name = "rand"
version = "0.10.0"
source = "registry"

[[package]]
name = "regatta"
version = "0.1.0"
dependencies = [
 "bytes",
 "rand 0.10.0",
 "serde",
]

[[package]]
name = "regatta-cli"
version = "0.1.0"
dependencies = [
 "rand 0.9.0",
]

[[package]]
name = "serde"
version = "1.0.0"
source = "registry"
"#;

const APP: &str = r#"# Generated.
version = 4

[[package]]
name = "bytes"
version = "1.0.0"
source = "registry"

[[package]]
name = "rand"
version = "0.10.0"
source = "registry"

[[package]]
name = "regatta"
version = "0.1.0"
dependencies = [
 "bytes",
 "rand",
 "serde",
]

[[package]]
name = "sail"
version = "0.1.0"
dependencies = [
 "regatta",
]

[[package]]
name = "serde"
version = "1.0.0"
source = "registry"
"#;

/// And to no more: of `bytes` only the bench's servers want what `serde` adds. A version is named as cargo does, where
/// there are several.
#[test]
fn an_app_is_locked_to_what_it_needs_of_the_workspaces_versions() {
    let name = AppName::parse("sail", &BTreeSet::new()).unwrap();

    let lock = lock::for_app(WORKSPACE, &name).unwrap();

    assert_eq!(lock, APP);
}
