//! Queries of every kind, on every engine.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;

use super::super::{Aggregate, Criteria, Db, Filter, Model, Value};
use super::Recorder;
use super::zoo::Note;

pub(super) async fn everything(db: &Db, recorder: &Arc<Recorder>) {
    many_are_written_at_once(db, recorder).await;
    clear(db).await;
    one_is_meant(db).await;
    clear(db).await;
    groups_are_counted_and_added_up(db).await;
    clear(db).await;
    pages_and_streams_miss_nothing(db).await;
    clear(db).await;
    a_version_guards_against_lost_updates(db).await;
    clear(db).await;
    the_default_scope_hides(db).await;
    clear(db).await;
    callbacks_run_and_undo(db).await;
    clear(db).await;
    upserts_change_or_make(db).await;
    clear(db).await;
    records_are_reached_by_name(db).await;
    clear(db).await;
    archived_records_leave_a_copy(db).await;
    clear(db).await;
}

async fn clear(db: &Db) {
    Note::update_each(Note::ID.gt(0)).unscoped().set(json!({"goneAt": null})).exec(db).await.unwrap();
    Note::update_each(Note::TITLE.eq("kept")).set(json!({"title": "x"})).exec(db).await.unwrap();
    Note::destroy_each(Note::ID.gt(0)).exec(db).await.unwrap();
}

async fn notes(db: &Db) -> Vec<Note> {
    let all =
        (1..=9).map(|n| json!({"title": format!("n{n}"), "group": (["a", "b", "c"][n % 3]), "stars": n % 4}));
    Note::create_each(all).exec(db).await.unwrap()
}

async fn many_are_written_at_once(db: &Db, recorder: &Recorder) {
    recorder.told();
    let made = notes(db).await;
    assert_eq!(made.iter().map(|n| n.title.as_str()).collect::<Vec<_>>().concat(), "n1n2n3n4n5n6n7n8n9");
    assert!(made.is_sorted_by_key(|note| note.id));
    assert_eq!(recorder.told().len(), 9, "an event for each");
    let changed = Note::update_each(Note::GROUP.eq("a")).set(json!({"stars": 9})).exec(db).await.unwrap();
    assert_eq!(
        changed.iter().map(|n| (n.title.as_str(), n.stars)).collect::<Vec<_>>(),
        [("n3", 9), ("n6", 9), ("n9", 9)]
    );
    let gone = Note::destroy_each(Note::STARS.eq(9)).exec(db).await.unwrap();
    assert_eq!((gone.len(), Note::find().count(db).await.unwrap()), (3, 6));

    let some = [json!({"title": "new"}), json!({"title": "n1"})];
    let error = Note::create_each(some).exec(db).await.unwrap_err();
    assert_eq!(error.code(), "E_UNIQUE");
    let error = Note::create_each([json!({"title": "new"}), json!({})]).exec(db).await.unwrap_err();
    assert_eq!((error.code(), &error.extra()["record"]), ("E_INVALID_NEW_RECORD", &json!(1)));
    assert_eq!(Note::find().count(db).await.unwrap(), 6, "all or none");
    assert!(Note::create_each(Vec::<serde_json::Value>::new()).exec(db).await.unwrap().is_empty());
}

async fn one_is_meant(db: &Db) {
    notes(db).await;
    assert!(Note::find().filter(Note::GROUP.eq("a")).one(db).await.is_err());
    assert_eq!(Note::find().filter(Note::TITLE.eq("n4")).one(db).await.unwrap().unwrap().stars, 0);
    let error = Note::update_one(Note::GROUP.eq("a")).set(json!({"stars": 7})).exec(db).await.unwrap_err();
    assert_eq!(
        (error.status().as_u16(), Note::find().filter(Note::STARS.eq(7)).count(db).await.unwrap()),
        (409, 0)
    );
    assert!(Note::destroy_one(Note::GROUP.eq("a")).exec(db).await.is_err());
    assert!(Note::destroy_one(Note::TITLE.eq("n1")).exec(db).await.unwrap().is_some());
    assert!(!Note::find().filter(Note::TITLE.eq("n1")).exists(db).await.unwrap());
}

