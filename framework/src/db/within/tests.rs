use std::path::Path;

use crate::config::DatastoreConfig;
use crate::db::{Layout, Query, Store};

fn store() -> Store {
    let config = DatastoreConfig { url: "sqlite::memory:".to_owned(), ..DatastoreConfig::default() };
    Store::open(&config, Path::new("/"), 1).unwrap()
}

#[tokio::test]
async fn work_is_kept_once_while_it_is_waited_for() {
    let (store, work) = (store(), async {
        let kept = [0_u8; 4_096];
        tokio::task::yield_now().await;
        kept.len()
    });
    let size = size_of_val(&work);
    let within = store.within(work);
    assert!(size_of_val(&within) < size + 512, "{} bytes for {size}", size_of_val(&within));
    assert_eq!(within.await.unwrap(), 4_096);
}

#[tokio::test]
async fn a_statement_and_a_transaction_keep_little_while_they_wait() {
    let (store, layout) = (store(), Layout::new(0, Vec::new()));
    let sizes = [
        size_of_val(&store.rows(Query::of_text("SELECT 1", &[]), &layout, None)),
        size_of_val(&store.begin()),
    ];
    // Most of it is sqlx', for the connection it may have to make.
    assert!(sizes.iter().all(|size| *size < 12 * 1_024), "{sizes:?} bytes");
}
