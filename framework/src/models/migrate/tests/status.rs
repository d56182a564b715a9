//! What is to be done is told, and nothing else.

use super::{App, Fresh, message, person};
use crate::health::Finding;
use crate::models::migrate::{Migrations, Standing};
use crate::models::{Attribute, Kind};

pub(super) async fn everything(fresh: Fresh<'_>) {
    files_are_pending_applied_changed_and_vanished(fresh).await;
    differences_of_tables_are_told(fresh).await;
    readiness_waits_for_pending_files(fresh).await;
}

async fn files_are_pending_applied_changed_and_vanished(fresh: Fresh<'_>) {
    let app = App::new(fresh, "standing");
    let migrations = app.with(vec![person(vec![])]);
    let draft = migrations.wrote("init", &[]);
    let standing = async |alters| {
        let status = migrations.status(alters).await.unwrap();
        (status.migrations.iter().map(|migration| migration.state).collect::<Vec<_>>(), status.ok)
    };
    assert_eq!(standing(false).await, (vec![Standing::Pending], false));

    migrations.applied().await.unwrap();
    assert_eq!(standing(false).await, (vec![Standing::Applied], true));

    let up = app.root().join(&draft.files[0]);
    let text = std::fs::read_to_string(&up).unwrap();
    std::fs::write(&up, text.replace('\n', "\r\n")).unwrap();
    assert_eq!(standing(false).await, (vec![Standing::Applied], true), "the ends of lines don't count");
    std::fs::write(&up, text + "-- more").unwrap();
    assert_eq!(standing(false).await, (vec![Standing::Changed], false));
    assert_eq!(migrations.applied().await.unwrap(), 0, "it is not run again");

    std::fs::remove_file(&up).unwrap();
    std::fs::remove_file(app.root().join(&draft.files[1])).unwrap();
    assert_eq!(standing(false).await, (vec![Standing::Vanished], false));
}

async fn differences_of_tables_are_told(fresh: Fresh<'_>) {
    let app = App::new(fresh, "differs");
    let before = app.with(vec![message(vec![]), person(vec![])]);
    before.wrote("init", &[]);
    before.applied().await.unwrap();
    before.run("ALTER TABLE person ADD COLUMN extra integer; DROP INDEX person_name_key").await;
    let age = || Attribute::new("age", Kind::Integer);
    let after = app.with(vec![message(vec![]), person(vec![age()])]);

    let status = after.status(true).await.unwrap();

    assert_eq!(status.unwritten, ["new column person.age"]);
    let drift = status.drift.join("\n");
    assert!(drift.contains("`person` has no column `age`"), "{drift}");
    assert!(drift.contains("`person` has no unique index over name (`person_name_key`)"), "{drift}");
    assert!(drift.contains("the column `extra` of `person`: no attribute uses it"), "{drift}");
    assert_eq!(drift.lines().count(), 3, "{drift}");
    assert!(!status.ok);

    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["migrations"][0]["state"], "applied");
    assert_eq!(json["ok"], false);
}

async fn readiness_waits_for_pending_files(fresh: Fresh<'_>) {
    let app = App::new(fresh, "ready");
    let migrations = app.with(vec![person(vec![])]);
    assert!(
        checks(&migrations, false).await.iter().all(|(_, readiness, _)| !readiness),
        "no files, nothing to wait for"
    );
    migrations.wrote("init", &[]);
    let found = checks(&migrations, false).await;
    assert!(
        matches!(&found[0], ("migrations", true, Finding::Error(text)) if text.contains("_init): run `migrate up`"))
    );
    assert!(
        checks(&migrations, true).await.iter().all(|(_, readiness, _)| !readiness),
        "alter needs no files"
    );

    migrations.applied().await.unwrap();

    let found = checks(&migrations, false).await;
    assert!(found.iter().all(|(.., finding)| matches!(finding, Finding::Good(_))), "{found:?}");
}

async fn checks(migrations: &Migrations, alters: bool) -> Vec<(&'static str, bool, Finding)> {
    let mut found = Vec::new();
    for check in migrations.checks(alters) {
        found.push((check.name, check.readiness, check.run().await));
    }
    found
}
