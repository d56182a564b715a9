//! What can be wrong with an app, its machine, its services and its proxy, and what to do about it.
//!
//! | file | what it looks at |
//! |---|---|
//! | `settings` | keys, files of `config/`, values that do not fit together |
//! | `machine` | open files, folders, who can read secrets |
//! | `redis` | versions, memory, channels, connections, clock |
//! | `database` | connections of all instances, clock |
//! | `instances`, `about` | the instances that run: builds, secrets, hosts |
//! | `proxy/` | what arrives through the address people type |
//! | `report` | the findings, for people and programs |

mod about;
mod clock;
mod database;
mod instances;
mod machine;
mod proxy;
mod redis;
mod report;
mod settings;

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

pub(crate) use about::About;
pub(crate) use proxy::Address;
pub(crate) use report::Report;
pub(crate) use settings::refuse_insecure;

use crate::config::{Config, ConfigError};
use crate::db::Store;
use crate::health::{Check, Finding};
use crate::redis::Redis;
use crate::security::SECRET_CHECK;
use instances::Fleet;

/// How long one part may take: each of its questions has a shorter deadline, this is for what hangs without one.
const PATIENCE: Duration = Duration::from_secs(6);

/// What was looked at, and what was seen.
type Named = (&'static str, Finding);

/// What is looked at besides the configuration.
pub(crate) struct Services {
    /// The checks of the app's parts.
    pub(crate) checks: Vec<Check>,
    /// Every Redis the app uses.
    pub(crate) redis: Vec<Redis>,
    /// The one instances tell each other in, when there is one.
    pub(crate) shared: Option<Redis>,
    /// Whether sessions are in a Redis.
    pub(crate) sessions: Option<Redis>,
    /// The databases by the names of their datastores.
    pub(crate) stores: Vec<(String, Store)>,
    /// What signs the sessions here.
    pub(crate) secrets: Vec<String>,
}

/// What is known without asking the services.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'a> {
    /// How many instances there shall be, when somebody said so.
    pub(crate) wanted: Option<usize>,
    /// The processes of the instances of this folder's fleet.
    pub(crate) processes: &'a [i32],
}

/// What is wrong with a configuration that can't be loaded.
pub(crate) fn unusable(problems: &[ConfigError]) -> Report {
    let mut report = Report::default();
    report.add(problems.iter().map(|error| ("config", Finding::Error(error.to_string()))).collect());
    report
}

/// What the configuration and the machine tell, without asking any service.
pub(crate) fn look_at(config: &Config, circumstances: Circumstances<'_>, report: &mut Report) {
    report.add(settings::look(config, circumstances));
    report.add(machine::look(config, circumstances.processes));
}

/// Asks the services, all at the same time, and adds what they say.
pub(crate) async fn examine(
    config: &Config,
    services: &Services,
    circumstances: Circumstances<'_>,
    report: &mut Report,
) {
    let fleet = Fleet::find(services, config, circumstances).await;
    // The fleet's secrets are compared without leaving a mark of this process among theirs.
    let checks = services.checks.iter().filter(|check| check.name != SECRET_CHECK);
    let mut parts: Vec<BoxFuture<'_, Vec<Named>>> = checks
        .map(|check| within(check.name, async move { vec![(check.name, check.run().await)] }).boxed())
        .collect();
    let count = fleet.count();
    for redis in &services.redis {
        let holds_sessions =
            services.sessions.as_ref().is_some_and(|sessions| sessions.address() == redis.address());
        parts.push(within("redis", redis::look(redis, config, count, holds_sessions)).boxed());
    }
    for (name, store) in &services.stores {
        parts.push(within("database", database::look(name, store, config, &fleet)).boxed());
    }
    let secrets = instances::compare_secrets(services, config, &fleet);
    parts.push(within("session secret", secrets).boxed());
    let found = join_all(parts).await;
    report.count(count);
    found.into_iter().for_each(|found| report.add(found));
    report.add(fleet.look(config));
}

/// Looks through the proxy at `address`.
pub(crate) async fn look_through(
    address: &Address,
    config: &Config,
    secrets: &[String],
    report: &mut Report,
) {
    report.add(within("proxy", proxy::look(address, config, secrets)).await);
}

/// The workers of an instance that has the machine to itself.
fn workers(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    if config.http.workers > 0 { config.http.workers } else { cores() }
}

/// What a part finds, or that it takes too long.
async fn within(name: &'static str, part: impl Future<Output = Vec<Named>>) -> Vec<Named> {
    tokio::time::timeout(PATIENCE, part).await.unwrap_or_else(|_| {
        let text = format!("no answer within {} s: see whether it hangs, and restart it", PATIENCE.as_secs());
        vec![(name, Finding::Error(text))]
    })
}

#[cfg(test)]
mod tests;
