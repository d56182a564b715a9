//! Several instances on one host: a parent that owns the listening sockets and keeps its children running.
//!
//! Requests never pass through the parent: each child accepts on the sockets it was handed by the LISTEN_FDS protocol, and
//! says over the line that is its standard input when it is ready. A child that crashes is started again with back-off. A
//! rolling restart starts a new child first, on the same sockets, and drains the one before it when the new one is ready.
//! When the parent goes, however it goes, the children notice that their line ended, and stop too.

mod ask;
mod child;
mod control;
mod figures;
mod handover;
mod line;
mod listeners;
mod logs;
mod orders;
mod parent;
mod place;
mod ports;
mod private;
mod rolling;
mod survey;
mod voice;
mod words;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

pub(crate) use ask::Asking;
pub(crate) use listeners::{address, bind, doors};
pub(crate) use orders::{Orders, Told, outlive_read_again};
pub(crate) use parent::program;
pub(crate) use ports::{Count, Ports};
pub(crate) use private::{PrivateFile, private_door};
pub(crate) use words::{Reply, Request, Row, Status};

use crate::config::{Adapter, Config, Listen, SessionAdapter};
use crate::http::{Door, Private};
use crate::redis::RedisServer;
use crate::{Error, Result};
use child::{INSTANCES, Start};
use control::Control;
use figures::Figures;
use parent::{Parent, Signals};
use place::Bounds;

/// The most instances one parent runs.
pub(crate) const MOST: u16 = 256;

const NEEDS_STORE: &str =
    "several instances need a shared store: set adapter = \"redis\" in config/sockets.toml";

/// Whether a parent runs this instance.
pub(crate) fn is_child() -> bool {
    std::env::var_os(orders::CHILD).is_some()
}

/// How many instances share this machine as far as this process knows.
pub(crate) fn instances() -> usize {
    std::env::var(INSTANCES).ok().and_then(|text| text.parse().ok()).filter(|count| *count > 0).unwrap_or(1)
}

/// Which instances to run.
#[derive(Debug)]
pub(crate) enum Plan {
    /// So many behind the same sockets.
    Shared(usize),
    /// One on each port.
    Each(Ports),
}

/// The sockets of a fleet.
#[derive(Debug)]
enum Doors {
    /// Those of every instance.
    Shared(Vec<Door>),
    /// One for each instance.
    Each(Vec<Door>),
}

impl Plan {
    fn count(&self) -> usize {
        match self {
            Self::Shared(count) => *count,
            Self::Each(ports) => ports.iter().count(),
        }
    }

    fn doors(&self, config: &Config) -> Result<Doors> {
        Ok(match self {
            Self::Shared(_) => Doors::Shared(doors(config)?),
            Self::Each(ports) => {
                let open = |port| bind(SocketAddr::new(config.http.host, port)).map(Door::Tcp);
                Doors::Each(ports.iter().map(open).collect::<Result<_>>()?)
            }
        })
    }
}

/// The plan the command line asks for; nothing when it is one instance on its own.
pub(crate) fn plan(config: &Config, instances: Option<Count>, ports: Option<Ports>) -> Result<Option<Plan>> {
    let plan = match (instances, ports) {
        (Some(count), _) => Plan::Shared(count.get()),
        (_, Some(ports)) => Plan::Each(ports),
        _ => return Ok(None),
    };
    if plan.count() > 1 && !may_be_several(config) {
        return Err(Error::internal(NEEDS_STORE));
    }
    Ok(Some(plan))
}

fn may_be_several(config: &Config) -> bool {
    let in_memory =
        config.sockets.adapter == Adapter::Memory || config.session_adapter() == SessionAdapter::Memory;
    !(in_memory && config.environment.is_production())
}

/// Runs the plan until told to stop.
pub(crate) fn run(app: &str, config: &Config, plan: &Plan) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(keep(app, config, plan))
}

