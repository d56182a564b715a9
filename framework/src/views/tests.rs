//! What a page is made of.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::Views;
use crate::assets::Assets;
use crate::config::{Config, Environment};

fn app(environment: Environment, files: &[(&str, &str)]) -> (TempDir, Views) {
    let root = TempDir::new().unwrap();
    for (name, text) in files {
        let path = root.path().join("views").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let config = Config::load_with(root.path(), environment, &[]).unwrap();
    let views = Views::load(&config, &Assets::load(&config).unwrap()).unwrap();
    (root, views)
}

fn change(root: &Path, name: &str, text: &str) {
    let path = root.join("views").join(name);
    fs::write(&path, text).unwrap();
    // The clock of files may be coarse: say clearly that this one is newer.
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
}

#[test]
fn every_template_is_escaped_whatever_its_name() {
    let (_root, views) = app(
        Environment::Test,
        &[("a.html", "{{ x }}"), ("b.tera", "{{ x }}"), ("c.txt", "{{ x }}"), ("deep/d.html", "{{ x }}")],
    );
    let context = crate::context! { x: "<script>\"&'" };

    for name in ["a", "b.tera", "c.txt", "deep/d"] {
        let html = views.render_text(name, &context).unwrap();
        assert!(!html.contains('<') && !html.contains('"'), "{name}: {html}");
    }
}

#[test]
fn development_sees_a_changed_template_and_production_does_not() {
    for (environment, expected) in [(Environment::Development, "new"), (Environment::Production, "old")] {
        let (root, views) = app(environment, &[("page.html", "old")]);
        assert_eq!(views.render_text("page", &crate::context! {}).unwrap(), "old");

        change(root.path(), "page.html", "new");

        assert_eq!(views.render_text("page", &crate::context! {}).unwrap(), expected);
    }
}

#[test]
fn a_missing_template_is_named() {
    let (_root, views) = app(Environment::Test, &[]);
    let error = views.render_text("pages/nowhere", &crate::context! {}).unwrap_err();
    assert!(error.message().contains("pages/nowhere.html"), "{error}");
}

#[test]
fn a_wrong_template_is_named_with_its_place_and_mends_itself() {
    let (root, views) = app(Environment::Development, &[("page.html", "old")]);

    change(root.path(), "page.html", "one\n{% if x %}");
    let wrong = views.render_text("page", &crate::context! {}).unwrap_err();
    fs::write(root.path().join("views/page.html"), "longer than before").unwrap();

    assert!(
        wrong.message().contains("views is wrong: ") && wrong.message().contains("page.html:2:"),
        "{wrong}"
    );
    assert_eq!(views.render_text("page", &crate::context! {}).unwrap(), "longer than before");
}

#[test]
fn a_page_has_the_addresses_of_the_files_it_needs() {
    let (root, views) = app(Environment::Development, &[("page.html", "{{ asset(path=\"deep/a.js\") }}")]);
    let missing = views.render_text("page", &crate::context! {}).unwrap_err();
    assert!(missing.message().contains("deep/a.js"), "{missing}");

    fs::create_dir_all(root.path().join("assets/deep")).unwrap();
    fs::write(root.path().join("assets/deep/a.js"), "1").unwrap();

    assert_eq!(views.render_text("page", &crate::context! {}).unwrap(), "/assets/deep/a.js");
}
