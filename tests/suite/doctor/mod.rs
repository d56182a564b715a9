//! `doctor` on real services that are not as they should be.

mod proxies;
mod services;

use std::time::{Duration, Instant};

use regatta_tests::scaffold::App;
use serde_json::Value;

/// The longest a run may take when everything it asks hangs.
const BOUND: Duration = Duration::from_secs(15);

const SECRET: &str = "9f3c1b7ad2e85604fb6a08d7c35e91427d0b6ea4583c29f1";

/// What the doctor found.
#[derive(Debug)]
struct Seen {
    code: i32,
    json: Value,
}

/// Runs `doctor --json` with these arguments and settings.
#[track_caller]
fn examine(app: &App, arguments: &[&str], settings: &[(&str, &str)]) -> Seen {
    let all: Vec<_> = ["doctor", "--json"].iter().chain(arguments).collect();
    let began = Instant::now();
    let output = app.command(&all).envs(settings.iter().copied()).output().expect("the app's binary");
    let took = began.elapsed();
    println!("figures: doctor took {} ms", took.as_millis());
    assert!(took < BOUND, "it took {took:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    Seen { code: output.status.code().expect("it ends by itself"), json }
}

impl Seen {
    /// The texts of this level, each behind the name of its check.
    fn at(&self, level: &str) -> Vec<String> {
        let findings = self.json["findings"].as_array().expect("a list");
        let of_level = findings.iter().filter(|finding| finding["level"] == level);
        of_level.map(|finding| format!("{}: {}", words(&finding["check"]), words(&finding["text"]))).collect()
    }

    /// The only finding of this level that contains these words.
    #[track_caller]
    fn one(&self, level: &str, part: &str) -> String {
        let found: Vec<_> = self.at(level).into_iter().filter(|text| text.contains(part)).collect();
        assert_eq!(found.len(), 1, "{level} with {part:?}: {found:?} in {:#}", self.json);
        found.into_iter().next().unwrap_or_default()
    }
}

fn words(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn a_wrong_command_line_has_a_code_of_its_own() {
    let app = App::new();
    for arguments in [&["--url", "chat.example.com"][..], &["--instances", "0"], &["--everything"]] {
        let all: Vec<_> = ["doctor"].iter().chain(arguments).collect();
        assert_eq!(
            app.run(&all.into_iter().copied().collect::<Vec<_>>()).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_environment_that_does_not_exist_is_told() {
    let seen = examine(&App::new(), &[], &[("REGATTA_ENV", "live")]);
    assert_eq!((seen.code, &seen.json["environment"]), (1, &Value::from("unknown")));
    seen.one("error", "set it to development, test or production");
}

#[test]
fn every_wrong_key_is_told_at_once() {
    let app = App::new();
    app.edit("config/sockets.toml", "adapter = \"memory\"", "adaptor = \"memory\"");
    app.edit("config/http.toml", "port = 1337", "prot = 1337");
    app.write("config/socket.toml", "");

    let seen = examine(&app, &[], &[]);
    assert_eq!(seen.code, 1);
    assert!(seen.one("error", "sockets.toml").contains("did you mean `adapter`?"), "{seen:?}");
    assert!(seen.one("error", "http.toml").contains("did you mean `port`?"), "{seen:?}");

    app.edit("config/sockets.toml", "adaptor", "adapter");
    app.edit("config/http.toml", "prot", "port");
    let seen = examine(&app, &[], &[("REGATTA_SOCKETS_ADAPTER", "redis")]);
    assert_eq!(seen.code, 0, "{seen:?}");
    seen.one("warning", "rename it to config/sockets.toml");
    seen.one("warning", "REGATTA__SOCKETS__ADAPTER");
}
