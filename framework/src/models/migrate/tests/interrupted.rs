//! Files outside a transaction say where they stopped and what to do.

use super::{App, Fresh, text};
use crate::models::migrate::{Migrations, Resolution, Standing};

const UP: &str = "-- regatta: no-transaction\nCREATE TABLE one (a integer);\nINSERT INTO one SELECT a FROM later;\nCREATE TABLE three (a integer);";
const DOWN: &str = "-- regatta: no-transaction\nDROP TABLE three;\nDROP TABLE one;";
const NAME: &str = "20260101000001_alone";
const VERSION: &str = "20260101000001";

pub(super) async fn everything(fresh: Fresh<'_>) {
    a_failed_statement_is_gone_on_with(fresh).await;
    a_person_can_say_that_all_or_nothing_is_there(fresh).await;
    going_back_is_gone_on_with_too(fresh).await;
}

async fn failed(app: &App) -> Migrations {
    let migrations = app.with(vec![]);
    app.write(&migrations, NAME, UP, DOWN);
    let error = text(&migrations.applied().await.unwrap_err());
    assert!(error.contains("failed at statement 2 of 3"), "{error}");
    assert!(error.contains("line 3: `INSERT INTO one SELECT a FROM later`"), "{error}");
    assert!(error.contains(&format!("migrate resolve {VERSION} --next 2")), "{error}");
    migrations
}

async fn a_failed_statement_is_gone_on_with(fresh: Fresh<'_>) {
    let app = App::new(fresh, "go_on");
    let migrations = failed(&app).await;
    let again = text(&migrations.applied().await.unwrap_err());
    assert!(again.contains("failed at statement 2 of 3"), "no run goes on by itself: {again}");
    assert_eq!(migrations.status(false).await.unwrap().migrations[0].state, Standing::Interrupted);
    migrations.run("CREATE TABLE later (a integer); INSERT INTO later VALUES (7)").await;

    migrations.resolve(VERSION, Resolution::Next(2)).await.unwrap();

    assert_eq!(migrations.applied().await.unwrap(), 1);
    assert_eq!(
        migrations.texts("SELECT CAST(a AS text) FROM one", 1).await,
        [["7"]],
        "the first statement ran once"
    );
    assert!(migrations.shape().await.table("three").is_some());
    let error = text(&migrations.resolve(VERSION, Resolution::Next(1)).await.unwrap_err());
    assert!(error.contains("applied to its end"), "{error}");
    let error = text(&migrations.resolve("1", Resolution::Applied).await.unwrap_err());
    assert!(error.contains("nothing is known"), "{error}");
}

async fn a_person_can_say_that_all_or_nothing_is_there(fresh: Fresh<'_>) {
    let app = App::new(fresh, "say_so");
    let migrations = failed(&app).await;
    let error = text(&migrations.resolve(VERSION, Resolution::Next(9)).await.unwrap_err());
    assert!(error.contains("--next is 1 to 4"), "{error}");

    migrations.resolve(VERSION, Resolution::Applied).await.unwrap();
    assert_eq!(migrations.applied().await.unwrap(), 0);
    migrations.resolve(VERSION, Resolution::Undone).await.unwrap();

    migrations.run("DROP TABLE one").await;
    migrations.run("CREATE TABLE later (a integer)").await;
    assert_eq!(migrations.applied().await.unwrap(), 1, "it runs from its start");
}

async fn going_back_is_gone_on_with_too(fresh: Fresh<'_>) {
    let app = App::new(fresh, "back");
    let migrations = app.with(vec![]);
    app.write(&migrations, NAME, &UP.replace("INSERT INTO one SELECT a FROM later;", ""), DOWN);
    migrations.applied().await.unwrap();
    migrations.run("DROP TABLE three").await;

    let error = text(&migrations.undone(1).await.unwrap_err());

    assert!(
        error.contains("failed at statement 1 of 2") && error.contains("alone.down.sql, line 2"),
        "{error}"
    );
    migrations.resolve(VERSION, Resolution::Next(2)).await.unwrap();
    let error = text(&migrations.applied().await.unwrap_err());
    assert!(error.contains("run `migrate down` first"), "{error}");
    assert_eq!(migrations.undone(1).await.unwrap(), 1);
    assert!(migrations.shape().await.tables.is_empty());
}
