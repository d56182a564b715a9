//! `emit`: an event for the sockets of the running instances, from a process beside them.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::App;
use super::server;
use crate::config::{Adapter, Config};
use crate::http::Instance;
use crate::{Error, Result};

/// How long Redis may take to take the event.
const PATIENCE: Duration = Duration::from_secs(5);

/// `emit`
#[derive(Debug, clap::Args)]
pub(crate) struct Emit {
    /// The room whose members get it; a socket's id is a room with that socket in it
    room: String,
    /// The event's name
    event: String,
    /// Its argument, as JSON
    #[arg(default_value = "null", value_parser = json)]
    data: Value,
    /// The namespace the room is in
    #[arg(long, default_value = "/")]
    namespace: String,
    /// A room whose members don't get it; may be given several times
    #[arg(long, allow_hyphen_values = true)]
    except: Vec<String>,
}

fn json(text: &str) -> std::result::Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("{error}; a text is written with quotes inside quotes: '\"ahoy\"'"))
}

pub(super) fn run(app: &App, config: Config, wanted: Emit) -> Result<ExitCode> {
    if config.sockets.adapter != Adapter::Redis {
        return Err(Error::internal(
            "no other process reaches sockets in memory: set adapter to \"redis\" in config/sockets.toml",
        ));
    }
    actix_web::rt::System::new().block_on(async {
        let built = server::build(app, config, &Instance::named("emit"))?;
        let sockets = &built.parts.sockets;
        let to = sockets.of(&wanted.namespace).to(wanted.room);
        let to = wanted.except.into_iter().fold(to, |to, room| to.except(room));
        to.emit(&wanted.event, &wanted.data).await?;
        let is_gone = sockets.flush(PATIENCE).await;
        built.end().await;
        if is_gone {
            return Ok(ExitCode::SUCCESS);
        }
        Err(Error::internal("Redis did not take the event within 5 s: regatta doctor looks for the reason"))
    })
}
