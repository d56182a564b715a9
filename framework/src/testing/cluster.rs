//! Several instances in the test's own process, with a real Redis between them.

use tempfile::TempDir;

use super::TestApp;
use crate::app::App;
use crate::config::Override;
use crate::redis::RedisServer;

/// Instances that share a private redis-server and a database file.
#[derive(Debug)]
pub struct TestCluster {
    instances: Vec<TestApp>,
    _redis: RedisServer,
    _folder: TempDir,
}

impl TestCluster {
    /// Starts `count` instances of the app. It needs `redis-server` in the PATH.
    pub async fn start(app: App, count: usize) -> Self {
        Self::start_with(app, count, &[]).await
    }

    /// The same with further settings.
    pub(crate) async fn start_with(app: App, count: usize, settings: &[Override]) -> Self {
        let redis = RedisServer::start().expect("redis-server: install it to run this test");
        Self::start_on(redis, app, count, settings).await
    }

    /// The same on a Redis that runs.
    pub(crate) async fn start_on(redis: RedisServer, app: App, count: usize, settings: &[Override]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = format!("sqlite://{}", folder.path().join("test.db").display());
        let mut instances = Vec::new();
        for _ in 0..count {
            let own = [
                ("sockets.adapter", "redis".to_owned()),
                ("datastores.redis.url", redis.url().to_owned()),
                ("datastores.default.url", database.clone()),
            ];
            let overrides = own.into_iter().chain(settings.iter().cloned()).collect();
            instances.push(TestApp::start_with(app.clone(), overrides).await);
        }
        Self { instances, _redis: redis, _folder: folder }
    }

    /// The shared Redis.
    #[cfg(test)]
    pub(crate) fn redis(&self) -> &RedisServer {
        &self._redis
    }
}

impl std::ops::Index<usize> for TestCluster {
    type Output = TestApp;

    fn index(&self, index: usize) -> &TestApp {
        &self.instances[index]
    }
}
