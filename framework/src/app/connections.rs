//! The servers an instance is connected to.

use tokio::runtime::Handle;

use crate::Result;
use crate::config::{Adapter, Config};
use crate::redis::Redis;

/// The Redis connections an app uses: one for each datastore, however many parts of the app name it.
pub(super) struct SharedRedis {
    pub(super) for_sockets: Option<Redis>,
    pub(super) for_sessions: Option<Redis>,
    pub(super) for_cache: Option<Redis>,
    open: Vec<(String, Redis)>,
}

impl SharedRedis {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Redis> {
        self.open.iter().map(|(_, redis)| redis)
    }
}

pub(super) fn shared_redis(config: &Config, handle: &Handle) -> Result<SharedRedis> {
    let mut open: Vec<(String, Redis)> = Vec::new();
    let mut connect = |adapter: Adapter, name: &str| -> Result<Option<Redis>> {
        if adapter != Adapter::Redis {
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
        for_sockets: connect(config.sockets.adapter, &config.sockets.datastore)?,
        for_sessions: connect(config.session_adapter(), config.session_datastore())?,
        for_cache: connect(config.cache_adapter(), config.cache_datastore())?,
        open,
    })
}