async fn keep(app: &str, config: &Config, plan: &Plan) -> Result<ExitCode> {
    let signals = Signals::open()?;
    let found = handover::found()?;
    let private = private_redis(config, plan.count())?;
    let start = Arc::new(Start {
        program: program()?,
        environment: config.environment,
        variables: private.as_ref().map(variables).unwrap_or_default(),
        count: AtomicUsize::new(plan.count()),
        may_be_several: private.is_some() || is_shared(config),
        logs: Arc::default(),
        private: (config.metrics.listen != Listen::Off).then(|| config.path(&config.fleet.control)),
    });
    let bounds = Bounds::new(&config.fleet, config.http.shutdown_timeout.get());
    let figures = Arc::new(Figures::new(config));
    let new = |doors| Parent::new(app, start, doors, bounds, config, private.is_none(), figures);
    let listening = listening(config, found.is_some())?;
    let (pid, path) = (std::process::id(), config.path(&config.fleet.control));
    let (parent, control) = match found {
        Some(found) => {
            let mut parent = new(found.doors);
            parent.take_over(found.places)?;
            tracing::info!(app, pid, "the parent goes on as a new program");
            (parent, Control::with(found.control, &path)?)
        }
        None => {
            // First of all: another parent in this folder would be found here.
            let control = Control::open(&path)?;
            let mut parent = new(plan.doors(config)?);
            parent.fill(plan.count())?;
            tracing::info!(app, instances = plan.count(), pid, "the parent runs; Ctrl-C stops all");
            (parent, control)
        }
    };
    let watched = listening
        .map(|(listener, file)| (tokio::spawn(listener.serve(figures::answers(control.asker()))), file));
    let outcome = parent.run(control, signals).await;
    if let Some((serving, _)) = watched {
        serving.abort();
    }
    drop(private);
    outcome
}

/// The parent's private listener, where the configuration wants one. A program that takes over goes on without it rather
/// than end the fleet.
fn listening(config: &Config, takes_over: bool) -> Result<Option<(Private, Option<PrivateFile>)>> {
    let opened = private::configured(config).and_then(|wanted| {
        let Some((door, file)) = wanted else { return Ok(None) };
        tracing::info!("figures and health checks of the fleet at {}", address(&door));
        Ok(Some((Private::at(door)?, file)))
    });
    match opened {
        Err(error) if takes_over => {
            tracing::error!(%error, "the fleet tells no figures");
            Ok(None)
        }
        opened => opened,
    }
}

/// Whether instances share what they must.
fn is_shared(config: &Config) -> bool {
    config.sockets.adapter != Adapter::Memory && config.session_adapter() != SessionAdapter::Memory
}

fn variables(server: &RedisServer) -> Vec<(String, String)> {
    tracing::info!(url = server.url(), "a private redis-server is shared by the instances");
    let variable = |name: &str, value: &str| (format!("REGATTA__{name}"), value.to_owned());
    vec![
        variable("SOCKETS__ADAPTER", "redis"),
        variable("SOCKETS__DATASTORE", "redis"),
        variable("DATASTORES__REDIS__URL", server.url().as_str()),
        // What the configured server has and this one has not.
        variable("DATASTORES__REDIS__CA_FILE", ""),
        variable("DATASTORES__REDIS__CERT_FILE", ""),
        variable("DATASTORES__REDIS__KEY_FILE", ""),
        variable("DATASTORES__REDIS__MASTER", ""),
    ]
}

/// Development without Redis in its configuration gets a server of its own for several instances.
fn private_redis(config: &Config, count: usize) -> Result<Option<RedisServer>> {
    let in_memory = config.sockets.adapter == Adapter::Memory;
    if count < 2 || !in_memory {
        return Ok(None);
    }
    RedisServer::start().map(Some).map_err(|error| {
        Error::internal(format!(
            "{count} instances need a shared store, and no private redis-server could be started ({error}): install \
             redis-server, or set adapter = \"redis\" in config/sockets.toml and REDIS_URL to a server you have"
        ))
    })
}

#[cfg(test)]
mod tests;
