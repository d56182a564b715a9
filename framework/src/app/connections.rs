//! The servers an instance is connected to.

use tokio::runtime::Handle;

use crate::Result;
use crate::config::{Adapter, Config};
use crate::redis::Redis;

/// The Redis connections an app uses: one when sockets and sessions name the same datastore.
pub(super) struct SharedRedis {
    pub(super) for_sockets: Option<Redis>,
    pub(super) for_sessions: Option<Redis>,
    same: bool,
}

impl SharedRedis {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Redis> {
        let sessions = self.for_sessions.as_ref().filter(|_| !self.same);
        self.for_sockets.iter().chain(sessions)
    }
}

pub(super) fn shared_redis(config: &Config, handle: &Handle) -> Result<SharedRedis> {
    let open = |name: &str| -> Result<Redis> { Ok(Redis::open(config.datastore(name)?, handle)?) };
    let sockets = (config.sockets.adapter == Adapter::Redis).then_some(config.sockets.datastore.as_str());
    let sessions = (config.session_adapter() == Adapter::Redis).then(|| config.session_datastore());
    let same = sockets.is_some() && sockets == sessions;
    let for_sockets = sockets.map(open).transpose()?;
    let for_sessions = if same { for_sockets.clone() } else { sessions.map(open).transpose()? };
    Ok(SharedRedis { for_sockets, for_sessions, same })
}
