//! The Redis connections an app uses, and where its sessions live.

use std::sync::Arc;

use crate::Result;
use crate::config::{Adapter, Config, SessionAdapter, SessionImport};
use crate::models::{Db, Stores};
use crate::redis::Redis;
use crate::sessions;

/// The Redis connections an app uses: one when sockets and sessions name the same datastore.
pub(super) struct SharedRedis {
    pub(super) for_sockets: Option<Redis>,
    pub(super) for_sessions: Option<Redis>,
    pub(super) for_import: Option<Redis>,
    same: bool,
}

impl SharedRedis {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Redis> {
        let sessions = self.for_sessions.as_ref().filter(|_| !self.same);
        self.for_sockets.iter().chain(sessions)
    }
}

pub(super) fn shared_redis(config: &Config, handle: &tokio::runtime::Handle) -> Result<SharedRedis> {
    let open = |name: &str| -> Result<Redis> { Ok(Redis::open(config.datastore(name)?, handle)?) };
    let sockets = (config.sockets.adapter == Adapter::Redis).then_some(config.sockets.datastore.as_str());
    let sessions = (config.session_adapter() == SessionAdapter::Redis).then(|| config.session_datastore());
    let import = config.session.import.map(|SessionImport::Express| config.session.import_datastore.as_str());
    let same = sockets.is_some() && sockets == sessions;
    let for_sockets = sockets.map(open).transpose()?;
    let for_sessions = if same { for_sockets.clone() } else { sessions.map(open).transpose()? };
    let for_import = match import {
        Some(_) if import == sockets => for_sockets.clone(),
        Some(_) if import == sessions => for_sessions.clone(),
        other => other.map(open).transpose()?,
    };
    Ok(SharedRedis { for_sockets, for_sessions, for_import, same })
}

/// Where the sessions live. In SQL they share the connections of the models in the same datastore.
pub(super) fn session_store(
    config: &Config,
    redis: &SharedRedis,
    stores: &Stores,
) -> Result<Arc<dyn sessions::Store>> {
    match (config.session_adapter(), &redis.for_sessions) {
        (SessionAdapter::Redis, Some(redis)) => Ok(sessions::redis(redis.clone(), config)),
        (SessionAdapter::Sql, _) => {
            let name = config.session_datastore();
            let shared = stores.iter().find(|(other, _)| other == name).map(|(_, store)| store.clone());
            sessions::sql(shared.map_or_else(|| Db::open_store(config, name), Ok)?, config)
        }
        (SessionAdapter::Memory | SessionAdapter::Redis, _) => Ok(sessions::memory(config)),
    }
}
