use std::path::Path;

use super::look_at;
use crate::config::{Config, Environment};

/// What is said about sessions with these settings.
fn told(settings: &[(&'static str, &str)]) -> Option<String> {
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let config = Config::load_with(Path::new("/nonexistent"), Environment::Test, &settings).unwrap();
    let found = look_at(&config).into_iter().find(|(name, _)| *name == "sessions");
    found.map(|(_, finding)| finding.text().to_owned())
}

#[test]
fn settings_of_sessions_that_cannot_be_meant_are_told() {
    assert_eq!(told(&[]), None);
    assert!(told(&[("session.idle", "8days")]).unwrap().starts_with("idle in config/session.toml"));
    assert!(told(&[("session.turn_lease", "0s")]).unwrap().contains("turn_lease"));
    let in_sqlite = [("session.adapter", "sql"), ("datastores.default.url", "sqlite://app.db")];
    assert_eq!(told(&in_sqlite), None, "one host");
    let many = [in_sqlite.as_slice(), &[("sockets.adapter", "redis")]].concat();
    assert!(told(&many).unwrap().contains("SQLite file"));
}
