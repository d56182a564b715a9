//! `SAILS_TEST_CONFIG`, and what of it the framework reads from its environment.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bare::Bare;

type Section = Map<String, Value>;

/// Signs cookies when nobody gives a secret: instances of one test share their sessions.
const SECRET: &str = "the-test-server-has-nothing-to-hide-at-all";

/// What the server is asked to be.
pub(super) struct Wanted {
    /// A server of a protocol alone.
    pub(super) bare: Option<Bare>,
    /// The models by identity; nothing for the fixture's.
    pub(super) models: Option<Section>,
    /// Targets by address.
    pub(super) routes: Section,
    variables: BTreeMap<String, String>,
}

impl Wanted {
    /// Reads the environment.
    pub(super) fn read() -> Result<Self, String> {
        if let Some(name) = variable("REGATTA_TESTSERVER") {
            let bare = Bare::of(&name)?;
            let mut variables = Variables::common();
            for (section, key, value) in bare.settings() {
                variables.key(section, key, value);
            }
            return Ok(Self {
                bare: Some(bare),
                models: None,
                routes: Section::new(),
                variables: variables.0,
            });
        }
        let config = match variable("SAILS_TEST_CONFIG") {
            None => Section::new(),
            Some(text) => match serde_json::from_str(&text) {
                Ok(Value::Object(config)) => config,
                Ok(_) => return Err("SAILS_TEST_CONFIG must be a JSON object".to_owned()),
                Err(error) => return Err(format!("SAILS_TEST_CONFIG is not JSON: {error}")),
            },
        };
        Self::of(config)
    }

    #[expect(clippy::print_stderr, reason = "what is passed over is told where the server's log is")]
    fn of(mut config: Section) -> Result<Self, String> {
        let mut section = |name: &str| match config.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(section)) => Ok(Some(section)),
            Some(_) => Err(format!("`{name}` must be an object")),
        };
        let models = section("models")?;
        let routes = section("routes")?.unwrap_or_default();
        let mut variables = Variables::common();
        variables.blueprints(section("blueprints")?.unwrap_or_default())?;
        variables.sockets(section("sockets")?.unwrap_or_default())?;
        variables.security(section("security")?.unwrap_or_default())?;
        variables.session(section("session")?.unwrap_or_default())?;
        if let Some(Value::String(environment)) = config.remove("environment") {
            variables.set("REGATTA_ENV", environment);
        }
        for name in config.keys() {
            eprintln!("testserver: `{name}` of SAILS_TEST_CONFIG means nothing here");
        }
        Ok(Self { bare: None, models, routes, variables: variables.0 })
    }

    /// The variables the app shall find; those of the caller win.
    pub(super) fn environment(&self) -> impl Iterator<Item = (&String, &String)> {
        self.variables.iter().filter(|(name, _)| variable(name).is_none())
    }
}

#[derive(Default)]
struct Variables(BTreeMap<String, String>);

