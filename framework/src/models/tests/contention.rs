//! Many at once: one wins, the others are told, and nobody waits for longer than they said they would.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::super::{Db, Model};
use super::zoo::{Depot, Keeper, Pet, Visit};
use super::{Person, models, open_at, person};
use crate::config::{DatastoreConfig, Span};
use crate::{Error, Result};

pub(super) async fn everything(db: &Db, url: &str, root: &Path) {
    Person::destroy_each(Person::ID.gt(0)).exec(db).await.unwrap();
    one_of_many_has_the_unique_value(db).await;
    who_meets_another_gives_way(db).await;
    an_exhausted_pool_is_told_in_time(url, root).await;
    a_transaction_given_up_at_any_moment_leaves_nothing(url, root).await;
    a_slow_statement_is_told_in_time(db, url, root).await;
    Person::destroy_each(Person::ID.gt(0)).exec(db).await.unwrap();
}

async fn one_of_many_has_the_unique_value(db: &Db) {
    let keeper = Keeper::create(json!({ "name": "k" })).exec(db).await.unwrap();
    let pet = Pet::create(json!({ "name": "p" })).exec(db).await.unwrap();
    let (mut names, mut pairs, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..12 {
        names.push(Person::create(json!({ "name": "same" })).exec(db));
        pairs.push(Visit::create(json!({ "keeper": keeper.id, "pet": pet.id })).exec(db));
        keys.push(Depot::create(json!({ "code": "same" })).exec(db));
    }
    let (names, pairs, keys) = tokio::join!(join_all(names), join_all(pairs), join_all(keys));
    fn check<T: std::fmt::Debug>(outcomes: Vec<Result<T>>, attributes: &[&str]) {
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|outcome| outcome.is_ok());
        assert_eq!((made.len(), refused.len()), (1, 11), "{attributes:?}");
        for refused in refused {
            let error = refused.unwrap_err();
            assert_eq!(
                (error.code(), &error.extra()["attrNames"]),
                ("E_UNIQUE", &json!(attributes)),
                "{error}"
            );
        }
    }
    check(names, &["name"]);
    check(pairs, &["keeper", "pet"]);
    check(keys, &["code"]);
    Depot::destroy("same").exec(db).await.unwrap();
    Keeper::destroy(keeper.id).exec(db).await.unwrap();
    Pet::destroy(pet.id).exec(db).await.unwrap();
    Person::destroy_each(Person::NAME.eq("same")).exec(db).await.unwrap();
}

/// Each leaves a mark and changes its own record first, and then the other's.
async fn who_meets_another_gives_way(db: &Db) {
    let (one, other) = (person(db, "one").await.id, person(db, "other").await.id);
    let work = async |tx: &Db, first: i64, second: i64| {
        mark(tx).await?;
        touch(tx, first).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        touch(tx, second).await
    };
    let (left, right) = tokio::join!(
        db.transaction(async |tx| work(tx, one, other).await),
        db.transaction(async |tx| work(tx, other, one).await),
    );
    let won = succeeded(&[left, right]);
    assert!(won > 0, "one of both goes on");
    assert_eq!(Keeper::find().count(db).await.unwrap(), won, "what gave way left nothing");

    let (left, right) = tokio::join!(
        db.retry_transaction(async |tx| work(tx, one, other).await),
        db.retry_transaction(async |tx| work(tx, other, one).await),
    );
    left.unwrap();
    right.unwrap();
    assert_eq!(Keeper::find().count(db).await.unwrap(), won + 2);
    Keeper::destroy_each(Keeper::ID.gt(0)).exec(db).await.unwrap();

    // Who goes on after all can't write any more, as if nothing had happened.
    let stubborn = async |tx: &Db, first: i64, second: i64| {
        touch(tx, first).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let _ = touch(tx, second).await;
        let _ = mark(tx).await;
        Ok::<_, Error>(())
    };
    let (left, right) = tokio::join!(
        db.transaction(async |tx| stubborn(tx, one, other).await),
        db.transaction(async |tx| stubborn(tx, other, one).await),
    );
    let won = succeeded(&[left, right]);
    assert_eq!(Keeper::find().count(db).await.unwrap(), won, "all of a transaction or nothing");
    Keeper::destroy_each(Keeper::ID.gt(0)).exec(db).await.unwrap();
}

