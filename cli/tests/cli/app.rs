use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::support::{regatta, run};

#[test]
fn commands_outside_an_app_say_what_to_do() {
    let folder = tempdir().unwrap();

    for command in ["lift", "routes", "migrate", "doctor"] {
        let (done, said) = run(regatta(folder.path()).arg(command));

        assert!(!done);
        assert!(said.contains("is not inside an app"), "{said}");
        assert!(said.ends_with("regatta new my-app\n"), "{said}");
    }
}

#[test]
fn help_outside_an_app_is_the_clis() {
    let folder = tempdir().unwrap();

    let (done, said) = run(regatta(folder.path()).args(["lift", "--help"]));

    assert!(done, "{said}");
    assert!(said.contains("Usage: regatta lift"), "{said}");
}

#[test]
fn a_command_inside_an_app_becomes_the_apps_with_all_arguments_but_release() {
    let folder = tempdir().unwrap();
    app(folder.path(), ECHO);
    let inside = folder.path().join("src");

    let (done, said) =
        run(command(&inside, folder.path()).args(["lift", "--port", "1", "--release", "--help"]));

    let root = folder.path().canonicalize().unwrap();
    assert!(done, "{said}");
    assert!(said.contains(&format!("lift --port 1 --help in {} optimised true", root.display())), "{said}");
}

#[test]
fn the_exit_code_is_the_apps() {
    let folder = tempdir().unwrap();
    app(folder.path(), "fn main() { std::process::exit(7) }");

    let status = command(folder.path(), folder.path()).arg("doctor").status().unwrap();

    assert_eq!(status.code(), Some(7));
}

#[test]
fn an_app_that_does_not_build_is_reported_once_cargo_has_said_why() {
    let folder = tempdir().unwrap();
    app(folder.path(), "fn main() { nonsense }");

    let (done, said) = run(command(folder.path(), folder.path()).arg("routes"));

    assert!(!done);
    assert!(said.contains("cannot find value `nonsense`"), "{said}");
    assert!(said.contains("does not build"), "{said}");
}

#[test]
fn of_several_binaries_the_packages_is_run() {
    let folder = tempdir().unwrap();
    app(folder.path(), ECHO);
    fs::create_dir(folder.path().join("src/bin")).unwrap();
    fs::write(folder.path().join("src/bin/other.rs"), "fn main() {}").unwrap();

    let (done, said) = run(command(folder.path(), folder.path()).arg("routes"));

    assert!(done, "{said}");
    assert!(said.contains("routes in "), "{said}");
}

#[test]
fn an_app_without_a_binary_is_an_error() {
    let folder = tempdir().unwrap();
    app(folder.path(), "");
    fs::rename(folder.path().join("src/main.rs"), folder.path().join("src/lib.rs")).unwrap();

    let (done, said) = run(command(folder.path(), folder.path()).arg("routes"));

    assert!(!done);
    assert!(said.contains("no binary"), "{said}");
}

/// Prints its arguments, its folder and its profile.
const ECHO: &str = r#"fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = std::env::current_dir().unwrap();
    println!("{} in {} optimised {}", arguments.join(" "), folder.display(), !cfg!(debug_assertions));
}"#;

/// An app without dependencies, so that it is built in a second.
fn app(folder: &Path, main: &str) {
    let manifest = "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.join("config")).unwrap();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), main).unwrap();
}

/// `regatta` in the folder `inside` of the app `root`.
fn command(inside: &Path, root: &Path) -> Command {
    let mut command = regatta(inside);
    // Away from the target folder of the tests, where several apps of one name would meet.
    command.env("CARGO_TARGET_DIR", root.join("target"));
    command
}
