//! Several instances on one host: a parent that owns the listening sockets and keeps its children running.
//!
//! Requests never pass through the parent: each child accepts on the socket it was handed by the LISTEN_FDS
//! protocol. A child that crashes is restarted with back-off. When the parent goes, however it goes, the
//! children notice that their standard input ended, and stop too.

mod child;
mod listeners;
mod ports;
mod signals;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use tokio::task::JoinSet;

pub(crate) use listeners::{bind, listener};
pub(crate) use ports::Ports;
pub(crate) use signals::{outlive_read_again, told_to_read_again, told_to_stop};

use crate::config::{Adapter, Config, SessionAdapter};
use crate::redis::RedisServer;
use crate::{Error, Result};
use child::Child;

/// Tells a child how many instances its parent runs.
const INSTANCES: &str = "REGATTA_INSTANCES";

/// How many instances share this machine as far as this process knows.
pub(crate) fn instances() -> usize {
    std::env::var(INSTANCES).ok().and_then(|text| text.parse().ok()).filter(|count| *count > 0).unwrap_or(1)
}

/// Which instances to run.
#[derive(Debug)]
pub(crate) enum Plan {
    /// So many on one port.
    Shared(SocketAddr, usize),
    /// One on each port.
    Each(Vec<SocketAddr>),
}

impl Plan {
    fn count(&self) -> usize {
        match self {
            Self::Shared(_, count) => *count,
            Self::Each(addresses) => addresses.len(),
        }
    }
}

/// The plan the command line asks for; nothing when it is one instance.
pub(crate) fn plan(config: &Config, instances: Option<u16>, ports: Option<Ports>) -> Result<Option<Plan>> {
    let host = config.http.host;
    let plan = match (instances, ports) {
        (Some(count), _) if count > 1 => Plan::Shared(SocketAddr::new(host, config.http.port), count.into()),
        (_, Some(ports)) => Plan::Each(ports.iter().map(|port| SocketAddr::new(host, port)).collect()),
        _ => return Ok(None),
    };
    let in_memory =
        config.sockets.adapter == Adapter::Memory || config.session_adapter() == SessionAdapter::Memory;
    if plan.count() > 1 && in_memory && config.environment.is_production() {
        return Err(Error::internal(
            "several instances need a shared store: set adapter = \"redis\" in config/sockets.toml",
        ));
    }
    Ok(Some(plan))
}

/// Runs the plan until told to stop.
pub(crate) fn run(app: &str, config: &Config, plan: Plan) -> Result<ExitCode> {
    let listeners = match &plan {
        Plan::Shared(address, count) => {
            let listener = bind(*address)?;
            (0..*count).map(|_| listener.try_clone()).collect::<std::io::Result<Vec<_>>>()?
        }
        Plan::Each(addresses) => addresses.iter().map(|address| bind(*address)).collect::<Result<_>>()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(keep(app, config, listeners))
}

async fn keep(app: &str, config: &Config, listeners: Vec<TcpListener>) -> Result<ExitCode> {
    let count = listeners.len();
    let private = private_redis(config, count)?;
    let mut shared = vec![(INSTANCES.to_owned(), count.to_string())];
    if let Some(server) = &private {
        tracing::info!(url = server.url(), "a private redis-server is shared by the instances");
        shared.push(("REGATTA__SOCKETS__ADAPTER".to_owned(), "redis".to_owned()));
        shared.push(("REGATTA__SOCKETS__DATASTORE".to_owned(), "redis".to_owned()));
        shared.push(("REGATTA__DATASTORES__REDIS__URL".to_owned(), server.url().to_owned()));
    }
    let patience = config.http.shutdown_timeout.get() + Duration::from_secs(5);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (read_again, told) = tokio::sync::watch::channel(());
    // The children follow config/log.toml; the parent itself says little.
    let forward = tokio::spawn(async move {
        let Some(mut asked) = told_to_read_again() else { return };
        while asked.recv().await.is_some() {
            let _ = read_again.send(());
        }
    });
    let mut children = JoinSet::new();
    for listener in listeners {
        let child = Child::new(listener, config.environment, shared.clone(), patience)?;
        children.spawn(child.keep(stopped.clone(), told.clone()));
    }
    tracing::info!(app, instances = count, pid = std::process::id(), "the parent runs; Ctrl-C stops all");
    let outcome = tokio::select! {
        () = told_to_stop() => ExitCode::SUCCESS,
        // A child only gives up when it could never start: then the others would not either.
        Some(_) = children.join_next() => ExitCode::FAILURE,
    };
    tracing::info!("stopping all instances");
    let _ = stop.send(true);
    let all = async { while children.join_next().await.is_some() {} };
    tokio::select! {
        () = all => {}
        () = told_to_stop() => tracing::warn!("stopped at once"),
    }
    forward.abort();
    drop(private);
    Ok(outcome)
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
