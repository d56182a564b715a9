use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;

use super::{hex, load, random};
use crate::config::{Config, Environment};
use crate::sessions::SessionError;

const GOOD: &str = "3f9c1b7de04a58826c13f7a9d05be4417a62c8f03b9d5e1f";

struct Root(PathBuf);

impl Root {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("regatta-secret-{}", hex(&random::<8>().unwrap())));
        fs::create_dir(&root).unwrap();
        Self(root)
    }

    fn config(&self, environment: Environment, secrets: &[&str]) -> Config {
        let mut config = Config::load_with(&self.0, environment, &[]).unwrap();
        config.session.secret = secrets.iter().map(|&secret| secret.to_owned()).collect();
        config
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn production_refuses_a_missing_secret_with_the_command_that_makes_one() {
    let root = Root::new();
    let refused = load(&root.config(Environment::Production, &[" "])).unwrap_err();
    assert!(matches!(refused, SessionError::NoSecret));
    assert!(refused.to_string().starts_with("SESSION_SECRET is not set"));
    assert!(refused.to_string().ends_with("openssl rand -hex 32"));
    assert!(!root.0.join(".tmp").exists());
}

#[test]
fn production_refuses_short_secrets_and_samples() {
    let root = Root::new();
    let refusal = |secret: &str| load(&root.config(Environment::Production, &[GOOD, secret])).unwrap_err();
    assert!(matches!(refusal("3f9c1b7de04a5882"), SessionError::ShortSecret));
    for sample in ["change-me-change-me-change-me-1234567", "0101010101010101010101010101010101010101"] {
        assert!(matches!(refusal(sample), SessionError::SampleSecret), "{sample}");
    }
    assert_eq!(load(&root.config(Environment::Production, &[GOOD])).unwrap(), [GOOD]);
}

#[test]
fn elsewhere_a_secret_is_made_once_for_the_owner_only() {
    let root = Root::new();
    let config = root.config(Environment::Development, &[]);
    let made = load(&config).unwrap();
    assert_eq!(load(&config).unwrap(), made);
    let file = root.0.join(".tmp/session-secret");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(only_file(&root.0.join(".tmp")), file);
    fs::write(&file, "short").unwrap();
    assert!(load(&config).unwrap_err().to_string().contains("delete it, or set SESSION_SECRET"));
    assert_eq!(load(&root.config(Environment::Test, &["any"])).unwrap(), ["any"]);
}

#[test]
fn instances_that_start_together_agree_on_it() {
    let root = Root::new();
    let start = Barrier::new(8);
    let made: Vec<_> = std::thread::scope(|scope| {
        let instance = || {
            start.wait();
            load(&root.config(Environment::Test, &[])).unwrap()
        };
        let instances: Vec<_> = (0..8).map(|_| scope.spawn(instance)).collect();
        instances.into_iter().map(|instance| instance.join().unwrap()).collect()
    });
    assert!(made.iter().all(|secret| *secret == made[0]), "{made:?}");
    only_file(&root.0.join(".tmp"));
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}
