use super::config;
use crate::config::Environment;
use crate::doctor::About;
use crate::doctor::instances::Fleet;
use crate::health::Finding;

fn about(build: &str, secrets: &[&str]) -> About {
    About {
        version: "1.0.0".to_owned(),
        build: build.to_owned(),
        host: "web1".to_owned(),
        machine: "m1".to_owned(),
        secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
    }
}

fn fleet(running: &[About], own: &str) -> Fleet {
    let running = running.iter().enumerate().map(|(n, about)| (format!("i{n}"), about.clone()));
    Fleet { running: running.collect(), at_least: 1, own: Some(about(own, &[])) }
}

fn told(fleet: &Fleet) -> Finding {
    fleet.look(&config(Environment::Test, &[])).remove(0).1
}

#[test]
fn instances_of_different_builds_are_told() {
    let (old, new) = (about("aaaa", &[]), about("bbbb", &[]));
    assert!(fleet(&[], "aaaa").look(&config(Environment::Test, &[])).is_empty());
    assert!(matches!(told(&fleet(&[old.clone(), old.clone()], "aaaa")), Finding::Good(_)));
    assert!(matches!(told(&fleet(&[old.clone(), old.clone()], "bbbb")), Finding::Hint(_)));
    let mixed = told(&fleet(&[old.clone(), new, old], "bbbb"));
    assert!(matches!(&mixed, Finding::Warning(text) if text.contains("build aaaa")), "{mixed:?}");
    assert!(mixed.text().ends_with("`fleet restart`"), "{mixed:?}");
}

#[test]
fn an_instance_with_another_secret_is_named() {
    let secrets = |lists: &[&[&str]]| -> Vec<About> { lists.iter().map(|list| about("a", list)).collect() };
    assert!(fleet(&secrets(&[&["x"], &["x"]]), "a").strangers().is_empty());
    // In the middle of a change: each knows what the others sign with.
    assert!(fleet(&secrets(&[&["x", "y"], &["y", "x"]]), "a").strangers().is_empty());
    assert_eq!(fleet(&secrets(&[&["x"], &["y", "x"]]), "a").strangers(), ["i0"]);
    assert_eq!(fleet(&secrets(&[&["x"], &["y"]]), "a").strangers(), ["i0", "i1"]);
}

#[test]
fn hosts_are_told_apart_by_more_than_their_names() {
    let (mut one, mut other) = (about("a", &[]), about("a", &[]));
    (one.host, other.host) = ("container-1".to_owned(), "container-2".to_owned());
    assert_eq!(fleet(&[one.clone(), other.clone()], "a").hosts().len(), 1, "containers of one host");
    other.machine = "m2".to_owned();
    assert_eq!(fleet(&[one, other], "a").hosts(), ["container-1", "container-2"]);
}

#[test]
fn this_process_tells_the_same_about_itself_every_time() {
    let secrets = ["0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned()];
    let about = About::this(&secrets);
    assert_eq!(about, serde_json::from_str(&About::this(&secrets).text()).unwrap());
    assert!(!about.build.is_empty() && !about.host.is_empty());
    assert!(!about.text().contains(&secrets[0]), "a mark tells nothing");
}
