//! The commands of the app's binary that look at it instead of serving it, and what production refuses.

use std::process::{Command, Output, Stdio};

use regatta_tests::ports;
use regatta_tests::postgres::Postgres;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::{App, cli, scaffold, succeed};
use regatta_tests::workdir::target;
use serde_json::json;

use crate::chat::joined;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn routes_lists_actions_and_blueprints() {
    let output = App::new().run(&["routes"]);

    let table = said(&output);
    assert!(output.status.success(), "{table}");
    let has = |method: &str, path: &str, name: &str| {
        table.lines().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words.first() == Some(&method) && words.get(1) == Some(&path) && line.contains(name)
        })
    };
    assert!(has("POST", "/message", "messages::say"), "{table}");
    assert!(has("GET", "/message/{id}", "message/findOne"), "{table}");
}

#[test]
fn commands_end_quietly_when_nobody_reads_what_they_print() {
    let app = App::new();
    for arguments in [&["routes"][..], &["openapi"], &["doctor"], &["seed"], &["deploy", "nginx"]] {
        let (unread, printed) = std::io::pipe().expect("a pipe");
        drop(unread);
        let child = app.command(arguments).stdout(printed).stderr(Stdio::piped()).spawn();
        let output = child.expect("the app's binary runs").wait_with_output().expect("its end");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !told.contains("panicked"),
            "{arguments:?}: {}{told}",
            output.status
        );
    }
}

#[test]
fn doctor_is_content_with_a_new_app() {
    let output = App::new().run(&["doctor"]);

    let findings = said(&output);
    assert!(output.status.success(), "{findings}");
    assert!(findings.lines().any(|line| line.starts_with("ok") && line.contains("database")), "{findings}");
}

#[test]
fn doctor_names_a_redis_that_is_not_there() {
    let app = App::new();
    let port = ports::free();
    let url = format!("redis://127.0.0.1:{port}");
    app.edit("config/sockets.toml", "adapter = \"memory\"", "adapter = \"redis\"");
    let mut doctor = app.command(&["doctor"]);

    let output = doctor.env("REDIS_URL", &url).output().expect("the app's binary");

    let findings = said(&output);
    assert_eq!(output.status.code(), Some(1), "{findings}");
    let line = findings.lines().find(|line| line.starts_with("error") && line.contains("redis"));
    assert!(line.is_some_and(|line| line.contains(&format!("127.0.0.1:{port}"))), "{findings}");
}

#[test]
fn migrate_makes_the_tables_once() {
    let (app, postgres) = (App::new(), Postgres::new());
    let migrate = || {
        let mut command = app.command(&["migrate"]);
        let output = command.env("DATABASE_URL", postgres.url()).output().expect("the app's binary");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };

    let (first, second) = (migrate(), migrate());

    assert!(first.contains("message") && first.contains("person"), "{first}");
    assert!(second.contains("has everything"), "{second}");
}

#[test]
fn production_refuses_what_is_not_safe() {
    let app = App::new();
    let secret = "0123456789abcdef0123456789abcdef-a-secret-of-a-test";
    let all = [
        ("DATABASE_URL", "sqlite://.tmp/production.db"),
        ("PUBLIC_URL", "https://chat.example"),
        ("SESSION_SECRET", secret),
    ];
    let refused = |settings: &[(&str, &str)], words: &[&str]| {
        let mut command = app.command(&["lift", "--env", "production", "--port", &ports::free().to_string()]);
        let output = command.envs(settings.iter().copied()).output().expect("the app's binary");
        let log = said(&output);
        assert!(!output.status.success(), "{log}");
        assert!(words.iter().all(|word| log.contains(word)), "{words:?} not in {log}");
    };

    refused(&all[..2], &["SESSION_SECRET", "openssl rand -hex 32"]);
    refused(&all[1..], &["DATABASE_URL"]);
    let short = [all[0], all[1], ("SESSION_SECRET", "short")];
    refused(&short, &["SESSION_SECRET", "32"]);
    let memory = [all[0], all[1], all[2], ("REGATTA__SOCKETS__ADAPTER", "memory")];
    refused(&memory, &["config/sockets.toml", "single_instance"]);
}

#[test]
fn the_cli_builds_the_app_and_calls_its_binary() {
    let mut regatta = Command::new(cli());
    // From a folder inside the app: the command finds its root.
    regatta.arg("routes").current_dir(scaffold().folder.join("config")).env("CARGO_TARGET_DIR", target());

    let output = succeed(&mut regatta);

    assert!(said(&output).contains("messages::say"), "{}", said(&output));
}

#[test]
fn emit_reaches_the_sockets_of_running_instances() {
    let app = App::new();
    app.edit("config/sockets.toml", "adapter = \"memory\"", "adapter = \"redis\"");
    let redis = Redis::new();
    let (_process, base) = app.lift_one(ports::free(), &[("REDIS_URL", &redis.url())]);
    let (mut socket, _) = joined(&base, "Ann");
    let emit = |arguments: &[&str]| {
        let all: Vec<_> = ["emit"].iter().chain(arguments).collect();
        app.command(&all).env("REDIS_URL", redis.url()).output().expect("the app's binary")
    };

    let output = emit(&["lobby", "notice", r#"{"text":"back at noon"}"#]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(socket.next("notice"), json!({ "text": "back at noon" }));

    assert!(emit(&["lobby", "notice", "1", "--except", socket.id()]).status.success());
    assert!(emit(&["lobby", "notice", "2"]).status.success());
    assert_eq!(socket.next("notice"), 2);

    let wrong = emit(&["lobby", "notice", "noon"]);
    assert!(!wrong.status.success() && said(&wrong).contains("quotes inside quotes"), "{}", said(&wrong));
}

#[test]
fn emit_says_that_nobody_reaches_sockets_in_memory() {
    let output = App::new().run(&["emit", "lobby", "notice"]);

    assert!(!output.status.success() && said(&output).contains("adapter to \"redis\""), "{}", said(&output));
}
