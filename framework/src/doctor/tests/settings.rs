use super::{Folder, config};
use crate::config::{Config, Environment};
use crate::doctor::settings::{look, unread};
use crate::doctor::{Circumstances, Report, unusable};
use crate::health::Finding;

/// What is said under this name with these settings.
fn told(name: &str, environment: Environment, settings: &[(&'static str, &str)]) -> Option<Finding> {
    several(name, environment, settings, 1)
}

fn several(
    name: &str,
    environment: Environment,
    settings: &[(&'static str, &str)],
    instances: usize,
) -> Option<Finding> {
    let known = Circumstances { wanted: Some(instances), processes: &[] };
    let found = look(&config(environment, settings), known);
    found.into_iter().find(|(found, _)| *found == name).map(|(_, finding)| finding)
}

fn text(found: Option<Finding>) -> String {
    found.unwrap().text().to_owned()
}

#[test]
fn settings_of_sessions_that_cannot_be_meant_are_told() {
    let told = |settings: &[(&'static str, &str)]| told("sessions", Environment::Test, settings);
    assert_eq!(told(&[]), None);
    assert!(text(told(&[("session.idle", "8days")])).starts_with("idle in config/session.toml"));
    assert!(text(told(&[("session.turn_lease", "0s")])).contains("turn_lease"));
    let in_sqlite = [("session.adapter", "sql"), ("datastores.default.url", "sqlite://app.db")];
    assert_eq!(told(&in_sqlite), None, "one host");
    let many = [in_sqlite.as_slice(), &[("sockets.adapter", "redis")]].concat();
    assert!(text(told(&many)).contains("SQLite file"));
}

#[test]
fn memory_is_for_one_instance() {
    let (development, production) = (Environment::Development, Environment::Production);
    let alone = [("sockets.single_instance", "true")];
    assert!(told("adapter", production, &[]).unwrap().is_error());
    assert!(matches!(several("adapter", production, &alone, 1), Some(Finding::Good(_))));
    assert!(several("adapter", production, &alone, 2).unwrap().is_error());
    // Their parent gives them a Redis.
    assert!(matches!(several("adapter", development, &[], 3), Some(Finding::Good(_))));
    let apart = [("sockets.adapter", "redis"), ("session.adapter", "memory")];
    assert!(matches!(several("adapter", development, &apart, 1), Some(Finding::Warning(_))));
    assert!(text(several("adapter", development, &apart, 2)).contains("config/session.toml"));
    assert_eq!(told("adapter", production, &apart[..1]), None);
}

#[test]
fn trusting_everybody_is_told() {
    let told =
        |proxies: &str| told("proxies", Environment::Production, &[("security.trusted_proxies", proxies)]);
    assert_eq!(told("127.0.0.1"), None);
    assert!(text(told("")).contains("no trusted_proxies"));
    assert!(text(told("127.0.0.1,0.0.0.0/0")).contains("any address"));
}

#[test]
fn a_secure_cookie_needs_an_encrypted_address() {
    let told = |environment, url: &str| told("cookies", environment, &[("http.public_url", url)]);
    assert!(text(told(Environment::Production, "http://chat.example")).contains("browsers drop it"));
    assert_eq!(told(Environment::Production, "https://chat.example"), None);
    assert_eq!(told(Environment::Production, "http://localhost:8080"), None);
    assert!(text(told(Environment::Development, "https://chat.example")).contains("cookie_secure = true"));
}

#[test]
fn a_drain_without_time_for_requests_is_told() {
    let told = |delay: &str| told("drain", Environment::Test, &[("http.drain_delay", delay)]);
    assert_eq!(told("5s"), None);
    assert!(text(told("28s")).ends_with("raise shutdown_timeout"));
}

#[test]
fn polling_without_a_relay_needs_a_sticky_balancer() {
    let settings = [("sockets.adapter", "redis"), ("sockets.relay", "off")];
    assert_eq!(several("sockets", Environment::Test, &settings, 1), None);
    assert!(text(several("sockets", Environment::Test, &settings, 2)).contains("sticky"));
}

#[test]
fn figures_for_everybody_are_told() {
    let told = |listen: &str| told("metrics", Environment::Production, &[("metrics.listen", listen)]);
    assert!(text(told("0.0.0.0:9100")).contains("such as 127.0.0.1:9100"));
    for fine in ["auto", "off", "10.0.0.5:9100", "./.tmp/private.sock"] {
        assert_eq!(told(fine), None, "{fine}");
    }
}

#[test]
fn every_unknown_key_of_every_file_is_told() {
    let folder = Folder::new();
    let write = |name: &str, text: &str| std::fs::write(folder.0.join("config").join(name), text).unwrap();
    write("sockets.toml", "adaptor = \"redis\"\nkeys = \"x\"\n[production]\nping_intervall = \"3s\"\n");
    write("http.toml", "prot = 3000\n");
    write("session.toml", "secret = \"${NOWHERE_SET_AT_ALL}\"\n");
    write("models.toml", "migrate = \"alter\"\n");

    let problems = Config::problems(&folder.0, Environment::Development);

    let all = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(problems.len(), 5, "{all}");
    for words in [
        "config/sockets.toml:1: unknown key `adaptor`; did you mean `adapter`?",
        "config/sockets.toml:2: unknown key `keys`",
        "config/sockets.toml:4: unknown key `ping_intervall`",
        "config/http.toml:1: unknown key `prot`; did you mean `port`?",
        "config/session.toml:1: ${NOWHERE_SET_AT_ALL} is not set",
    ] {
        assert!(all.contains(words), "{words} is not in\n{all}");
    }
    let report = unusable(&problems);
    assert!(
        report.is_bad() && report.table().ends_with("5 errors, 0 warnings, 0 hints"),
        "{}",
        report.table()
    );
}

#[test]
fn a_wrong_value_is_told_once_the_keys_are_right() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("config/http.toml"), "port = \"many\"\n").unwrap();
    let problems = Config::problems(&folder.0, Environment::Development);
    assert!(problems.len() == 1 && problems[0].to_string().contains("http.toml:1"), "{problems:?}");
    std::fs::write(folder.0.join("config/http.toml"), "port = 3000\n").unwrap();
    assert!(Config::problems(&folder.0, Environment::Development).is_empty());
}

#[test]
fn files_and_variables_that_nobody_reads_are_told() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("config/socket.toml"), "").unwrap();
    for fine in ["local", "sockets", "auth", "jobs"] {
        std::fs::write(folder.0.join(format!("config/{fine}.toml")), "").unwrap();
    }
    let names = ["REGATTA_SOCKETS_ADAPTER", "REGATTA__HTTP__PORT", "REGATTA_ENV", "PATH"].map(str::to_owned);

    let found = unread(&super::at(&folder.0, Environment::Test, &[]), names.into_iter());

    let found: Vec<_> = found.iter().map(|(_, finding)| finding.text()).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("rename it to config/sockets.toml"), "{found:?}");
    assert!(found[1].ends_with("it may be meant to be REGATTA__SOCKETS__ADAPTER"), "{found:?}");
}

#[test]
fn what_two_parts_see_is_told_once_and_programs_get_it_as_json() {
    let mut report = Report::default();
    report.add(vec![
        ("one", Finding::Warning("the same".to_owned())),
        ("two", Finding::Hint("other".to_owned())),
    ]);
    report.add(vec![("three", Finding::Warning("the same".to_owned()))]);

    let json: serde_json::Value = serde_json::from_str(&report.json("chat", "test").unwrap()).unwrap();

    assert_eq!(
        json,
        serde_json::json!({
            "ok": true,
            "app": "chat",
            "environment": "test",
            "findings": [
                {"check": "one", "level": "warning", "text": "the same"},
                {"check": "two", "level": "hint", "text": "other"},
            ],
        })
    );
}
