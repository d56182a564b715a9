//! A database that `alter` made takes over versioned files.

use super::{App, Fresh, message, person, text};
use crate::models::migrate::Request;
use crate::models::{Attribute, Kind};

pub(super) async fn everything(fresh: Fresh<'_>) {
    a_baseline_is_taken_as_applied(fresh).await;
    half_a_baseline_is_refused(fresh).await;
    files_without_a_baseline_say_what_to_do(fresh).await;
}

fn baseline() -> Request {
    Request { name: Some("baseline".to_owned()), baseline: true, ..Request::default() }
}

async fn a_baseline_is_taken_as_applied(fresh: Fresh<'_>) {
    let app = App::new(fresh, "adopts");
    let models = || vec![message(vec![]), person(vec![])];
    let migrations = app.with(models());
    migrations.alter().await.unwrap();
    migrations.run("INSERT INTO person (name) VALUES ('ann')").await;
    migrations.draft(migrations.engine(), &baseline()).unwrap().unwrap();

    assert_eq!(migrations.applied().await.unwrap(), 1);

    assert_eq!(migrations.texts("SELECT name FROM person", 1).await, [["ann"]]);
    assert!(migrations.status(false).await.unwrap().ok);
    let grown = app.with(vec![message(vec![]), person(vec![Attribute::new("town", Kind::Text)])]);
    grown.wrote("town", &[]);
    assert_eq!(grown.applied().await.unwrap(), 1, "later files run as usual");
    let error = text(&grown.draft(grown.engine(), &baseline()).unwrap_err());
    assert!(error.contains("a baseline is the first one"), "{error}");

    let empty = App { url: fresh("adopts_empty"), folder: app.folder };
    let migrations = empty.with(vec![message(vec![]), person(vec![Attribute::new("town", Kind::Text)])]);
    assert_eq!(migrations.applied().await.unwrap(), 2, "an empty database runs the baseline");
    assert!(migrations.status(false).await.unwrap().ok);
}

async fn half_a_baseline_is_refused(fresh: Fresh<'_>) {
    let app = App::new(fresh, "half");
    app.with(vec![person(vec![])]).alter().await.unwrap();
    let migrations = app.with(vec![message(vec![]), person(vec![])]);
    migrations.draft(migrations.engine(), &baseline()).unwrap().unwrap();

    let error = text(&migrations.applied().await.unwrap_err());

    assert!(error.contains("only person are there and message are not"), "{error}");
    assert!(migrations.shape().await.table("message").is_none());
}

async fn files_without_a_baseline_say_what_to_do(fresh: Fresh<'_>) {
    let app = App::new(fresh, "no_baseline");
    let migrations = app.with(vec![person(vec![])]);
    migrations.alter().await.unwrap();
    migrations.wrote("init", &[]);

    let error = text(&migrations.applied().await.unwrap_err());

    assert!(error.contains("migrate new --baseline"), "{error}");
}
