use std::fs;
use std::path::Path;
use std::process::Command;

use regatta_cli::scaffold::{NewFile, write};
use tempfile::tempdir;
use toml_edit::DocumentMut;

use crate::support::{entries, files, regatta, run};

const FRAMEWORK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../framework");

#[test]
fn new_says_what_to_type_next() {
    let folder = tempdir().unwrap();

    let (done, said) = run(regatta(folder.path()).args(["new", "my-chat"]));

    assert!(done, "{said}");
    assert!(said.contains("My Chat"), "{said}");
    for command in ["cd my-chat", "lift", "cargo test"] {
        assert!(said.contains(command), "{said}");
    }
}

#[test]
fn a_new_app_is_small_enough_to_read() {
    let folder = tempdir().unwrap();
    run(regatta(folder.path()).args(["new", "chat"]));

    let files = files(&folder.path().join("chat"));

    let written = files.iter().filter(|file| !file.ends_with("Cargo.lock"));
    let lines: usize =
        written.map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).lines().count()).sum();
    eprintln!("{} files, {lines} lines", files.len());
    assert!(files.len() <= 50, "{} files", files.len());
    assert!(lines <= 1_000, "{lines} lines");
}

#[test]
fn the_templates_names_are_nowhere_in_a_new_app() {
    let folder = tempdir().unwrap();
    let app = folder.path().join("harbour-master");
    run(regatta(folder.path()).args(["new", "harbour-master"]));

    for file in files(&app) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let path = file.strip_prefix(&app).unwrap().display().to_string();
        for name in ["app-template", "app_template", "App Template", "AppTemplate", "APP_TEMPLATE"] {
            assert!(!text.contains(name) && !path.contains(name), "{name} in {path}");
        }
    }
}

#[test]
fn a_new_app_ignores_what_it_leaves_behind_when_it_runs() {
    let folder = tempdir().unwrap();
    run(regatta(folder.path()).args(["new", "chat"]));

    let ignored = fs::read_to_string(folder.path().join("chat/.gitignore")).unwrap();

    for entry in ["target", ".tmp", "config/local.toml"] {
        assert!(ignored.contains(entry), "{entry}");
    }
    assert!(!ignored.contains("Cargo.lock"));
}

#[test]
fn a_new_app_stands_alone_inside_another_workspace() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    run(regatta(folder.path()).args(["new", "chat"]));

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let (done, said) = run(cargo.current_dir(folder.path().join("chat")));

    assert!(done, "{said}");
    assert!(said.contains("\"name\":\"chat\""), "{said}");
}

#[test]
fn the_manifest_names_the_framework_of_this_checkout() {
    let folder = tempdir().unwrap();
    run(regatta(folder.path()).args(["new", "chat"]));

    let path = framework_path(&folder.path().join("chat"));

    assert_eq!(path, Path::new(FRAMEWORK).canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn framework_path_overrides_it() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("fork")).unwrap();
    fs::write(folder.path().join("fork/Cargo.toml"), "[package]\nname = \"regatta\"\n").unwrap();

    let (done, said) = run(regatta(folder.path()).args(["new", "chat", "--framework-path", "fork"]));

    assert!(done, "{said}");
    let fork = folder.path().join("fork").canonicalize().unwrap();
    assert_eq!(framework_path(&folder.path().join("chat")), fork.to_str().unwrap());
}

#[test]
fn a_framework_path_without_the_framework_is_refused() {
    let folder = tempdir().unwrap();

    let (done, said) = run(regatta(folder.path()).args(["new", "chat", "--framework-path", "."]));

    assert!(!done);
    assert!(said.contains("no Cargo.toml of package `regatta`"), "{said}");
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn a_checkout_given_as_framework_path_is_refused_with_the_right_one() {
    let folder = tempdir().unwrap();
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    let (done, said) = run(regatta(folder.path()).args(["new", "chat", "--framework-path", checkout]));

    assert!(!done);
    assert!(said.contains(FRAMEWORK), "{said}");
}

#[test]
fn a_bad_name_is_refused_with_the_command_to_type() {
    let folder = tempdir().unwrap();

    for (typed, command) in [
        ("My Chat!", "regatta new my-chat\n"),
        ("serde", "regatta new serde-app\n"),
        ("some where/fn", "regatta new 'some where/fn-app'\n"),
    ] {
        let (done, said) = run(regatta(folder.path()).args(["new", typed]));

        assert!(!done);
        assert!(said.ends_with(command), "{said}");
    }
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn a_folder_with_something_in_it_is_refused_and_untouched() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("chat")).unwrap();
    fs::write(folder.path().join("chat/diary"), "dear").unwrap();

    let (done, said) = run(regatta(folder.path()).args(["new", "chat"]));

    assert!(!done);
    assert!(said.contains("not an empty folder"), "{said}");
    assert_eq!(entries(folder.path()), ["chat"]);
    assert_eq!(entries(&folder.path().join("chat")), ["diary"]);
    assert_eq!(fs::read_to_string(folder.path().join("chat/diary")).unwrap(), "dear");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused_and_untouched() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("chat"), "dear").unwrap();

    let (done, said) = run(regatta(folder.path()).args(["new", "chat"]));

    assert!(!done);
    assert!(said.contains("not an empty folder"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("chat")).unwrap(), "dear");
}

#[test]
fn an_empty_folder_and_missing_ones_above_are_taken() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();

    for app in ["empty", "deep/down/chat"] {
        let (done, said) = run(regatta(folder.path()).args(["new", app]));

        assert!(done, "{said}");
        assert!(folder.path().join(app).join("Cargo.toml").is_file());
    }
    assert_eq!(entries(&folder.path().join("deep/down")), ["chat"]);
}

#[test]
fn a_failure_half_way_leaves_nothing() {
    let folder = tempdir().unwrap();
    let file = |path: &str| NewFile { path: path.into(), contents: b"text".to_vec() };
    // The second file would have to lie inside the first.
    let files = [file("src"), file("src/lib.rs")];

    let error = write::write(&files, &folder.path().join("deep/chat")).unwrap_err();

    assert!(error.to_string().contains("src"), "{error}");
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn a_failure_half_way_leaves_an_empty_folder_empty() {
    let folder = tempdir().unwrap();
    let app = folder.path().join("chat");
    fs::create_dir(&app).unwrap();
    let file = |path: &str| NewFile { path: path.into(), contents: Vec::new() };

    write::write(&[file("src"), file("src/lib.rs")], &app).unwrap_err();

    assert_eq!(entries(folder.path()), ["chat"]);
    assert_eq!(entries(&app), Vec::<String>::new());
}

fn framework_path(app: &Path) -> String {
    let manifest: DocumentMut = fs::read_to_string(app.join("Cargo.toml")).unwrap().parse().unwrap();
    manifest["dependencies"]["regatta"]["path"].as_str().unwrap().to_owned()
}

#[test]
fn an_app_is_made_also_when_nobody_reads_what_is_said_of_it() {
    let folder = tempdir().unwrap();
    let (unread, printed) = std::io::pipe().unwrap();
    drop(unread);

    let output = regatta(folder.path()).args(["new", "quiet"]).stdout(printed).output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("quiet/Cargo.toml").exists());
}