/// How many went well; the others were told to try again.
fn succeeded(outcomes: &[Result<()>]) -> u64 {
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.status(), 503, "{error}");
        assert!(error.to_string().contains("had to give way: try again"), "{error}");
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count() as u64
}

async fn mark(db: &Db) -> Result<()> {
    Keeper::create(json!({ "name": "mark" })).exec(db).await.map(drop)
}

async fn touch(db: &Db, id: i64) -> Result<()> {
    Person::update(id).set(json!({ "age": 33 })).exec(db).await.map(drop)
}

async fn an_exhausted_pool_is_told_in_time(url: &str, root: &Path) {
    let mut config = DatastoreConfig::at(url);
    (config.pool_size, config.acquire_timeout) = (1, Span::millis(400));
    let (db, _) = open_at(&config, root, models());
    let start = Instant::now();
    let refused = db.transaction(async |_| Person::find().count(&db).await).await.unwrap_err();
    assert_eq!(refused.status(), 503);
    assert!(refused.to_string().contains("stayed busy: raise pool_size"), "{refused}");
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(350) && waited < Duration::from_millis(1_500), "{waited:?}");
    Person::find().count(&db).await.unwrap();
    db.close().await;
}

/// As when the request that began it is dropped: its only connection comes back, and nothing it did lasts.
async fn a_transaction_given_up_at_any_moment_leaves_nothing(url: &str, root: &Path) {
    let mut config = DatastoreConfig::at(url);
    // A connection that was left in the middle of something is made anew, on a machine that may be busy.
    (config.pool_size, config.acquire_timeout) = (1, Span::seconds(20));
    let (db, _) = open_at(&config, root, models());
    let before = Person::find().count(&db).await.unwrap();
    for polls in 0..40_u32 {
        let work = db.transaction(async |tx| {
            Person::create(json!({ "name": format!("given up {polls}") })).exec(tx).await?;
            Person::find().count(tx).await?;
            std::future::pending::<Result<()>>().await
        });
        let mut work = Box::pin(work);
        for _ in 0..polls {
            // Each time it goes on as far as it can, and then is dropped wherever it is.
            let waited = tokio::time::timeout(Duration::from_micros(200), &mut work).await;
            assert!(waited.is_err(), "it never ends by itself");
        }
        drop(work);
        if polls % 8 == 7 {
            assert_eq!(Person::find().count(&db).await.unwrap(), before, "after {polls} steps");
        }
    }
    db.close().await;
}

/// It waits for a record that another transaction keeps.
async fn a_slow_statement_is_told_in_time(db: &Db, url: &str, root: &Path) {
    let mut config = DatastoreConfig::at(url);
    (config.timeout, config.acquire_timeout) = (Span::millis(1_000), Span::millis(1_000));
    let (hasty, _) = open_at(&config, root, models());
    let id = person(db, "kept").await.id;
    db.transaction(async |tx| {
        Person::update(id).set(json!({ "age": 50 })).exec(tx).await?;
        let start = Instant::now();
        let refused = Person::update(id).set(json!({ "age": 51 })).exec(&hasty).await.unwrap_err();
        assert_eq!(refused.status(), 503, "{refused}");
        let waited = start.elapsed();
        assert!(waited > Duration::from_millis(800) && waited < Duration::from_millis(2_500), "{waited:?}");
        Ok(())
    })
    .await
    .unwrap();
    let changed = Person::update(id).set(json!({ "age": 52 })).exec(&hasty).await.unwrap();
    assert_eq!(changed.unwrap().age, 52, "it goes on");
    hasty.close().await;
}
