//! What a configuration means, told by example.

use std::fs;
use std::path::PathBuf;

use super::{Adapter, Config, ConfigError, Environment, SessionAdapter, Settings};

struct App(PathBuf);

impl App {
    fn with(files: &[(&str, &str)]) -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        let root = std::env::temp_dir().join(format!("regatta-config-{}", u64::from_le_bytes(bytes)));
        fs::create_dir_all(root.join("config")).unwrap();
        for (name, text) in files {
            fs::write(root.join("config").join(name), text).unwrap();
        }
        Self(root)
    }

    fn load(&self, environment: Environment) -> Result<Config, ConfigError> {
        Config::load_with(&self.0, environment, &[])
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn nothing_written_is_a_complete_configuration() {
    let config = App::with(&[]).load(Environment::Development).unwrap();
    assert_eq!(config.http.port, 1337);
    assert_eq!(config.sockets.adapter, Adapter::Memory);
    assert_eq!(config.datastore("default").unwrap().url, "sqlite://.tmp/development.db");
}

#[test]
fn the_table_of_the_environment_wins_over_the_file() {
    let app = App::with(&[("sockets.toml", "adapter = \"memory\"\n[production]\nadapter = \"redis\"\n")]);
    assert_eq!(app.load(Environment::Development).unwrap().sockets.adapter, Adapter::Memory);
    assert_eq!(app.load(Environment::Production).unwrap().sockets.adapter, Adapter::Redis);
}

#[test]
fn local_toml_and_flags_win_over_files() {
    let app = App::with(&[("http.toml", "port = 1\n"), ("local.toml", "[http]\nport = 2\n")]);
    assert_eq!(app.load(Environment::Test).unwrap().http.port, 2);
    let flags = [("http.port", "3".to_owned())];
    assert_eq!(Config::load_with(&app.0, Environment::Test, &flags).unwrap().http.port, 3);
}

#[test]
fn files_of_a_datastore_are_the_apps_and_a_higher_layer_takes_them_away() {
    let file = "[redis]\nca_file = \"config/ca.pem\"\nkey_file = \"/etc/key\"\nmaster = \"main\"";
    let app = App::with(&[("datastores.toml", file)]);
    let config = app.load(Environment::Test).unwrap();
    let redis = config.datastore("redis").unwrap();
    assert_eq!(redis.ca_file, Some(app.0.join("config/ca.pem")));
    assert_eq!(redis.key_file, Some(PathBuf::from("/etc/key")));
    let keys = ["datastores.redis.ca_file", "datastores.redis.key_file", "datastores.redis.master"];
    let flags = keys.map(|key| (key, String::new()));
    let config = Config::load_with(&app.0, Environment::Test, &flags).unwrap();
    let redis = config.datastore("redis").unwrap();
    assert_eq!((&redis.ca_file, &redis.key_file, &redis.master), (&None, &None, &None));
}

#[test]
fn sessions_follow_the_sockets_adapter() {
    let app = App::with(&[("sockets.toml", "adapter = \"redis\"")]);
    assert_eq!(app.load(Environment::Test).unwrap().session_adapter(), SessionAdapter::Redis);
}

#[test]
fn an_unknown_key_is_refused_with_place_and_nearest_key() {
    let app = App::with(&[("sockets.toml", "\n\nadaptor = \"redis\"\n")]);
    let message = app.load(Environment::Test).unwrap_err().to_string();
    assert_eq!(message, "config/sockets.toml:3: unknown key `adaptor`; did you mean `adapter`?");
}

#[test]
fn an_unknown_key_in_another_environments_table_is_refused_too() {
    let app = App::with(&[("http.toml", "[production]\nprot = 80\n")]);
    let message = app.load(Environment::Development).unwrap_err().to_string();
    assert_eq!(message, "config/http.toml:2: unknown key `prot`; did you mean `port`?");
}

#[test]
fn a_wrong_type_names_the_section_and_the_line() {
    let app = App::with(&[("http.toml", "\nport = \"many\"\n")]);
    let message = app.load(Environment::Test).unwrap_err().to_string();
    assert!(message.contains("`http`") && message.contains("config/http.toml:2"), "{message}");
}

#[test]
fn a_missing_variable_is_named() {
    let app = App::with(&[("http.toml", "public_url = \"${REGATTA_TEST_NOT_SET}\"\n")]);
    let message = app.load(Environment::Test).unwrap_err().to_string();
    assert!(message.starts_with("config/http.toml:1: ${REGATTA_TEST_NOT_SET} is not set"), "{message}");
}

#[test]
fn a_variable_of_another_environment_is_not_needed() {
    let app = App::with(&[("http.toml", "[production]\npublic_url = \"${REGATTA_TEST_NOT_SET}\"\n")]);
    assert!(app.load(Environment::Development).is_ok());
    assert!(app.load(Environment::Production).is_err());
}

#[test]
fn broken_toml_names_the_line() {
    let app = App::with(&[("log.toml", "level = \"info\"\nformat =\n")]);
    let message = app.load(Environment::Test).unwrap_err().to_string();
    assert!(message.starts_with("config/log.toml:2: not valid TOML"), "{message}");
}

/// The reference page is made from the structs: `REGATTA_BLESS=1 cargo test -p regatta reference` writes it anew.
#[test]
fn the_reference_page_is_what_the_structs_say() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let text = fs::read_to_string(&page).unwrap();
    let marker = "<!-- keys -->\n";
    let (head, _) = text.split_once(marker).unwrap();
    let wanted = format!("{head}{marker}{}", reference());
    if std::env::var_os("REGATTA_BLESS").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    assert_eq!(fs::read_to_string(&page).unwrap(), wanted);
}

fn reference() -> String {
    let mut out = String::new();
    let mut section = |name: &str, keys: &[super::Key], defaults: serde_json::Value| {
        out += &format!("\n## config/{name}.toml\n\n| key | default | what |\n|---|---|---|\n");
        for key in keys {
            let default = match &defaults[key.name] {
                serde_json::Value::Null => String::new(),
                value => format!("`{value}`"),
            };
            out += &format!("| `{}` | {} | {} |\n", key.name, default, key.doc);
        }
    };
    macro_rules! sections {
        ($($config:ty),+) => {$(
            section(<$config>::SECTION, <$config>::KEYS, serde_json::to_value(<$config>::default()).unwrap());
        )+};
    }
    sections!(
        super::HttpConfig,
        super::FleetConfig,
        super::SocketsConfig,
        super::SessionConfig,
        super::CacheConfig,
        super::DatastoreConfig,
        super::ModelsConfig,
        super::BlueprintsConfig,
        super::OpenapiConfig,
        super::UploadsConfig,
        super::ViewsConfig,
        super::SecurityConfig,
        super::LogConfig,
        super::MetricsConfig
    );
    out
}
