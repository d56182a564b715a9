//! The commands of an app's binary.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{App, deploy, doctor, emit, fleet as fleet_command, lift, migrate, seed, tables};
use crate::config::{Config, Environment, Override};
use crate::fleet::{self, Count, Ports};
use crate::http::Instance;
use crate::{Result, logging};

#[derive(Debug, Parser)]
#[command(
    about = "This app: serve it, look at it, bring its database up to date.",
    disable_version_flag = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app.
    Lift(Lift),
    /// List the routes.
    Routes,
    /// Bring the database's tables to the models, and write and apply migrations.
    Migrate(migrate::Migrate),
    /// Print the OpenAPI document of the app's HTTP API.
    Openapi,
    /// Fill the database with what the app's seeds make, each once.
    Seed(seed::Seed),
    /// Send an event to the sockets in a room, on every running instance.
    Emit(emit::Emit),
    /// Look after a fleet that runs in this folder: several instances under a parent.
    Fleet(fleet_command::Fleet),
    /// Look for what is misconfigured, and say what to do about it.
    Doctor(doctor::Doctor),
    /// Make the files of proxies, service managers and containers, from the app's configuration.
    Deploy(deploy::Deploy),
}

/// `lift`
#[derive(Debug, clap::Args)]
pub(crate) struct Lift {
    /// Listen on this port [default: `port` in config/http.toml]
    #[arg(long)]
    port: Option<u16>,
    /// Listen on this address
    #[arg(long)]
    host: Option<IpAddr>,
    /// Listen on this Unix socket instead of a port
    #[arg(long, conflicts_with_all = ["port", "host", "ports"])]
    socket: Option<PathBuf>,
    /// Run so many instances behind one port, under a parent that restarts them; max is one for each core
    #[arg(long, value_name = "N|max", conflicts_with = "ports")]
    instances: Option<Count>,
    /// Run one instance on each of these ports, such as 3001-3004
    #[arg(long)]
    ports: Option<Ports>,
    /// development, test or production [default: `REGATTA_ENV`, else development]
    #[arg(long)]
    env: Option<Environment>,
}

pub(super) fn run(app: &App) -> ExitCode {
    if let Err(error) = fleet::outlive_read_again() {
        complain(&format!("SIGUSR1 can't be handled: {error}"));
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::parse();
    match dispatch(app, arguments.command) {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn dispatch(app: &App, command: Command) -> Result<ExitCode> {
    match command {
        Command::Lift(lift) => {
            let environment = lift.env.map_or_else(Environment::current, Ok)?;
            let config = Config::load_with(&root(), environment, &lift.overrides())?;
            if let Some(plan) = fleet::plan(&config, lift.instances, lift.ports)? {
                let instance = Instance::named("parent");
                logging::keep();
                logging::start(&config, instance.id())?;
                return fleet::run(app.name, &config, &plan);
            }
            let instance = Instance::new()?;
            if fleet::is_child() {
                logging::keep();
            }
            logging::start(&config, instance.id())?;
            lift::lift(app, config, instance)
        }
        Command::Routes => {
            tables::routes(app, &Config::load(root())?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate(wanted) => {
            let config = Config::load(root())?;
            logging::start(&config, "migrate")?;
            migrate::run(app, config, &wanted)
        }
        Command::Openapi => {
            tables::openapi(app, &Config::load(root())?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Seed(wanted) => {
            let config = Config::load(root())?;
            logging::start(&config, "seed")?;
            seed::run(app, config, &wanted)
        }
        Command::Emit(wanted) => {
            let config = Config::load(root())?;
            logging::start(&config, "emit")?;
            emit::run(app, config, wanted)
        }
        Command::Fleet(wanted) => fleet_command::run(app.name, &Config::load(root())?, &wanted),
        Command::Doctor(wanted) => doctor::run(app, &wanted),
        Command::Deploy(wanted) => {
            let environment = wanted.env.map_or_else(Environment::current, Ok)?;
            deploy::run(app.name, &Config::load_with(&root(), environment, &[])?, wanted)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Lift {
    fn overrides(&self) -> Vec<Override> {
        let port = self.port.map(|port| ("http.port", port.to_string()));
        let host = self.host.map(|host| ("http.host", host.to_string()));
        let socket = self.socket.as_ref().map(|path| ("http.socket", path.display().to_string()));
        port.into_iter().chain(host).chain(socket).collect()
    }
}

/// The app's folder: `REGATTA_ROOT`, else where the command was called.
pub(super) fn root() -> PathBuf {
    match std::env::var_os("REGATTA_ROOT") {
        Some(root) if !root.is_empty() => root.into(),
        _ => std::env::current_dir().unwrap_or_default(),
    }
}

#[expect(clippy::print_stderr, reason = "a command tells people why it failed")]
pub(super) fn complain(message: &str) {
    eprintln!("error: {message}");
}
