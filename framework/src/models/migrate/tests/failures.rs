//! What fails leaves the database whole, and instances that start at once do no harm.

use std::time::Duration;

use super::{App, Fresh, assert_same, message, person, text};
use crate::models::migrate::Migrations;
use crate::models::{Attribute, Kind};

pub(super) async fn everything(fresh: Fresh<'_>) {
    the_second_of_three_files_fails(fresh).await;
    several_instances_apply_each_file_once(fresh).await;
    patience_ends(fresh).await;
    a_file_without_its_way_back_is_named(fresh).await;
    a_reference_to_nothing_undoes_the_file(fresh).await;
}

async fn the_second_of_three_files_fails(fresh: Fresh<'_>) {
    let app = App::new(fresh, "second_fails");
    let migrations = app.with(vec![]);
    app.write(&migrations, "20260101000001_one", "CREATE TABLE one (a integer);", "DROP TABLE one;");
    let broken =
        "CREATE TABLE two (a integer);\nINSERT INTO two VALUES (1);\nINSERT INTO nowhere VALUES (1);";
    app.write(&migrations, "20260101000002_two", broken, "DROP TABLE two;");
    app.write(&migrations, "20260101000003_three", "CREATE TABLE three (a integer);", "DROP TABLE three;");

    let error = text(&migrations.applied().await.unwrap_err());

    assert!(error.contains("20260101000002_two.up.sql, line 3"), "{error}");
    assert!(error.contains("`INSERT INTO nowhere VALUES (1)`; all of the file was undone"), "{error}");
    let tables = migrations.shape().await;
    assert!(
        tables.table("one").is_some() && tables.table("two").is_none() && tables.table("three").is_none()
    );
    app.write(&migrations, "20260101000002_two", "CREATE TABLE two (a integer);", "DROP TABLE two;");
    assert_eq!(migrations.applied().await.unwrap(), 2, "the next run goes on");
    assert_eq!(migrations.applied().await.unwrap(), 0);
}

async fn several_instances_apply_each_file_once(fresh: Fresh<'_>) {
    let app = App::new(fresh, "at_once");
    let models = || vec![message(vec![]), person(vec![])];
    app.with(models()).wrote("init", &[]);
    let fill = "INSERT INTO person (name) VALUES ('ann');\nINSERT INTO message (body) VALUES ('hi');";
    app.write(&app.with(vec![]), "29990101000000_fill", fill, "DELETE FROM message;");
    let instances: Vec<_> = (0..4).map(|_| app.with(models())).collect();

    let applied = futures_util::future::join_all(instances.iter().map(Migrations::applied)).await;

    let applied: usize = applied.into_iter().map(Result::unwrap).sum();
    assert_eq!(applied, 2, "each file once");
    assert_eq!(instances[0].texts("SELECT body FROM message", 1).await, [["hi"]]);
    let mixed: Vec<_> = (0..3).map(|_| app.with(models())).collect();
    let (altered, undone) = tokio::join!(mixed[0].alter(), mixed[1].undone(1));
    assert_eq!((altered.unwrap().len(), undone.unwrap()), (0, 1), "alter and files wait for each other");
}

async fn patience_ends(fresh: Fresh<'_>) {
    let app = App::new(fresh, "patience");
    let migrations = app.with(vec![person(vec![])]);
    migrations.wrote("init", &[]);
    let mut busy = super::super::work::Work::begin(&migrations.store, super::PATIENCE).await.unwrap();
    busy.transaction().await.unwrap();
    let impatient = Migrations { patience: Duration::from_millis(300), ..app.with(vec![person(vec![])]) };

    let error = impatient.applied().await.unwrap_err();

    assert_eq!(error.status(), 503);
    assert!(text(&error).contains("migrate_timeout"), "{error}");
    busy.end().await;
    assert_eq!(impatient.applied().await.unwrap(), 1);
}

async fn a_file_without_its_way_back_is_named(fresh: Fresh<'_>) {
    let app = App::new(fresh, "no_way_back");
    let migrations = app.with(vec![]);
    app.write(&migrations, "20260101000001_one", "CREATE TABLE one (a integer);", "");
    std::fs::remove_file(migrations.folder().path.join("20260101000001_one.down.sql")).unwrap();
    migrations.applied().await.unwrap();

    let error = text(&migrations.undone(1).await.unwrap_err());

    assert!(error.contains("20260101000001_one.down.sql"), "{error}");
    std::fs::remove_file(migrations.folder().path.join("20260101000001_one.up.sql")).unwrap();
    let error = text(&migrations.undone(1).await.unwrap_err());
    assert!(error.contains("20260101000001_one is applied, but") && error.contains("git"), "{error}");
}

/// A change that would leave a row without what it refers to is refused by every engine, and leaves all as it was.
async fn a_reference_to_nothing_undoes_the_file(fresh: Fresh<'_>) {
    let app = App::new(fresh, "dangling");
    let author = || Attribute::new("author", Kind::Integer).nullable();
    let loose = crate::models::Schema::builder("message").attribute(author()).build();
    let before = app.with(vec![loose, person(vec![])]);
    before.wrote("init", &[]);
    before.applied().await.unwrap();
    before.run("INSERT INTO message (author) VALUES (7)").await;
    let old = before.shape().await;
    let bound = crate::models::Schema::builder("message")
        .attribute(Attribute::model("author", "person", Kind::Integer))
        .build();
    let after = app.with(vec![bound, person(vec![])]);
    let draft = after.wrote("bind", &[]);
    assert!(draft.risks.iter().any(|risk| risk.contains("message.author now has to name a row of person")));

    let error = text(&after.applied().await.unwrap_err());

    assert!(error.contains("bind.up.sql"), "{error}");
    assert_same(&after.shape().await, &old, "nothing changed");
    after.run("DELETE FROM message").await;
    assert_eq!(after.applied().await.unwrap(), 1);
}
