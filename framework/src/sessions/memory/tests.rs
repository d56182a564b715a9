use std::sync::Arc;

use super::MemoryStore;
use crate::config::SessionConfig;
use crate::sessions::conformance::{self, Fleet, set};
use crate::sessions::{Id, Loaded, Store};

/// One instance, so both are the same.
struct Alone;

impl Fleet for Alone {
    fn with(&self, config: SessionConfig) -> [Arc<dyn Store>; 2] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(&config));
        [store.clone(), store]
    }
}

#[tokio::test]
async fn it_conforms() {
    conformance::run(&Alone).await;
}

#[tokio::test]
async fn the_sessions_unused_for_longest_go_when_there_are_too_many() {
    let store = MemoryStore::new(&SessionConfig { max_sessions: 3, ..SessionConfig::default() });
    let ids: Vec<Id> = (0..4).map(|_| Id::random().unwrap()).collect();
    for id in &ids[..3] {
        store.create(id, &set(&[("n", "1")])).await.unwrap();
    }
    store.load(&ids[0]).await.unwrap();
    store.create(&ids[3], &set(&[("n", "1")])).await.unwrap();
    let mut living = Vec::new();
    for id in &ids {
        living.push(store.load(id).await.unwrap() != Loaded::Gone);
    }
    assert_eq!(living, [true, false, true, true]);
    let table = store.lock();
    assert_eq!((table.sessions.len(), table.by_use.len()), (3, 3));
}

#[tokio::test]
async fn what_ended_leaves_nothing_behind() {
    let store = MemoryStore::new(&SessionConfig::default());
    let (id, to) = (Id::random().unwrap(), Id::random().unwrap());
    store.create(&id, &set(&[("n", "1")])).await.unwrap();
    assert_eq!(store.renew(&id, &to, &set(&[])).await.unwrap(), Some(vec![]));
    store.destroy(&id).await.unwrap();
    store.destroy(&to).await.unwrap();
    let table = store.lock();
    assert_eq!((table.sessions.len(), table.by_use.len()), (0, 0));
}
