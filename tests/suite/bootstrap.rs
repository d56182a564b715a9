//! What runs once for each database: bootstraps, whoever starts and whoever dies, and seeds.

use std::fs;
use std::path::Path;
use std::process::Output;

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::postgres::Postgres;
use regatta_tests::process::{Process, Signal};
use regatta_tests::scaffold::{App, Scaffold};
use regatta_tests::wait::{self, START};

/// It says one thing, waits as long as it is told to, and says another: twice would be seen.
const SETUP: &str = r#"
    App::new("founded")
        .bootstrap(async |db| {
            let pause = || regatta::actix_web::rt::time::sleep(std::time::Duration::from_millis(300));
            let first = json!({ "body": "first", "ip": "" });
            Message::find_or_create(Message::BODY.eq("first"), first).exec(&db).await?;
            eprintln!("half of the bootstrap is done");
            pause().await;
            while std::env::var_os("HOLD_BOOTSTRAP").is_some() {
                pause().await;
            }
            Message::create(json!({ "body": "second", "ip": "" })).exec(&db).await?;
            Ok(())
        })
        .bootstrap_named("later", async |db| {
            Message::create(json!({ "body": "third", "ip": "" })).exec(&db).await?;
            Ok(())
        })
        .seed("people", async |db| Person::named(&db, "Ada").await.map(|_| ()))
        .seed("words", async |db| {
            Message::create(json!({ "body": "seeded", "ip": "" })).exec(&db).await?;
            Ok(())
        })
"#;

fn app() -> App {
    let edit = |folder: &Path| {
        let file = folder.join("src/lib.rs");
        let source = fs::read_to_string(&file).expect("the app's root");
        assert!(source.contains("App::new(\"founded\")"), "{source}");
        fs::write(&file, source.replacen("App::new(\"founded\")", SETUP.trim(), 1)).expect("the app's root");
    };
    Scaffold::edited("founded", edit).copy()
}

fn bodies(base: &str) -> Vec<String> {
    let messages = Http::new(base).get("/message?sort=id").json();
    let body = |message: &serde_json::Value| message["body"].as_str().expect("a text").to_owned();
    messages.as_array().expect("a list").iter().map(body).collect()
}

/// Three instances that are started at the same moment, and their addresses.
fn three(app: &App, settings: &[(&str, &str)]) -> (Process, Vec<String>) {
    let ports = ports::range(3);
    let range = format!("{}-{}", ports.start(), ports.end());
    let process = app.lift(&["--ports".to_owned(), range], settings);
    (process, ports.map(|port| format!("http://127.0.0.1:{port}")).collect())
}

fn wait_ready(bases: &[String]) {
    for base in bases {
        regatta_tests::http::wait_ready(base, START);
    }
}

#[test]
fn one_of_three_instances_runs_the_bootstrap() {
    let (app, postgres) = (app(), Postgres::new());
    let url = postgres.url();
    let settings = [("DATABASE_URL", url.as_str())];

    let (parent, bases) = three(&app, &settings);
    wait_ready(&bases);

    assert_eq!(bodies(&bases[0]), ["first", "second", "third"]);
    let log = parent.log();
    assert_eq!(log.matches("the bootstrap `bootstrap` ran").count(), 1, "{log}");
    assert_eq!(log.matches("half of the bootstrap is done").count(), 1, "{log}");
    assert!(log.contains("runs `bootstrap:bootstrap`: waiting for it"), "{log}");

    parent.end();
    let (_again, bases) = three(&app, &settings);
    wait_ready(&bases);
    assert_eq!(bodies(&bases[0]), ["first", "second", "third"], "a restart is no new database");
}

#[test]
fn a_bootstrap_that_was_killed_is_run_by_the_next_start() {
    let (app, postgres) = (app(), Postgres::new());
    let url = postgres.url();
    let port = ["--port".to_owned(), ports::free().to_string()];
    let held = app.lift(&port, &[("DATABASE_URL", &url), ("HOLD_BOOTSTRAP", "1")]);
    held.wait_for_line("half of the bootstrap is done", START);

    held.signal(Signal::KILL);
    held.wait_for_exit(START);
    let (next, bases) = three(&app, &[("DATABASE_URL", &url)]);
    wait_ready(&bases);

    assert_eq!(bodies(&bases[0]), ["first", "second", "third"]);
    assert_eq!(next.log().matches("is gone: starting over").count(), 1, "{}", next.log());
}

#[test]
fn a_start_that_waits_too_long_says_for_what() {
    let (app, postgres) = (app(), Postgres::new());
    let url = postgres.url();
    let port = || ["--port".to_owned(), ports::free().to_string()];
    let held = app.lift(&port(), &[("DATABASE_URL", &url), ("HOLD_BOOTSTRAP", "1")]);
    held.wait_for_line("half of the bootstrap is done", START);

    let timeout = ("REGATTA__MODELS__BOOTSTRAP_TIMEOUT", "1s");
    let hasty = app.lift(&port(), &[("DATABASE_URL", &url), timeout]);

    let status = hasty.wait_for_exit(START);
    assert!(!status.success(), "{status}");
    let log = hasty.log();
    assert!(log.contains("runs `bootstrap:bootstrap` and did not finish within 1 s"), "{log}");
    assert!(log.contains("bootstrap_timeout in config/models.toml"), "{log}");
    wait::until_true("the other one goes on", START, || held.exit().is_none());
}

#[test]
fn seeds_run_once_unless_told_again() {
    let app = app();
    let said = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    assert!(said(&app.run(&["seed", "--list"])).contains("people  never ran"));
    let first = said(&app.run(&["seed"]));
    assert!(first.contains("people: done") && first.contains("words: done"), "{first}");
    let second = said(&app.run(&["seed"]));
    assert!(second.contains("words: left alone, it ran on 2") && second.contains("--again"), "{second}");
    assert!(said(&app.run(&["seed", "words", "--again"])).contains("words: done"));
    assert!(said(&app.run(&["seed", "--list"])).contains("people  ran on 2"));

    let (_process, base) = app.lift_one(ports::free(), &[]);
    assert_eq!(bodies(&base), ["first", "second", "third", "seeded", "seeded"]);
    let unknown = app.run(&["seed", "nobody"]);
    let error = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        !unknown.status.success() && error.contains("no seed `nobody`: its seeds are people, words"),
        "{error}"
    );
}
