//! What holds on every engine: SQLite here, PostgreSQL in `postgres.rs`.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::super::{Db, Model, Ref};
use super::{Message, Person, Recorder, message, open, person, sqlite};

#[tokio::test]
async fn holds_on_sqlite() {
    let (db, recorder, folder) = sqlite().await;
    everything(&db, &recorder).await;
    super::contention::everything(&db, "sqlite://data/test.db", folder.path()).await;
}

/// Every behaviour, one after another; each starts from empty tables.
pub(super) async fn everything(db: &Db, recorder: &Arc<Recorder>) {
    records_live_and_die(db).await;
    clear(db).await;
    mistakes_are_told_all_at_once(db).await;
    unique_values_stay_unique(db).await;
    clear(db).await;
    populate_follows_both_ways(db).await;
    clear(db).await;
    text_is_matched_as_it_is(db).await;
    clear(db).await;
    values_come_back_as_they_went(db).await;
    clear(db).await;
    null_is_less_than_everything(db).await;
    clear(db).await;
    changes_are_told(db, recorder).await;
    clear(db).await;
    transactions_happen_whole_or_not_at_all(db, recorder).await;
    clear(db).await;
    one_of_many_creates(db).await;
    clear(db).await;
    private_attributes_never_leave(db, recorder).await;
    super::associations::everything(db, recorder).await;
    super::queries::everything(db, recorder).await;
    super::oracle::everything(db).await;
    super::edges::everything(db).await;
}

async fn clear(db: &Db) {
    for message in Message::find().all(db).await.unwrap() {
        Message::destroy(message.id).exec(db).await.unwrap();
    }
    for person in Person::find().all(db).await.unwrap() {
        Person::destroy(person.id).exec(db).await.unwrap();
    }
}

async fn records_live_and_die(db: &Db) {
    let made = message(db, "first", None).await;
    let second = message(db, "second", None).await;
    assert!(second.id > made.id);
    let found = Message::find_one(made.id).get(db).await.unwrap().unwrap();
    assert_eq!((found.body.as_str(), found.seen, found.weight), ("first", false, 0.0));

    let changed =
        Message::update(made.id).set(json!({"seen": true, "weight": 1.5})).exec(db).await.unwrap().unwrap();
    assert_eq!((changed.body.as_str(), changed.seen, changed.weight), ("first", true, 1.5));
    assert!(Message::update(0).set(json!({"seen": true})).exec(db).await.unwrap().is_none());

    assert_eq!(Message::find().count(db).await.unwrap(), 2);
    assert_eq!(Message::find().sort(Message::ID.desc()).skip(1).all(db).await.unwrap()[0].id, made.id);
    assert_eq!(Message::find().filter(Message::SEEN.eq(true)).first(db).await.unwrap().unwrap().id, made.id);
    assert_eq!(Message::destroy(made.id).exec(db).await.unwrap().unwrap().body, "first");
    assert!(Message::destroy(made.id).exec(db).await.unwrap().is_none());
    assert!(Message::find_one(made.id).get(db).await.unwrap().is_none());

    let next = message(db, "third", None).await;
    assert!(next.id > second.id, "an id is never used again");
}

