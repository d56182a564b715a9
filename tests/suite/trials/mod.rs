//! Sessions, security and production as they hold in a cluster: an app with actions that wait, panic, take files and
//! tell what they know, as several processes.

mod database;
mod database_away;
mod forged;
mod fragments;
mod inside;
mod limits;
mod origins;
mod outages;
mod pages;
mod proxies;
mod secrets;
mod sessions;
mod sharing;

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Instant;

use regatta_tests::cluster::Cluster;
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::scaffold::{App, Scaffold};
use regatta_tests::wait::{self, SOON, START};

/// The file `src/trials.rs` of the app.
const ACTIONS: &str = include_str!("actions.rs");

/// Production on one server that is meant to be the only one.
const PRODUCTION: [(&str, &str); 7] = [
    ("REGATTA_ENV", "production"),
    ("PUBLIC_URL", "https://chat.example.com"),
    ("DATABASE_URL", "sqlite://production.db"),
    ("SESSION_SECRET", "8d0f3a6be1c9427f5b7e60d1a2c3948e"),
    ("REGATTA__SOCKETS__ADAPTER", "memory"),
    ("REGATTA__SOCKETS__SINGLE_INSTANCE", "true"),
    ("REGATTA__MODELS__MIGRATE", "alter"),
];

/// How often each kind of route is asked on each instance while a service is away.
const ROUNDS: usize = 4;

/// More lines of complaint a second than these, from three instances with two workers each, are a flood.
const LINES: f64 = 25.0;

/// A new app with those actions.
pub(crate) fn app() -> App {
    let insert = |file: &Path, place: &str, text: &str| {
        let old = fs::read_to_string(file).expect("an app has this file");
        assert!(old.contains(place), "{} looks different:\n{old}", file.display());
        fs::write(file, old.replacen(place, &format!("{place}{text}"), 1)).expect("a file of the app");
    };
    let edit = |folder: &Path| {
        fs::write(folder.join("src/trials.rs"), ACTIONS).expect("a file of the app");
        insert(&folder.join("src/lib.rs"), "mod routes;\n", "mod trials;\n");
        insert(&folder.join("src/lib.rs"), ".model::<Message>()", ".model::<trials::Fuse>()");
        insert(&folder.join("src/routes.rs"), "draw(r: &mut Routes) {\n", "    crate::trials::draw(r);\n");
    };
    Scaffold::edited("trials", edit).copy()
}

/// Three instances of it.
fn cluster(settings: &[(&str, &str)]) -> Cluster {
    let app = app();
    fs::create_dir_all(app.root().join(".tmp")).expect("a folder for gates");
    Cluster::of(app, settings)
}

/// Three instances of it that may be lifted while what they need is away.
pub(crate) struct Fleet {
    pub(crate) process: Process,
    pub(crate) bases: Vec<String>,
}

impl Fleet {
    pub(crate) fn lift(app: &App, settings: &[(&str, &str)]) -> Self {
        let ports = ports::range(3);
        let range = format!("{}-{}", ports.start(), ports.end());
        let own = [("REGATTA__SOCKETS__ADAPTER", "redis"), ("REGATTA__HTTP__WORKERS", "2")];
        let process = app.lift(&["--ports".to_owned(), range], &[&own, settings].concat());
        let listening = || process.log().matches("listening on").count() == 3;
        wait::until_true("three instances listen", START, listening);
        Self { process, bases: ports.map(|port| format!("http://127.0.0.1:{port}")).collect() }
    }

    /// How many lines a second it has complained since `started`, when it had complained `before` times.
    fn complaint_rate(&self, during: impl Debug, started: Instant, before: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a test's log is short")]
        let rate = (self.complaints() - before) as f64 / started.elapsed().as_secs_f64().max(1.0);
        assert!(rate < LINES, "{during:?}: {rate} lines a second\n{}", self.process.log());
        rate
    }

    /// How many lines of the log complain.
    pub(crate) fn complaints(&self) -> usize {
        self.process.log().lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count()
    }
}

/// Where requests wait for the test, whichever instance they are on.
struct Gates<'a>(&'a Path);

impl<'a> Gates<'a> {
    fn of(app: &'a App) -> Self {
        Self(app.root())
    }

    /// Waits until a request has come to this gate.
    #[track_caller]
    fn reached(&self, gate: &str) {
        let file = self.0.join(format!(".tmp/{gate}.here"));
        wait::until_true(&format!("a request at {gate}"), SOON, || file.exists());
    }

    /// Lets it go on.
    fn open(&self, gate: &str) {
        fs::write(self.0.join(format!(".tmp/{gate}.go")), "").expect("a gate");
    }
}