async fn groups_are_counted_and_added_up(db: &Db) {
    notes(db).await;
    let groups =
        Note::find().group_by(Note::GROUP).count().sum(Note::STARS).avg(Note::STARS).max(Note::TITLE);
    let groups = groups.all(db).await.unwrap();
    let told: Vec<_> = groups.iter().map(|g| format!("{:?} {:?}", g.key, g.values)).collect();
    assert_eq!(
        told,
        [
            r#"[Text("a")] [Integer(3), Integer(6), Float(2.0), Text("n9")]"#,
            r#"[Text("b")] [Integer(3), Integer(4), Float(1.3333333333333333), Text("n7")]"#,
            r#"[Text("c")] [Integer(3), Integer(3), Float(1.0), Text("n8")]"#,
        ]
    );
    assert_eq!(Note::find().sum(Note::STARS, db).await.unwrap(), 13);
    assert_eq!(Note::find().min(Note::TITLE, db).await.unwrap().as_deref(), Some("n1"));
    assert_eq!(Note::find().avg(Note::STARS, db).await.unwrap(), Some(13.0 / 9.0));
    let none = || Note::find().filter(Note::STARS.gt(99));
    assert_eq!(none().sum(Note::STARS, db).await.unwrap(), 0);
    assert_eq!(none().avg(Note::STARS, db).await.unwrap(), None);
}

async fn pages_and_streams_miss_nothing(db: &Db) {
    let all = notes(db).await;
    let by_stars = || Note::find().sort(Note::STARS.desc());
    let expected: Vec<_> = by_stars().all(db).await.unwrap().into_iter().map(|n| n.id).collect();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = by_stars().page(after.as_deref(), 2, db).await.unwrap();
        seen.extend(page.records.iter().map(|note| note.id));
        // Who comes in front of the page is not met twice.
        if after.is_none() {
            Note::create(json!({"title": "front", "stars": 50})).exec(db).await.unwrap();
        }
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(seen, expected);
    let streamed: Vec<_> = Note::find().stream(4, db).map_ok(|n| n.title).try_collect().await.unwrap();
    assert_eq!(streamed.len(), all.len() + 1);
    let some: Vec<_> =
        Note::find().skip(1).limit(5).stream(2, db).map_ok(|n| n.id).try_collect().await.unwrap();
    assert_eq!(some, all[1..6].iter().map(|note| note.id).collect::<Vec<_>>());
    for wrong in ["", "x", "W10", "WyJhIiwiYiIsImMiXQ"] {
        assert_eq!(by_stars().page(Some(wrong), 2, db).await.unwrap_err().status(), 400, "{wrong}");
    }
}

async fn a_version_guards_against_lost_updates(db: &Db) {
    let note = Note::create(json!({"title": "one"})).exec(db).await.unwrap();
    assert_eq!(note.version, 1);
    let change =
        |version: i64, stars: i64| Note::update(note.id).set(json!({"stars": stars, "version": version}));
    assert_eq!(change(1, 5).exec(db).await.unwrap().unwrap().version, 2);
    let error = change(1, 6).exec(db).await.unwrap_err();
    assert_eq!(error.status(), 409, "{error}");
    assert_eq!(Note::find_one(note.id).get(db).await.unwrap().unwrap().stars, 5);
    let blind = Note::update(note.id).set(json!({"stars": 7})).exec(db).await.unwrap().unwrap();
    assert_eq!((blind.stars, blind.version), (7, 3));
}

