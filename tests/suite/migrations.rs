//! Versioned migrations of the scaffolded app: written, applied, undone, killed in the middle, and run twice at once.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use regatta_tests::http::Http;
use regatta_tests::postgres::Postgres;
use regatta_tests::process::{Process, Signal};
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::{http, ports};
use serde_json::Value;

const SQLITE: &str = "sqlite://.tmp/migrations.db";

/// A statement that takes longer than any test.
const FOREVER: &str = "INSERT INTO numbers WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9000000000) \
                       SELECT max(i) FROM n;";

/// An app and the database it migrates.
struct Migrating {
    app: App,
    url: String,
    engine: &'static str,
    /// Ends with the test.
    _server: Option<Postgres>,
}

impl Migrating {
    fn on_sqlite() -> Self {
        Self { app: App::new(), url: SQLITE.to_owned(), engine: "sqlite", _server: None }
    }

    fn on_postgres() -> Self {
        let server = Postgres::new();
        Self { app: App::new(), url: server.url(), engine: "postgres", _server: Some(server) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let all: Vec<_> = ["migrate"].iter().chain(arguments).collect();
        let mut command = self.app.command(&all);
        command.env("DATABASE_URL", &self.url).env("REGATTA__MODELS__MIGRATE", "safe");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the app's binary")
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    #[track_caller]
    fn bad(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        said(&output)
    }

    fn status(&self) -> Value {
        let output = self.run(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
    }

    fn state(&self, place: usize) -> String {
        self.status()["datastores"][0]["migrations"][place]["state"].as_str().unwrap_or_default().to_owned()
    }

    fn file(&self, name: &str) -> String {
        format!("migrations/{}/{name}", self.engine)
    }

    fn write(&self, name: &str, up: &str, down: &str) {
        fs::create_dir_all(self.app.root().join(self.file(""))).expect("the folder of migrations");
        self.app.write(&self.file(&format!("{name}.up.sql")), up);
        self.app.write(&self.file(&format!("{name}.down.sql")), down);
    }

    /// The one file whose name ends so.
    fn written(&self, end: &str) -> String {
        let entries = fs::read_dir(self.app.root().join(self.file(""))).expect("the folder of migrations");
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(end)).collect();
        assert_eq!(names.len(), 1, "{names:?} end in {end}");
        names.remove(0)
    }

    /// Makes the last snapshot forget a column, as if the model had just got it.
    fn forget(&self, table: &str, column: &str) {
        let file = self.file("schema.json");
        let mut snapshot: Value = serde_json::from_str(&self.app.read(&file)).expect("a snapshot");
        let tables = snapshot["tables"].as_array_mut().expect("tables");
        let table = tables.iter_mut().find(|found| found["name"] == table).expect("the table");
        table["columns"].as_array_mut().expect("columns").retain(|found| found["name"] != column);
        self.app.write(&file, &snapshot.to_string());
    }

    /// Starts `migrate up` and waits until it is at work: another one has to wait.
    fn start_up(&self) -> Process {
        let process = Process::start("migrate", &mut self.command(&["up"]), self.app.root());
        wait::until_true("the first instance migrates", SOON, || {
            let mut impatient = self.command(&["alter"]);
            let output = impatient
                .env("REGATTA__MODELS__MIGRATE_TIMEOUT", "100ms")
                .env("REGATTA__DATASTORES__DEFAULT__ACQUIRE_TIMEOUT", "100ms")
                .output()
                .expect("the app's binary");
            said(&output).contains("another instance changes the tables")
        });
        process
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn models_become_files_and_files_tables() {
    for app in [Migrating::on_sqlite(), Migrating::on_postgres()] {
        let wrote = app.good(&["new"]);
        assert!(wrote.contains(&format!("wrote migrations/{}/", app.engine)), "{wrote}");
        assert!(wrote.contains("new table message") && wrote.contains("_create_"), "{wrote}");
        assert!(app.good(&["new"]).contains("the models are what they were"));
        let pending = app.bad(&["status"]);
        assert!(pending.contains("1 migration(s) are pending: run `migrate up`"), "{pending}");

        let applied = app.good(&[]);

        assert!(applied.contains("applied 2"), "{applied}");
        assert!(app.good(&["up"]).contains("nothing is pending"));
        let status = app.good(&["status"]);
        assert!(status.contains("applied") && status.contains("nothing to do"), "{status}");
        assert!(
            app.good(&["alter"]).contains("has everything the models need"),
            "files make all that alter makes"
        );
        assert!(app.good(&["down"]).contains("undid 2"));
        assert!(app.bad(&["status"]).contains("are pending: run `migrate up`"));
        assert!(app.good(&["down"]).contains("there is nothing to undo"));
        app.good(&["up"]);
        app.good(&["status"]);
    }
}

#[test]
fn a_changed_model_becomes_the_next_file() {
    let app = Migrating::on_sqlite();
    app.good(&["new", "init"]);
    app.forget("message", "ip");
    let told = app.bad(&["status"]);
    assert!(told.contains("not written  new column message.ip"), "{told}");

    app.good(&["new"]);

    let up = app.app.read(&app.file(&app.written("_add_ip_to_message.up.sql")));
    assert!(up.contains("ALTER TABLE \"message\" ADD COLUMN \"ip\" text NOT NULL DEFAULT '';"), "{up}");
    let down = app.app.read(&app.file(&app.written("_add_ip_to_message.down.sql")));
    assert!(down.contains("-- LOSES DATA: the column \"ip\" of \"message\""), "{down}");
}

#[test]
fn what_would_be_lost_is_named_and_nothing_written() {
    let app = Migrating::on_sqlite();
    app.good(&["new", "init"]);
    let snapshot = app.app.read(&app.file("schema.json"));
    let before = snapshot.replacen("\"name\": \"ip\"", "\"name\": \"address\"", 1);
    app.app.write(&app.file("schema.json"), &before);

    let refused = app.bad(&["new"]);

    assert!(refused.contains("the column \"address\" of \"message\" and everything in it"), "{refused}");
    assert!(
        refused.contains("--rename message.address=ip") && refused.contains("--allow-drops"),
        "{refused}"
    );
    assert_eq!(app.app.read(&app.file("schema.json")), before);
    app.good(&["new", "--rename", "message.address=ip"]);
    let up = app.app.read(&app.file(&app.written("_rename_address_to_ip_in_message.up.sql")));
    assert!(up.contains("ALTER TABLE \"message\" RENAME COLUMN \"address\" TO \"ip\";"), "{up}");
}

#[test]
fn a_killed_migration_leaves_the_database_whole() {
    let sqlite = (Migrating::on_sqlite(), FOREVER);
    let postgres = (Migrating::on_postgres(), "SELECT pg_sleep(600);");
    for (app, forever) in [sqlite, postgres] {
        app.write("20260101000000_numbers", "CREATE TABLE numbers (i bigint);", "DROP TABLE numbers;");
        let up = format!("INSERT INTO numbers VALUES (1);\nCREATE TABLE half (i bigint);\n{forever}");
        app.write("20260101000001_half", &up, "DROP TABLE half;");
        let process = app.start_up();

        process.signal(Signal::KILL);
        process.wait_for_exit(SOON);

        assert_eq!([app.state(0), app.state(1)], ["applied", "pending"]);
        app.write("20260101000001_half", "CREATE TABLE half (i bigint);", "DROP TABLE half;");
        let next = app.good(&["up"]);
        assert!(
            next.contains("applied 20260101000001_half"),
            "no table of the killed run is in the way: {next}"
        );
        app.write("20260101000002_none", "CREATE TABLE one (i bigint NOT NULL);\nINSERT INTO one SELECT 1 FROM numbers;\nCREATE UNIQUE INDEX one_key ON one (i);", "");
        app.good(&["up"]);
    }
}

#[test]
fn a_migration_killed_outside_a_transaction_says_where_it_stopped() {
    let sqlite = (Migrating::on_sqlite(), FOREVER);
    let postgres = (Migrating::on_postgres(), "SELECT pg_sleep(600);");
    for (app, forever) in [sqlite, postgres] {
        app.write("20260101000000_numbers", "CREATE TABLE numbers (i bigint);", "DROP TABLE numbers;");
        let up = |middle| {
            format!(
                "-- regatta: no-transaction\nCREATE TABLE half (i bigint);\n\n{middle}\nCREATE TABLE rest (i bigint);"
            )
        };
        app.write("20260101000001_half", &up(forever), "DROP TABLE rest;\nDROP TABLE half;");
        let process = Process::start("migrate", &mut app.command(&["up"]), app.app.root());
        wait::until_true("the first statement is done", SOON, || {
            app.status()["datastores"][0]["migrations"][1]["done"] == serde_json::json!([1, 3])
        });

        process.signal(Signal::KILL);
        process.wait_for_exit(SOON);

        let mut again = app.command(&["up"]);
        // On SQLite nobody can know that it was killed, until it took too long.
        let again = again.env("REGATTA__MODELS__MIGRATE_TIMEOUT", "5s").output().expect("the app's binary");
        let again = said(&again);
        assert!(again.contains("20260101000001_half was interrupted at statement 2 of 3"), "{again}");
        assert!(again.contains("20260101000001_half.up.sql, line 4"), "{again}");
        assert!(again.contains("migrate resolve 20260101000001 --next 2"), "{again}");
        assert_eq!(app.state(1), "interrupted");
        app.write(
            "20260101000001_half",
            &up("INSERT INTO numbers VALUES (2);"),
            "DROP TABLE rest;\nDROP TABLE half;",
        );
        app.good(&["resolve", "20260101000001", "--next", "2"]);
        app.good(&["up"]);
        assert_eq!(app.state(1), "applied");
        app.good(&["down", "2"]);
    }
}

#[test]
fn of_several_at_once_one_migrates_and_the_others_see_nothing_to_do() {
    for app in [Migrating::on_sqlite(), Migrating::on_postgres()] {
        app.good(&["new", "init"]);
        let fill = "INSERT INTO person (name, created_at) VALUES ('ann', 0);";
        app.write(
            "29990101000000_fill",
            &fill.replace("created_at", &created_at(&app)),
            "DELETE FROM person;",
        );

        let started: Vec<_> = (0..4)
            .map(|n| Process::start(&format!("migrate-{n}"), &mut app.command(&["up"]), app.app.root()))
            .collect();
        let logs: Vec<_> = started
            .iter()
            .map(|process| {
                let exit = process.wait_for_exit(START);
                assert!(exit.success(), "{}", process.log());
                process.log()
            })
            .collect();

        let applied: usize = logs.iter().map(|log| log.matches("applied 2").count()).sum();
        assert_eq!(applied, 2, "{logs:#?}");
        app.good(&["status"]);
    }
}

/// The column of the attribute `createdAt`.
fn created_at(app: &Migrating) -> String {
    let snapshot = app.app.read(&app.file("schema.json"));
    let name = if snapshot.contains("\"createdAt\"") { "\"createdAt\"" } else { "created_at" };
    name.to_owned()
}

#[test]
fn an_instance_gets_no_traffic_while_migrations_are_pending() {
    let app = Migrating::on_sqlite();
    app.good(&["alter"]);
    app.write("20260101000000_numbers", "CREATE TABLE numbers (i bigint);", "DROP TABLE numbers;");
    let port = ports::free();
    let settings = [("DATABASE_URL", SQLITE), ("REGATTA__MODELS__MIGRATE", "safe")];
    let process = app.app.lift(&["--port".to_owned(), port.to_string()], &settings);
    process.wait_for_line("listening", START);
    let http = Http::new(&format!("http://127.0.0.1:{port}"));
    let unready = http.get("/readyz");
    assert_eq!(unready.status, 503);
    assert!(unready.body.contains("20260101000000_numbers): run `migrate up`"), "{}", unready.body);
    let mut doctor = app.app.command(&["doctor"]);
    let doctor = said(&doctor.envs(settings).output().expect("the app's binary"));
    assert!(doctor.lines().any(|line| line.starts_with("error") && line.contains("migrations")), "{doctor}");

    app.good(&["up"]);

    http::wait_ready(http.base(), SOON);
}

#[test]
fn instances_that_start_with_up_apply_what_is_pending() {
    let app = Migrating::on_postgres();
    app.good(&["new", "init"]);
    let settings = [("DATABASE_URL", app.url.as_str()), ("REGATTA__MODELS__MIGRATE", "up")];
    let ports = [ports::free(), ports::free()];
    let lifted: Vec<_> = ports
        .iter()
        .map(|port| {
            let mut lift = app.app.command(&["lift", "--port", &port.to_string()]);
            Process::start(&format!("app-{port}"), lift.envs(settings), app.app.root())
        })
        .collect();
    for (process, port) in lifted.iter().zip(ports) {
        process.wait_for_line("listening", START);
        http::wait_ready(&format!("http://127.0.0.1:{port}"), START);
    }

    let applied = lifted.iter().filter(|process| process.log().contains("applied 2")).count();

    assert_eq!(applied, 1, "one of them did it");
    app.good(&["status"]);
}

#[test]
fn production_does_not_take_another_engines_files_for_its_own() {
    let app = Migrating::on_postgres();
    app.good(&["new", "init", "--engine", "sqlite"]);
    let mut migrate = app.command(&[]);
    let production = [
        ("REGATTA_ENV", "production"),
        ("PUBLIC_URL", "https://chat.example"),
        ("SESSION_SECRET", "b7c1d9e4f20a85637e1fc04d9b28a6537d0e4c91"),
        ("REGATTA__SOCKETS__SINGLE_INSTANCE", "true"),
    ];

    let output = migrate.envs(production).output().expect("the app's binary");

    assert!(!output.status.success());
    assert!(said(&output).contains("migrate new --engine postgres"), "{}", said(&output));
    assert!(app.bad(&["up"]).contains("there is no folder migrations/postgres"));
}

#[test]
fn patience_is_bounded_by_a_key() {
    let app = Migrating::on_postgres();
    app.write("20260101000000_slow", "SELECT pg_sleep(600);", "");
    let first = app.start_up();

    let start = std::time::Instant::now();
    let mut second = app.command(&["up"]);
    let second = second.env("REGATTA__MODELS__MIGRATE_TIMEOUT", "1s").output().expect("the app's binary");

    assert!(!second.status.success());
    assert!(said(&second).contains("migrate_timeout in config/models.toml"), "{}", said(&second));
    assert!(start.elapsed() < Duration::from_secs(10));
    first.signal(Signal::KILL);
    first.wait_for_exit(SOON);
}
