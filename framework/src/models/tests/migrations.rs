//! Migrations add what is missing, once, and say what they leave.

use std::sync::Arc;

use serde_json::json;

use super::super::{Attribute, Db, Kind, Model, Schema};
use super::{Message, Person, open, open_with, pair, person, sqlite};

#[tokio::test]
async fn hold_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    everything(&|models| open_with("sqlite://test.db", folder.path(), models).0).await;
}

/// `open` gives handles of one empty database.
pub(super) async fn everything(open: &dyn Fn(Vec<Arc<Schema>>) -> Db) {
    let handles: Vec<_> = (0..3).map(|_| open(pair())).collect();
    let done = futures_util::future::join_all(handles.iter().map(Db::migrate)).await;
    let steps: Vec<_> =
        done.into_iter().flat_map(|steps| steps.unwrap()).map(|step| step.to_string()).collect();
    assert_eq!(
        steps,
        ["migrated: created the table `message`", "migrated: created the table `person`"],
        "of three at once one migrates"
    );
    let db = &handles[0];
    assert!(db.migrate().await.unwrap().is_empty(), "a second time there is nothing to do");
    person(db, "ann").await;

    let grown = Schema::builder("person")
        .attribute(Attribute::new("id", Kind::Integer).primary_key().auto(super::super::Auto::Increment))
        .attribute(Attribute::new("name", Kind::Integer))
        .attribute(Attribute::new("town", Kind::Text).default_to("O'Hare"))
        .attribute(Attribute::new("motto", Kind::Text).required())
        .attribute(Attribute::new("secret", Kind::Text).unique())
        .build();
    person(db, "bo").await;
    let steps = open(vec![Arc::new(grown)]).migrate().await.unwrap();
    let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
    let text = steps.join("\n");
    assert!(text.contains("`person.name` is of type "), "{text}");
    assert!(text.contains(", the model has a whole number: change the column or the model"), "{text}");
    assert!(text.contains("migrated: added the column `town` to `person`"), "{text}");
    assert!(text.contains("no column `motto`, and nothing says what it holds"), "{text}");
    let left = [
        "`person.secret` is to be unique, but some rows have the same value",
        "can't have an index over secret",
    ];
    assert!(left.iter().any(|left| text.contains(left)), "{text}");
    assert!(text.contains("the column `age` of `person`: no attribute uses it"), "{text}");
    assert!(text.contains("the column `email` of `person`: no attribute uses it"), "{text}");
    assert_eq!(Person::find().count(db).await.unwrap(), 2, "nothing is lost");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("taken"), "a file").unwrap();
    let config = crate::config::DatastoreConfig::at("sqlite://taken/app.db");
    let sink = Arc::new(super::Recorder::default());
    let datastores = [("default".to_owned(), &config)];
    let error = Db::open_at(&datastores, folder.path(), 1, pair(), sink).unwrap_err().to_string();
    assert!(error.contains("taken/app.db can't be written") && error.contains("DATABASE_URL"), "{error}");
}

#[tokio::test]
async fn a_database_in_memory_works() {
    let (db, _) = open("sqlite::memory:", std::path::Path::new("/"));
    db.migrate().await.unwrap();
    person(&db, "ann").await;
    assert_eq!(Person::find().count(&db).await.unwrap(), 1);
}

#[tokio::test]
async fn a_failing_statement_rolls_its_transaction_back() {
    let (db, _, _folder) = sqlite().await;
    let failed =
        db.transaction(async |tx| Message::create(json!({"body": "x", "author": 9})).exec(tx).await).await;
    assert_eq!(failed.unwrap_err().status(), 409);
    assert_eq!(Message::find().count(&db).await.unwrap(), 0);
}