async fn the_default_scope_hides(db: &Db) {
    notes(db).await;
    Note::update_each(Note::GROUP.eq("a")).set(json!({"goneAt": 1})).exec(db).await.unwrap();
    assert_eq!(Note::find().count(db).await.unwrap(), 6);
    assert_eq!(Note::find().unscoped().count(db).await.unwrap(), 9);
    let hidden = Note::find().unscoped().filter(Note::GROUP.eq("a")).first(db).await.unwrap().unwrap();
    assert!(Note::find_one(hidden.id).get(db).await.unwrap().is_none());
    assert!(Note::destroy(hidden.id).exec(db).await.unwrap().is_none());
    assert!(Note::destroy(hidden.id).unscoped().exec(db).await.unwrap().is_some());
}

async fn callbacks_run_and_undo(db: &Db) {
    assert_eq!(Note::create(json!({"title": "  trimmed "})).exec(db).await.unwrap().title, "trimmed");
    let error = Note::create(json!({"title": "too many"})).exec(db).await.unwrap_err();
    assert_eq!((error.status().as_u16(), Note::find().count(db).await.unwrap()), (409, 1), "undone");
    let kept = Note::create(json!({"title": "kept"})).exec(db).await.unwrap();
    assert!(Note::destroy(kept.id).exec(db).await.is_err());
    assert!(Note::find_one(kept.id).get(db).await.unwrap().is_some());
}

async fn upserts_change_or_make(db: &Db) {
    let made = Note::upsert(Note::TITLE, json!({"title": "one", "stars": 1})).exec(db).await.unwrap();
    let changed = Note::upsert(Note::TITLE, json!({"title": "one", "stars": 2})).exec(db).await.unwrap();
    assert_eq!((changed.id, changed.stars), (made.id, 2));
    let all = (0..8).map(|n| Note::upsert(Note::TITLE, json!({"title": "race", "stars": n})).exec(db));
    let ids: Vec<_> = futures_util::future::join_all(all).await.into_iter().map(|n| n.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(Note::upsert(Note::TITLE, json!({"stars": 2})).exec(db).await.is_err());
}

async fn records_are_reached_by_name(db: &Db) {
    let records = db.records("note").unwrap();
    let values = |json: serde_json::Value| json.as_object().cloned().unwrap();
    let made = records.create(values(json!({"title": "one"}))).await.unwrap();
    let by_id = Filter::id(records.schema(), made.id().clone());
    let changed = records.update_one(by_id.clone(), values(json!({"stars": 4}))).await.unwrap().unwrap();
    assert_eq!(changed.get("stars"), Some(&Value::Integer(4)));
    assert_eq!(records.find_one(&Criteria::of(by_id.clone())).await.unwrap().unwrap().id(), made.id());
    let stars = records.schema().index_of("stars").unwrap();
    let sums = records.aggregate(Filter::everything(), &[], &[Aggregate::Sum(stars)]).await.unwrap();
    assert_eq!(sums[0].values, [Value::Integer(4)]);
    assert!(records.destroy_one(by_id).await.unwrap().is_some());
    assert!(db.records("nobody").is_err());
}

async fn archived_records_leave_a_copy(db: &Db) {
    let note = Note::create(json!({"title": "old", "stars": 2})).exec(db).await.unwrap();
    assert!(Note::destroy(note.id).archive().exec(db).await.unwrap().is_some());
    assert!(Note::find_one(note.id).unscoped().get(db).await.unwrap().is_none());
    let archive = db.records("archive").unwrap();
    let copies = archive.find(&Criteria::default()).await.unwrap();
    assert_eq!(copies[0].get("fromModel"), Some(&Value::from("note")));
    let Some(Value::Json(original)) = copies[0].get("originalRecord") else { panic!("{copies:?}") };
    assert_eq!((&original["title"], &original["stars"]), (&json!("old"), &json!(2)));
    Note::create(json!({"title": "kept"})).exec(db).await.unwrap();
    assert!(Note::destroy_each(Note::ID.gt(0)).archive().exec(db).await.is_err());
    assert_eq!(archive.count(Filter::everything()).await.unwrap(), 1, "both or neither");
    archive.destroy(Filter::everything()).await.unwrap();
}
