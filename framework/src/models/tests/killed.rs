//! A process killed in the middle of a bulk create leaves all of it or nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::super::{Db, Model};
use super::open;
use super::zoo::Keeper;

/// Where the process to be killed finds its database.
const URL: &str = "REGATTA_TEST_BULK_CREATE_AT";
/// Far more than one statement inserts.
const RECORDS: usize = 100_000;

#[tokio::test]
async fn a_bulk_create_is_whole_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("killed.db").display());
    let (db, _) = open(&url, Path::new("/"));
    db.migrate().await.unwrap();
    everything(&db, &url).await;
}

/// The process to be killed; as a test of its own it does nothing.
#[tokio::test]
async fn writes_in_bulk_when_asked() {
    let Ok(url) = std::env::var(URL) else { return };
    let (db, _) = open(&url, Path::new("/"));
    let keepers = (0..RECORDS).map(|n| json!({"name": format!("keeper {n}")}));
    eprintln!("begins");
    let made = Keeper::create_each(keepers).exec(&db).await.unwrap();
    eprintln!("made {}", made.len());
}

pub(super) async fn everything(db: &Db, url: &str) {
    let mut interrupted = 0;
    for after in [20, 60, 120, 250, 400] {
        interrupted += usize::from(kill_after(url, Duration::from_millis(after)));
        let there = Keeper::find().count(db).await.unwrap();
        assert!(there == 0 || there == RECORDS as u64, "{there} records after {after} ms");
        Keeper::destroy_each(Keeper::ID.gt(0)).exec(db).await.unwrap();
    }
    assert!(interrupted > 0, "every round was over before the kill");
}

/// Whether the process was still writing when it was killed.
fn kill_after(url: &str, time: Duration) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "models::tests::killed::writes_in_bulk_when_asked", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().contains("begins")), "it says when it begins");
    std::thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    !lines.any(|line| line.unwrap().contains("made"))
}
