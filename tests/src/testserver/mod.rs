//! An app that is built at run time from a configuration shaped like Sails', so that suites written for other servers
//! can drive Regatta from outside.
//!
//! | variable | what it says |
//! |---|---|
//! | `PORT` | where it listens |
//! | `REDIS_URL` | sessions and sockets are there; unset, in memory |
//! | `REGATTA_TESTSERVER` | a server of a protocol alone; see `bare` |
//! | `SAILS_TEST_CONFIG` | JSON with `models`, `blueprints`, `routes`, `sockets`, `security`, `session` |
//!
//! The database is SQLite in memory: ids begin at 1 at every start. What this server can't do it refuses at the start,
//! with the key that asks for it.

mod attributes;
mod bare;
mod calls;
mod config;
mod criteria;
mod fixture;
mod models;
mod params;
mod rooms;
mod routes;
mod targets;
mod ticks;

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use regatta::App;

use config::Wanted;
use models::Models;

/// Runs the server: reads its configuration, then becomes the app's own `lift` with that as its environment.
#[expect(clippy::print_stderr, reason = "a program tells people why it can't start")]
pub fn main() -> ExitCode {
    let wanted = match Wanted::read() {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("testserver: {why}");
            return ExitCode::FAILURE;
        }
    };
    if std::env::args_os().len() > 1 {
        return match app(wanted) {
            Ok(app) => regatta::run(app),
            Err(why) => {
                eprintln!("testserver: {why}");
                ExitCode::FAILURE
            }
        };
    }
    let program = std::env::current_exe().expect("a program knows its own path");
    let error = Command::new(program).arg("lift").envs(wanted.environment()).exec();
    eprintln!("testserver: can't start itself again: {error}");
    ExitCode::FAILURE
}

/// The app that the configuration describes.
fn app(wanted: Wanted) -> Result<App, String> {
    if let Some(bare) = wanted.bare {
        return Ok(bare.app());
    }
    let is_fixture = wanted.models.is_none();
    let models = match &wanted.models {
        Some(given) => Models::read(given)?,
        None => Models::read(&fixture::models())?,
    };
    let targets = targets::read(&wanted.routes, is_fixture)?;
    let models = Arc::new(models);
    let mut app = App::new("testserver");
    for schema in models.schemas() {
        app = app.schema(schema.clone());
    }
    Ok(app.routes(move |r| {
        targets::draw(r, &targets);
        calls::draw(r, &models);
        routes::draw(r);
        rooms::draw(r);
        ticks::draw(r);
        if is_fixture {
            fixture::draw(r);
        }
        for schema in models.schemas() {
            r.blueprints_of(schema.clone());
        }
    }))
}
