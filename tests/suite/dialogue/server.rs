//! The test server as a process.

use std::process::Command;

use regatta_tests::http::wait_ready;
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::wait::START;
use regatta_tests::workdir::Workdir;
use serde_json::{Value, json};

use super::doors::{Asks, Door};
use super::voice::{Revision, Voice};

/// A test server of one configuration.
pub(super) struct Server {
    base: String,
    process: Process,
    _folder: Workdir,
}

impl Server {
    /// Starts one with a configuration shaped like Sails'. It has one worker, so that what was sent before an answer
    /// arrives before the next one.
    pub(super) fn new(config: &Value) -> Self {
        Self::with(config, &[("REGATTA__HTTP__WORKERS", "1")])
    }

    /// The same with variables of its own.
    pub(super) fn with(config: &Value, variables: &[(&str, &str)]) -> Self {
        let folder = Workdir::new();
        let port = ports::free();
        let base = format!("http://127.0.0.1:{port}");
        let mut command = command(config, variables);
        let process = Process::start("testserver", command.env("PORT", port.to_string()), folder.path());
        process.wait_for_line("listening on", START);
        wait_ready(&base, START);
        Self { base, process, _folder: folder }
    }

    /// With people and pets, as [`zoo`] has them.
    pub(super) fn zoo() -> Self {
        Self::new(&json!({ "models": zoo() }))
    }

    /// `http://127.0.0.1:<port>`.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// All it has written so far.
    pub(super) fn log(&self) -> String {
        self.process.log()
    }

    /// A way in over HTTP.
    pub(super) fn http(&self) -> Door {
        Door::http(&self.base)
    }

    /// Every way in.
    pub(super) fn doors(&self) -> [Door; 3] {
        [self.http(), Door::socket(self.voice(Revision::V3)), Door::socket(self.voice(Revision::V4))]
    }

    /// The same dialogue through each of them, every time with a new server whose ids begin at 1.
    pub(super) fn through_every_door(config: &Value, talk: impl Fn(&Self, &mut Door)) {
        for which in 0..3 {
            let server = Self::new(config);
            talk(&server, &mut server.doors()[which]);
        }
    }

    /// A socket.
    pub(super) fn voice(&self, revision: Revision) -> Voice {
        Voice::connect(&self.base, revision, "").expect("a socket")
    }

    /// Calls a model's method and returns its result.
    #[track_caller]
    pub(super) fn call(&self, method: &str, call: &Value) -> Value {
        let (status, body) = self.http().ask("POST", &format!("/__t/{method}"), &call.to_string());
        assert_eq!(status, 200, "{method} {call}: {body}");
        serde_json::from_str::<Value>(&body).expect("JSON")["r"].take()
    }

    /// Makes records.
    #[track_caller]
    pub(super) fn have(&self, model: &str, records: &Value) {
        self.call(&format!("{model}/createEach"), &json!({ "args": [records] }));
    }
}

/// The program with a configuration.
pub(crate) fn command(config: &Value, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testserver"));
    for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command.env("SAILS_TEST_CONFIG", config.to_string()).envs(variables.iter().copied());
    command
}

fn is_setting(name: &str) -> bool {
    let own = ["DATABASE_URL", "PORT", "PUBLIC_URL", "REDIS_URL", "SESSION_SECRET"];
    name.starts_with("REGATTA_") || own.contains(&name)
}

/// Models with every kind of attribute and association, in Sails' language.
pub(super) fn zoo() -> Value {
    json!({
        "user": {
            "attributes": {
                "name": {"type": "string", "required": true, "unique": true},
                "email": {"type": "string", "allowNull": true, "isEmail": true},
                "age": {"type": "number"},
                "active": {"type": "boolean"},
                "meta": {"type": "json"},
                "pets": {"collection": "pet", "via": "owner"},
                "patients": {"collection": "pet", "via": "vets"},
                "profile": {"model": "userprofile"},
            },
        },
        "pet": {
            "attributes": {
                "name": {"type": "string"},
                "owner": {"model": "user"},
                "vets": {"collection": "user", "via": "patients"},
            },
        },
        "userprofile": {"attributes": {"zodiac": {"type": "string"}}},
    })
}
