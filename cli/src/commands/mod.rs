//! The commands, one file each.

use clap::{Parser, Subcommand};

use crate::Result;

pub mod build;
pub mod demo;
pub mod deploy;
pub mod doctor;
pub mod emit;
pub mod fleet;
pub mod lift;
pub mod migrate;
pub mod new;
pub mod openapi;
pub mod routes;
pub mod seed;

/// A web framework whose apps run as one instance or as many without a code change.
#[derive(Debug, Parser)]
#[command(name = "regatta", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  regatta new chat                     a new app in ./chat
  cd chat && regatta lift              run it at http://localhost:1337
  regatta lift --instances 4           run it four times behind one port
  regatta demo                         a chat cluster behind nginx, in a temporary folder";

/// The commands of `regatta`.
#[derive(Debug, Subcommand)]
pub enum Command {
    New(new::New),
    Lift(lift::Lift),
    Routes(routes::Routes),
    Openapi(openapi::Openapi),
    Migrate(migrate::Migrate),
    Seed(seed::Seed),
    Emit(emit::Emit),
    Fleet(fleet::Fleet),
    Doctor(doctor::Doctor),
    Deploy(deploy::Deploy),
    Build(build::Build),
    Demo(demo::Demo),
}

impl Command {
    /// Runs the command to its end; those of the app's binary don't come back.
    pub fn run(self) -> Result<()> {
        match self {
            Self::New(command) => command.run(),
            Self::Lift(command) => command.run(),
            Self::Routes(command) => command.run(),
            Self::Openapi(command) => command.run(),
            Self::Migrate(command) => command.run(),
            Self::Seed(command) => command.run(),
            Self::Emit(command) => command.run(),
            Self::Fleet(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::Deploy(command) => command.run(),
            Self::Build(command) => command.run(),
            Self::Demo(command) => command.run(),
        }
    }
}