async fn mistakes_are_told_all_at_once(db: &Db) {
    let error = Person::create(json!({"email": "nobody", "age": "old"})).exec(db).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.code()), (400, "E_INVALID_NEW_RECORD"));
    let errors = error.extra().get("errors").unwrap();
    assert_eq!(errors["name"][0]["rule"], "required");
    assert_eq!(errors["email"][0]["rule"], "isEmail");
    assert_eq!(
        errors["age"][0],
        json!({
            "rule": "type", "expected": "whole number", "message": "`age` must be a whole number, but is a string."
        })
    );
    let details = error.extra()["details"].as_str().unwrap();
    assert!(details.contains(
        "Missing value for required attribute `name`.  Expected a string, but instead, got: undefined"
    ));

    let id = person(db, "ann").await.id;
    let error = Person::update(id).set(json!({"name": "", "age": 151})).exec(db).await.unwrap_err();
    assert_eq!(error.code(), "E_INVALID_VALUES_TO_SET");
    assert_eq!(error.extra()["errors"]["name"][0]["rule"], "required");
    assert_eq!(error.extra()["errors"]["age"][0]["expected"], 150);
    assert_eq!(Person::update(id).set(json!({"age": "12"})).exec(db).await.unwrap().unwrap().age, 12);

    let error = Person::create(json!({"nmae": "x"})).exec(db).await.unwrap_err();
    assert_eq!(error.status(), 500, "the app's own mistake: {error}");
    let error = message_to_nobody(db).await;
    assert_eq!(error.status(), 409, "{error}");
}

async fn message_to_nobody(db: &Db) -> crate::Error {
    Message::create(json!({"body": "x", "author": 999_999})).exec(db).await.unwrap_err()
}

async fn unique_values_stay_unique(db: &Db) {
    let error = Person::create(json!({"name": "ann"})).exec(db).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.code()), (400, "E_UNIQUE"));
    assert_eq!(
        error.message(),
        "Would violate uniqueness constraint-- a record already exists with conflicting value(s)."
    );
    assert_eq!(error.extra()["modelIdentity"], "person");
    assert_eq!(error.extra()["attrNames"], json!(["name"]));
    let other = person(db, "bo").await;
    let error = Person::update(other.id).set(json!({"name": "ann"})).exec(db).await.unwrap_err();
    assert_eq!(error.code(), "E_UNIQUE");
}

async fn populate_follows_both_ways(db: &Db) {
    let (ann, bo) = (person(db, "ann").await, person(db, "bo").await);
    for n in 0..4 {
        message(db, &format!("{n}"), Some(if n == 3 { bo.id } else { ann.id })).await;
    }
    message(db, "nobody's", None).await;

    let messages = Message::find().populate("author").sort(Message::ID.asc()).all(db).await.unwrap();
    let names: Vec<_> =
        messages.iter().map(|m| m.author.as_ref().and_then(Ref::get).map(|p| p.name.as_str())).collect();
    assert_eq!(names, [Some("ann"), Some("ann"), Some("ann"), Some("bo"), None]);
    let unpopulated = Message::find_one(messages[0].id).get(db).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&unpopulated).unwrap()["author"], json!(ann.id));
    assert_eq!(serde_json::to_value(&messages[0]).unwrap()["author"]["name"], "ann");

    let people = Person::find().populate("messages").sort(Person::NAME.asc()).all(db).await.unwrap();
    let bodies: Vec<Vec<_>> =
        people.iter().map(|p| p.messages.iter().map(|m| m.body.as_str()).collect()).collect();
    assert_eq!(bodies, [vec!["0", "1", "2"], vec!["3"]]);
    let json = serde_json::to_value(Person::find_one(ann.id).get(db).await.unwrap()).unwrap();
    assert!(json.get("messages").is_none(), "not populated, not shown");

    assert!(
        Message::find()
            .populate("autor")
            .all(db)
            .await
            .unwrap_err()
            .message()
            .contains("it can populate author")
    );
    Person::destroy(ann.id).exec(db).await.unwrap();
    let orphan = Message::find_one(messages[0].id).populate("author").get(db).await.unwrap().unwrap();
    assert!(orphan.author.is_none());
}

