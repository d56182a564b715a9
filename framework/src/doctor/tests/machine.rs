use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Folder, at, config};
use crate::config::Environment;
use crate::doctor::machine::{folders, open_files, readable};
use crate::health::Finding;

#[test]
fn open_files_are_as_many_as_clients_may_come() {
    let settings = [("http.workers", "2"), ("http.max_connections", "1000")];
    let told = |environment, limit| open_files(&config(environment, &settings), Some(limit));
    assert!(matches!(told(Environment::Production, 2_256), Finding::Good(_)));
    let few = told(Environment::Production, 2_255);
    assert!(matches!(&few, Finding::Warning(text) if text.contains("LimitNOFILE=2256")), "{few:?}");
    assert!(matches!(told(Environment::Development, 1_024), Finding::Hint(_)));
    assert!(told(Environment::Development, 100).is_error());
    assert!(matches!(open_files(&config(Environment::Production, &settings), None), Finding::Good(_)));
}

#[test]
fn a_folder_that_takes_no_files_is_an_error() {
    let folder = Folder::new();
    let told = |uploads: &str| folders(&at(&folder.0, Environment::Test, &[("uploads.folder", uploads)]));
    assert!(matches!(told(".tmp/uploads")[..], [("folders", Finding::Good(_))]));
    fs::write(folder.0.join("file"), "").unwrap();
    let [("uploads", Finding::Error(text))] = &told("file/uploads")[..] else { panic!("no error") };
    assert!(
        text.contains("file/uploads") && text.ends_with("change folder in config/uploads.toml"),
        "{text}"
    );
    assert!(fs::read_dir(&folder.0).unwrap().count() == 2, "nothing of the probe stays");
}

#[test]
fn a_secret_that_everybody_may_read_is_told() {
    let folder = Folder::new();
    let file = folder.0.join("config/local.toml");
    fs::write(&file, "").unwrap();
    let told = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        readable(&at(&folder.0, Environment::Test, &[]))
    };
    assert!(told(0o600).is_empty() && told(0o640).is_empty());
    let [("secrets", Finding::Warning(text))] = &told(0o644)[..] else { panic!("no warning") };
    assert!(text.ends_with(&format!("`chmod 600 {}`", file.display())), "{text}");
}
