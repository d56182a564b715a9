//! Whether a database has room for the connections of all instances, and the same time.

use super::instances::Fleet;
use super::{Named, clock};
use crate::config::Config;
use crate::db::Store;
use crate::health::Finding;

/// Everything about the datastore `name`, which the instances of `fleet` share.
pub(super) async fn look(name: &str, store: &Store, config: &Config, fleet: &Fleet) -> Vec<Named> {
    let Some(room) = store.room().await else {
        return one_file(store, fleet).into_iter().collect();
    };
    let mut findings = vec![("database pool", pool(name, store.pool_size(), room, config, fleet.count()))];
    let before = clock::now();
    if let Some(time) = store.time().await {
        let who = format!("the database at {}", store.address());
        findings.push(("clock", clock::compare(&who, before, time, clock::now())));
    }
    findings
}

/// Whether the pools of all instances fit into `room` connections, also while a restart replaces some.
pub(super) fn pool(name: &str, size: u32, room: u32, config: &Config, instances: usize) -> Finding {
    let instances = u32::try_from(instances).unwrap_or(u32::MAX);
    let at_once = u32::try_from(config.fleet.at_once).unwrap_or(u32::MAX).min(instances);
    let all = size.saturating_mul(instances);
    let restarting = size.saturating_mul(instances.saturating_add(at_once));
    if restarting <= room {
        return Finding::Good(format!(
            "{instances} instance(s) with up to {size} connections each fit into the server's {room}"
        ));
    }
    let fits = room / instances.saturating_add(at_once).max(1);
    let remedy = if fits == 0 {
        format!("run fewer instances, or set max_connections = {} at the server", restarting + 10)
    } else {
        format!(
            "set pool_size = {fits} for [{name}] in config/datastores.toml, or max_connections = {} at the server",
            restarting + 10
        )
    };
    if all > room {
        return Finding::Error(format!(
            "{instances} instance(s) may open {size} connections each, {all} in all, and the database takes {room}: requests \
             get 503 when it is full; {remedy}"
        ));
    }
    Finding::Warning(format!(
        "{instances} instance(s) with {size} connections each fit into the database's {room}, but not while a restart runs \
         {} at a time: {remedy}",
        instances + at_once
    ))
}

/// A file is there for the instances of one host.
fn one_file(store: &Store, fleet: &Fleet) -> Option<Named> {
    let hosts = fleet.hosts();
    if !store.is_file() || hosts.len() < 2 {
        return None;
    }
    let text = format!(
        "the models are in a SQLite file, and instances run on {} hosts ({}), each with a file of its own: set DATABASE_URL to a \
         PostgreSQL database that all reach",
        hosts.len(),
        hosts.join(", ")
    );
    Some(("database", Finding::Error(text)))
}
