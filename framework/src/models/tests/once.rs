//! What is done once, by several at a time and over the end of one of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::Db;
use super::super::once::{Once, Outcome, Pace};
use super::{open, person};
use crate::Error;

/// Fast enough for a test.
const PACE: Pace = Pace {
    beat: Duration::from_millis(100),
    silent: Duration::from_millis(600),
    answer: Duration::from_millis(400),
    pause: Duration::from_millis(20),
};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn holds_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let open = || open("sqlite://test.db", folder.path()).0;
    open().migrate().await.unwrap();
    everything(&open).await;
    a_writer_is_not_taken_for_dead(&open(), &open()).await;
}

/// `open` gives handles of one migrated database.
pub(super) async fn everything(open: &dyn Fn() -> Db) {
    let dbs = [open(), open(), open()];
    one_of_several_does_it(&dbs).await;
    failed_work_counts_as_never_begun(&dbs[0]).await;
    another_takes_over_from_a_dead_one(&dbs).await;
    slow_work_is_not_taken_over(&dbs).await;
    waiting_has_an_end(&dbs).await;
}

async fn once<'a>(db: &'a Db, holder: &str) -> Once<'a> {
    Once::open(db, holder.to_owned(), PATIENCE).await.unwrap().at(PACE)
}

async fn one_of_several_does_it(dbs: &[Db]) {
    let count = AtomicU32::new(0);
    let names = ["a", "b", "c"];
    let starts = dbs.iter().zip(names).map(async |(db, holder)| {
        let work = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        once(db, holder).await.run("first", false, work).await.unwrap()
    });
    let outcomes = futures_util::future::join_all(starts).await;

    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 1);
    let later = once(&dbs[0], "d").await;
    assert!(later.done("first").await.unwrap().is_some());
    assert_eq!(later.done("never").await.unwrap(), None);
    let add = async || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    assert!(matches!(later.run("first", false, add()).await.unwrap(), Outcome::DoneBefore(_)));
    assert_eq!(later.run("first", true, add()).await.unwrap(), Outcome::Done);
    assert_eq!(count.load(Ordering::SeqCst), 2, "only the second of them ran");
}

async fn failed_work_counts_as_never_begun(db: &Db) {
    let once = once(db, "a").await;
    let error = once.run("fails", false, async { Err(Error::conflict("no")) }).await.unwrap_err();
    assert_eq!(error.status(), 409);
    assert_eq!(once.done("fails").await.unwrap(), None);
    assert_eq!(once.run("fails", false, async { Ok(()) }).await.unwrap(), Outcome::Done);
}

async fn another_takes_over_from_a_dead_one(dbs: &[Db]) {
    let dead = once(&dbs[0], "dead").await;
    // Dropped in the middle of its work, as a killed process leaves it.
    let cut = tokio::time::timeout(
        Duration::from_millis(300),
        dead.run("dies", false, std::future::pending::<Result<(), Error>>()),
    );
    assert!(cut.await.is_err());
    let (one, other) = (once(&dbs[1], "one").await, once(&dbs[2], "other").await);
    let (one, other) =
        tokio::join!(one.run("dies", false, async { Ok(()) }), other.run("dies", false, async { Ok(()) }));
    let done = [one.unwrap(), other.unwrap()].into_iter().filter(|outcome| *outcome == Outcome::Done).count();
    assert_eq!(done, 1, "one of those who wait");
}

async fn slow_work_is_not_taken_over(dbs: &[Db]) {
    let (slow, other) = (once(&dbs[0], "slow").await, once(&dbs[1], "other").await);
    let begun = Notify::new();
    let work = async {
        begun.notify_one();
        tokio::time::sleep(2 * (PACE.silent + PACE.answer)).await;
        Ok(())
    };
    let (slow, other) = tokio::join!(slow.run("slow", false, work), async {
        begun.notified().await;
        other.run("slow", false, async { panic!("it is at work") }).await
    });
    assert_eq!(slow.unwrap(), Outcome::Done);
    assert!(matches!(other.unwrap(), Outcome::DoneBefore(_)));
}

async fn waiting_has_an_end(dbs: &[Db]) {
    let slow = once(&dbs[0], "slow").await;
    let hasty = Once::open(&dbs[1], "hasty".to_owned(), Duration::from_millis(300)).await.unwrap().at(PACE);
    let begun = Notify::new();
    let work = async {
        begun.notify_one();
        std::future::pending().await
    };
    let refused = tokio::select! {
        _ = slow.run("endless", false, work) => panic!("it has no end"),
        refused = async {
            begun.notified().await;
            hasty.run("endless", false, async { Ok(()) }).await
        } => refused.unwrap_err(),
    };
    assert_eq!(refused.status(), 503);
    let text = refused.to_string();
    assert!(text.contains("(slow) runs `endless`") && text.contains("bootstrap_timeout"), "{text}");
}

/// SQLite has one writer: work in one long transaction can't say meanwhile that it is alive.
async fn a_writer_is_not_taken_for_dead(db: &Db, other: &Db) {
    let (writer, other) = (once(db, "writer").await, once(other, "other").await);
    let work = db.transaction(async |tx| {
        person(tx, "first").await;
        tokio::time::sleep(3 * (PACE.silent + PACE.answer)).await;
        Ok(())
    });
    let (writer, other) = tokio::join!(writer.run("writes", false, work), async {
        tokio::time::sleep(PACE.beat).await;
        other.run("writes", false, async { panic!("it is at work") }).await
    });
    assert_eq!(writer.unwrap(), Outcome::Done);
    assert!(matches!(other.unwrap(), Outcome::DoneBefore(_)));
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn who_was_taken_over_stops_and_says_so() {
    let (db, _, _folder) = super::sqlite().await;
    let slow = once(&db, "slow").await;
    let steal = async || {
        let sql = "UPDATE regatta_once SET holder = 'thief'";
        sqlx::query(sql).execute(db.sqlite().unwrap()).await.unwrap();
    };

    let endless = slow.run("endless", false, async {
        steal().await;
        std::future::pending().await
    });
    let error = tokio::time::timeout(PATIENCE, endless).await.expect("it stops").unwrap_err();
    assert!(error.to_string().contains("took over `endless`"), "{error}");
    let quick = slow.run("quick", false, async {
        steal().await;
        Ok(())
    });
    assert_eq!(quick.await.unwrap_err().status(), 503);
}

#[tokio::test]
async fn a_name_that_does_not_fit_is_refused() {
    let (db, _, _folder) = super::sqlite().await;
    let once = once(&db, "a").await;
    for name in [String::new(), "x".repeat(201)] {
        let error = once.run(&name, false, async { Ok(()) }).await.unwrap_err().to_string();
        assert!(error.contains("1 to 200 bytes"), "{error}");
    }
}