async fn text_is_matched_as_it_is(db: &Db) {
    for body in
        ["50% off", "50 off", "a_b", "aXb", r"back\slash", "Case", "case", "'); DROP TABLE message;--"]
    {
        message(db, body, None).await;
    }
    let find = async |condition| {
        let found = Message::find().filter(condition).sort(Message::ID.asc()).all(db).await.unwrap();
        found.into_iter().map(|m| m.body).collect::<Vec<_>>()
    };
    assert_eq!(find(Message::BODY.contains("0%")).await, ["50% off"]);
    assert_eq!(find(Message::BODY.contains("_")).await, ["a_b"]);
    assert_eq!(find(Message::BODY.contains(r"\")).await, [r"back\slash"]);
    assert_eq!(find(Message::BODY.starts_with("50")).await, ["50% off", "50 off"]);
    assert_eq!(find(Message::BODY.ends_with("ase")).await, ["Case", "case"]);
    assert_eq!(find(Message::BODY.starts_with("C")).await, ["Case"]);
    assert_eq!(find(Message::BODY.like("a_b")).await, ["a_b", "aXb"]);
    assert_eq!(find(Message::BODY.like(r"a\_b")).await, ["a_b"]);
    assert_eq!(find(Message::BODY.like(r"%e\")).await, Vec::<String>::new());
    assert_eq!(find(Message::BODY.eq("'); DROP TABLE message;--")).await.len(), 1);
    assert_eq!(find(Message::BODY.is_in(["case", "aXb", "no"])).await, ["aXb", "case"]);
    assert_eq!(find(Message::BODY.is_in(Vec::<String>::new())).await, Vec::<String>::new());
    assert_eq!(find(!Message::BODY.contains("a")).await, ["50% off", "50 off"]);
}

async fn values_come_back_as_they_went(db: &Db) {
    let extra = json!({"deep": [1, 2.5, null, {"ü": "🚣"}]});
    let values = json!({"body": "ünï 🚣 \n\t\"", "extra": extra, "weight": -0.1, "seen": "true"});
    let made = Message::create(values).exec(db).await.unwrap();
    let found = Message::find_one(made.id).get(db).await.unwrap().unwrap();
    assert_eq!(
        (found.body.as_str(), &found.extra, found.weight, found.seen),
        ("ünï 🚣 \n\t\"", &extra, -0.1, true)
    );
    assert_eq!(Message::create(json!({"body": "nothing"})).exec(db).await.unwrap().extra, Json::Null);

    let big = Person::create(json!({"name": "big", "createdAt": i64::MAX})).exec(db).await.unwrap();
    let found = Person::find_one(big.id).get(db).await.unwrap().unwrap();
    assert_eq!(found.created_at.as_millis(), i64::MAX);
    let error = Message::create(json!({"body": "a\0b"})).exec(db).await.unwrap_err();
    assert_eq!(error.status(), 400);
    let found = Message::find().filter(Message::BODY.eq("a\0b")).count(db).await;
    assert!(found.map_or_else(|error| error.status() == 400, |count| count == 0));
}

async fn null_is_less_than_everything(db: &Db) {
    for (name, email) in [("a", None), ("b", Some("z@x.org")), ("c", Some("y@x.org"))] {
        Person::create(json!({"name": name, "email": email})).exec(db).await.unwrap();
    }
    let names = async |direction| {
        let found = Person::find().sort(direction).all(db).await.unwrap();
        found.into_iter().map(|p| p.name).collect::<String>()
    };
    assert_eq!(names(Person::EMAIL.asc()).await, "acb");
    assert_eq!(names(Person::EMAIL.desc()).await, "bca");
    assert_eq!(Person::find().filter(Person::EMAIL.is_null()).count(db).await.unwrap(), 1);
    assert_eq!(Person::find().filter(Person::EMAIL.ne("y@x.org")).count(db).await.unwrap(), 1);
}

async fn changes_are_told(db: &Db, recorder: &Recorder) {
    recorder.told();
    let ann = person(db, "ann").await;
    Person::update(ann.id).set(json!({"age": 7})).origin("socket").exec(db).await.unwrap();
    Person::destroy(ann.id).exec(db).await.unwrap();
    let told = recorder.told();
    let texts: Vec<_> = told.iter().map(|(payload, _)| payload.to_string()).collect();
    let id = ann.id;
    assert!(
        texts[0].starts_with(&format!(r#"{{"verb":"created","data":{{"id":{id},"name":"ann","#)),
        "{}",
        texts[0]
    );
    assert!(texts[0].ends_with(&format!(r#"}},"id":{id}}}"#)));
    assert!(
        texts[1].starts_with(&format!(r#"{{"verb":"updated","data":{{"age":7,"id":{id},"updatedAt":"#)),
        "{}",
        texts[1]
    );
    assert_eq!(told[1].0["previous"]["age"], 18);
    assert_eq!(told[1].1.as_deref(), Some("socket"));
    assert!(texts[2].starts_with(&format!(r#"{{"verb":"destroyed","id":{id},"previous":{{"id":{id},"#)));
    assert_eq!(Person::schema().record_room(&id.into()), format!("sails_model_person_{id}:person"));
    assert_eq!(Person::schema().class_room(), "sails_model_create_person");
}

async fn transactions_happen_whole_or_not_at_all(db: &Db, recorder: &Recorder) {
    recorder.told();
    let failed = db
        .transaction(async |tx| {
            person(tx, "ann").await;
            Person::create(json!({"name": "ann"})).exec(tx).await
        })
        .await;
    assert_eq!(failed.unwrap_err().code(), "E_UNIQUE");
    assert_eq!(Person::find().count(db).await.unwrap(), 0);
    assert!(recorder.told().is_empty(), "what was undone is not told");

    let mut kept = None;
    db.transaction(async |tx| {
        kept = Some(tx.clone());
        let ann = person(tx, "ann").await;
        assert!(recorder.told().is_empty(), "not told before it lasts");
        message(tx, "hi", Some(ann.id)).await;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(recorder.told().len(), 3, "both records, and the author's collection");
    assert_eq!(Message::find().count(db).await.unwrap(), 1);
    assert!(Message::find().count(&kept.unwrap()).await.is_err(), "the handle ends with the transaction");
}

async fn one_of_many_creates(db: &Db) {
    let all = (0..8).map(|_| Person::find_or_create(Person::NAME.eq("ann"), json!({"name": "ann"})).exec(db));
    let ids: Vec<_> = futures_util::future::join_all(all).await.into_iter().map(|p| p.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(Person::find().count(db).await.unwrap(), 1);
}

async fn private_attributes_never_leave(db: &Db, recorder: &Recorder) {
    recorder.told();
    let ann = person(db, "zoe").await;
    message(db, "hi", Some(ann.id)).await;
    let changed =
        Person::update(ann.id).set(json!({"secret": "hidden too"})).exec(db).await.unwrap().unwrap();
    let populated = Message::find().populate("author").all(db).await.unwrap();
    Person::destroy(ann.id).exec(db).await.unwrap();
    assert_eq!(changed.secret, "hidden too", "the app itself reads it");
    let seen = [
        serde_json::to_string(&ann).unwrap(),
        serde_json::to_string(&populated).unwrap(),
        format!("{:?}", recorder.told()),
    ];
    for text in seen {
        assert!(!text.contains("hidden") && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_database_that_takes_no_changes_or_has_no_room_is_unavailable_and_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let (db, _) = open("sqlite::memory:", folder.path());
    db.migrate().await.unwrap();
    person(&db, "ann").await;
    let set = async |pragma: &'static str| sqlx::query(pragma).execute(db.sqlite().unwrap()).await.unwrap();
    let written = async || {
        let long = "x".repeat(100_000);
        Person::create(json!({ "name": "bob", "secret": long })).exec(&db).await
    };
    for (wrong, mended, words) in [
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "takes no changes"),
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 100000", "has no room left"),
    ] {
        set(wrong).await;
        let error = written().await.unwrap_err();
        assert_eq!(error.status(), 503, "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(Person::find().count(&db).await.unwrap(), 1, "reads go on");
        set(mended).await;
    }
    written().await.unwrap();
}
