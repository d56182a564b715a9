//! The servers an instance is connected to.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::config::{Adapter, Config, SessionAdapter};
use crate::models::{Db, Stores};
use crate::redis::Redis;
use crate::{Result, sessions};

/// The Redis connections an app uses: one for each datastore, however many parts of the app name it.
#[derive(Clone)]
pub(super) struct SharedRedis {
    pub(super) for_sockets: Option<Redis>,
    pub(super) for_sessions: Option<Redis>,
    pub(super) for_cache: Option<Redis>,
    pub(super) for_import: Option<Redis>,
    open: Vec<(String, Redis)>,
}

impl SharedRedis {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Redis> {
        self.open.iter().map(|(_, redis)| redis)
    }
}

pub(super) fn shared_redis(config: &Config, handle: &Handle) -> Result<SharedRedis> {
    let mut open: Vec<(String, Redis)> = Vec::new();
    let mut connect = |wanted: bool, name: &str| -> Result<Option<Redis>> {
        if !wanted {
            return Ok(None);
        }
        if let Some((_, redis)) = open.iter().find(|(known, _)| known == name) {
            return Ok(Some(redis.clone()));
        }
        let redis = Redis::open(config.datastore(name)?, handle)?;
        open.push((name.to_owned(), redis.clone()));
        Ok(Some(redis))
    };
    Ok(SharedRedis {
        for_sockets: connect(config.sockets.adapter == Adapter::Redis, &config.sockets.datastore)?,
        for_sessions: connect(config.session_adapter() == SessionAdapter::Redis, config.session_datastore())?,
        for_cache: connect(config.cache_adapter() == Adapter::Redis, config.cache_datastore())?,
        for_import: connect(config.session.import.is_some(), &config.session.import_datastore)?,
        open,
    })
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
            Ok(sessions::sql(shared.map_or_else(|| Db::open_store(config, name), Ok)?, config))
        }
        (SessionAdapter::Memory | SessionAdapter::Redis, _) => Ok(sessions::memory(config)),
    }
}
