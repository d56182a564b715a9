//! `doctor`: what is misconfigured, and what to do about it.

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::timeout;

use super::command::root;
use super::fleet::ask_status;
use super::output::show;
use super::{App, server};
use crate::Result;
use crate::config::{Config, Environment};
use crate::doctor::{self, Address, Circumstances, Report, Services};
use crate::health::Finding;
use crate::http::Instance;

/// How long the parent of a fleet may take to say which instances it has, and connections may take to be closed.
const PATIENCE: Duration = Duration::from_secs(1);

/// `doctor`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  doctor --json\n  doctor --env production --instances 4\n  doctor --url https://chat.example.com\n\n\
                        Exit code: 0 when nothing is an error, 1 when something is, 2 when this command is written wrongly."
)]
pub(crate) struct Doctor {
    /// Look through the proxy at this address too
    #[arg(long, value_name = "ADDRESS")]
    url: Option<Address>,
    /// Judge for so many instances [default: those that run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    instances: Option<u16>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    /// development, test or production [default: `REGATTA_ENV`, else development]
    #[arg(long)]
    env: Option<Environment>,
}

/// Prints every finding; the exit code is 1 when something does not work.
pub(super) fn run(app: &App, wanted: &Doctor) -> Result<ExitCode> {
    let environment = wanted.env.map_or_else(Environment::current, Ok);
    let report = match &environment {
        Ok(environment) => looked(app, wanted, *environment),
        Err(error) => doctor::unusable(std::slice::from_ref(error)),
    };
    let environment = environment.as_ref().map_or("unknown", |environment| environment.as_str());
    let text = if wanted.json { report.json(app.name, environment)? } else { report.table() };
    show(&text);
    Ok(if report.is_bad() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn looked(app: &App, wanted: &Doctor, environment: Environment) -> Report {
    let problems = Config::problems(&root(), environment);
    if !problems.is_empty() {
        return doctor::unusable(&problems);
    }
    let config = match Config::load_with(&root(), environment, &[]) {
        Ok(config) => config,
        Err(error) => return doctor::unusable(&[error]),
    };
    let system = actix_web::rt::System::new();
    let report = system.block_on(examined(app, config, wanted));
    // Its end would wait for names that are still looked up.
    std::mem::forget(system);
    report
}

async fn examined(app: &App, config: Config, wanted: &Doctor) -> Report {
    let mut report = Report::default();
    let processes = processes(&config).await;
    let known = Circumstances { wanted: wanted.instances.map(usize::from), processes: &processes };
    doctor::look_at(&config, known, &mut report);
    match server::build(app, config.clone(), &Instance::named("doctor")) {
        Ok(built) => {
            let services = Services {
                checks: built.health.checks(),
                redis: built.parts.redis.iter().cloned().collect(),
                shared: built.parts.redis.for_sockets.clone(),
                sessions: built.parts.redis.for_sessions.clone(),
                stores: built.parts.db.stores().clone(),
                secrets: built.secrets.clone(),
            };
            doctor::examine(&config, &services, known, &mut report).await;
            if let Some(address) = &wanted.url {
                doctor::look_through(address, &config, &services.secrets, &mut report).await;
            }
            // What hangs is given up with the process.
            let _ = timeout(PATIENCE, built.end()).await;
        }
        Err(error) => report.add(vec![("start", Finding::Error(error.to_string()))]),
    }
    report
}

/// The instances of the fleet in this folder, when one runs.
async fn processes(config: &Config) -> Vec<i32> {
    let path = config.path(&config.fleet.control);
    if !path.exists() {
        return Vec::new();
    }
    let status = timeout(PATIENCE, ask_status(&path)).await;
    let instances = status.ok().and_then(Result::ok).map(|status| status.instances);
    instances.into_iter().flatten().map(|row| row.pid).collect()
}
