use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::DatastoreConfig;
use crate::db::Store;

fn store(url: &str, pool_size: u32) -> Store {
    let config = DatastoreConfig { url: url.to_owned(), pool_size, ..DatastoreConfig::default() };
    Store::open(&config, Path::new("/tmp"), 2).unwrap()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn has_room_and_a_clock(url: &str, room: std::ops::RangeInclusive<u32>) {
    let store = store(url, 5);
    let found = store.room().await.unwrap();
    assert!(room.contains(&found), "{found}");
    let time = Duration::from_millis(u64::try_from(store.time().await.unwrap()).unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(time) < Duration::from_secs(10), "{time:?} and here {now:?}");
    assert!(store.pool_size() == 5 && !store.is_file());
    store.close().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_keeps_connections_for_its_administrators() {
    let server = crate::models::tests::PostgresServer::start();
    has_room_and_a_clock(&server.url("postgres"), 4..=97).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mariadb_tells_its_room_and_time_whatever_its_zone() {
    let server = crate::models::tests::MariaDbServer::start();
    has_room_and_a_clock(&server.url("one"), 10..=1_000).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_has_neither() {
    let store = store("sqlite::memory:", 1);
    assert_eq!((store.room().await, store.time().await, store.is_file()), (None, None, true));
}

#[tokio::test]
async fn a_server_that_is_away_tells_nothing() {
    let url =
        if cfg!(feature = "postgres") { "postgres://a@127.0.0.1:1/a" } else { "mysql://a@127.0.0.1:1/a" };
    if cfg!(any(feature = "postgres", feature = "mysql")) {
        assert_eq!(store(url, 1).room().await, None);
    }
}