impl Variables {
    /// What every test server's app finds.
    fn common() -> Self {
        let mut variables = Self::default();
        variables.set("DATABASE_URL", "sqlite::memory:");
        variables.set("SESSION_SECRET", SECRET);
        // There is no app folder: everything comes from the environment.
        variables.set("REGATTA_ROOT", "/nonexistent");
        if variable("REDIS_URL").is_some() {
            variables.key("sockets", "adapter", "redis");
        }
        variables
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn key(&mut self, section: &str, key: &str, value: impl Into<String>) {
        self.set(&format!("REGATTA__{}__{}", section.to_uppercase(), key.to_uppercase()), value);
    }

    /// Keys that are ours under another spelling; the framework refuses those it does not know.
    fn others(&mut self, section: &str, keys: Section) -> Result<(), String> {
        for (key, value) in keys {
            let here = format!("{section}.{key}");
            if !value.is_null() {
                self.key(section, &snake(&key), plain(&here, &value)?);
            }
        }
        Ok(())
    }

    fn blueprints(&mut self, keys: Section) -> Result<(), String> {
        self.others("blueprints", keys)
    }

    fn sockets(&mut self, mut keys: Section) -> Result<(), String> {
        let transports = keys.remove("transports").unwrap_or_else(|| vec!["websocket"].into());
        self.key("sockets", "transports", plain("sockets.transports", &transports)?);
        for (key, value) in [
            ("serveClient", false),
            ("cookie", false),
            ("allowUpgrades", true),
            ("allowEIO3", true),
            ("sendStatusCode", true),
            ("grant3rdPartyCookie", false),
        ] {
            only(&mut keys, "sockets", key, &value.into())?;
        }
        if let Some(Value::String(path)) = keys.remove("path") {
            self.key("sockets", "path", format!("{}/", path.trim_end_matches('/')));
        }
        for (theirs, ours) in [("pingInterval", "ping_interval"), ("pingTimeout", "ping_timeout")] {
            if let Some(millis) = keys.remove(theirs) {
                self.key("sockets", ours, format!("{}ms", plain(theirs, &millis)?));
            }
        }
        if let Some(bytes) = keys.remove("maxHttpBufferSize") {
            self.key("sockets", "max_payload", plain("sockets.maxHttpBufferSize", &bytes)?);
        }
        // Sails asks for a list in production only.
        let origins = keys.remove("onlyAllowOrigins").unwrap_or_else(|| "*".into());
        self.key("sockets", "allowed_origins", plain("sockets.onlyAllowOrigins", &origins)?);
        match keys.remove("adapter") {
            Some(Value::String(name)) if name.contains("redis") => self.key("sockets", "adapter", "redis"),
            Some(Value::String(name)) if name != "memory" => {
                return Err(format!("sockets.adapter is `{name}`: memory and redis are known here"));
            }
            _ => {}
        }
        if let Some(Value::String(url)) = keys.remove("url") {
            self.set("REDIS_URL", url);
        }
        self.others("sockets", keys)
    }

    fn security(&mut self, mut keys: Section) -> Result<(), String> {
        if let Some(Value::Object(mut cors)) = keys.remove("cors") {
            only(&mut cors, "security.cors", "allRoutes", &false.into())?;
        }
        // Off in Sails unless it is asked for.
        let csrf = keys.remove("csrf").unwrap_or(Value::Bool(false));
        self.key("security", "csrf", plain("security.csrf", &csrf)?);
        self.others("security", keys)
    }

    fn session(&mut self, mut keys: Section) -> Result<(), String> {
        if let Some(secret) = keys.remove("secret") {
            self.set("SESSION_SECRET", plain("session.secret", &secret)?);
        }
        if let Some(name) = keys.remove("name") {
            self.key("session", "cookie_name", plain("session.name", &name)?);
        }
        if let Some(Value::Object(mut cookie)) = keys.remove("cookie") {
            if let Some(millis) = cookie.remove("maxAge").filter(|value| !value.is_null()) {
                self.key("session", "idle", format!("{}ms", plain("session.cookie.maxAge", &millis)?));
            }
            if let Some(secure) = cookie.remove("secure") {
                self.key("session", "cookie_secure", plain("session.cookie.secure", &secure)?);
            }
            if let Some(unknown) = cookie.keys().next() {
                return Err(format!("session.cookie.{unknown} can't be set here"));
            }
        }
        match keys.remove("adapter") {
            Some(Value::String(name)) if name.contains("redis") => self.key("session", "adapter", "redis"),
            Some(Value::String(name)) if name != "memory" => {
                return Err(format!("session.adapter is `{name}`: memory and redis are known here"));
            }
            _ => {}
        }
        self.others("session", keys)
    }
}

/// Refuses a key with another value than the one the framework has.
fn only(keys: &mut Section, section: &str, key: &str, value: &Value) -> Result<(), String> {
    match keys.remove(key) {
        None | Some(Value::Null) => Ok(()),
        Some(given) if given == *value => Ok(()),
        Some(given) => Err(format!("{section}.{key} is {given}: only {value} is there yet")),
    }
}

/// A value as a variable has it; lists are separated by commas.
fn plain(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(list) => {
            let items: Result<Vec<_>, _> = list.iter().map(|item| plain(key, item)).collect();
            Ok(items?.join(","))
        }
        Value::Null | Value::Object(_) => Err(format!("`{key}` must be a text, number, boolean or list")),
    }
}

/// `restPrefix` as `rest_prefix`.
fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
