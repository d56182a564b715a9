mod fleet;
mod machine;
mod services;
mod settings;

use std::path::{Path, PathBuf};

use crate::config::{Config, Environment};

/// A configuration with these settings.
fn config(environment: Environment, settings: &[(&'static str, &str)]) -> Config {
    at(Path::new("/nonexistent"), environment, settings)
}

/// The same of an app in this folder.
fn at(root: &Path, environment: Environment, settings: &[(&'static str, &str)]) -> Config {
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Config::load_with(root, environment, &settings).unwrap()
}

/// A folder of one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        let path = std::env::temp_dir().join(format!("regatta-doctor-{}", u64::from_le_bytes(bytes)));
        std::fs::create_dir_all(path.join("config")).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
