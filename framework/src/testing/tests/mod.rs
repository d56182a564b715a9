mod fleet;
mod sessions;

use std::collections::HashSet;

use serde_json::json;

use super::{Factory, TestApp};
use crate::app::App;
use crate::models::tests::{Message, Person, sqlite};
use crate::models::{Db, Model};

fn people() -> Factory<Person> {
    Factory::new(|n| json!({ "name": format!("person {n}") }))
}

fn messages() -> Factory<Message> {
    Factory::new(|n| json!({ "body": format!("message {n}") })).with_new("author", people())
}

#[tokio::test]
async fn factories_make_records_that_differ() {
    let (db, _, _folder) = sqlite().await;

    let mut made = people().create_many(3, &db).await;
    made.extend(people().create_many(2, &db).await);

    let names: HashSet<_> = made.iter().map(|person| &person.name).collect();
    assert_eq!(names.len(), 5);
    assert_eq!(Person::find().count(&db).await.unwrap(), 5);
}

#[tokio::test]
async fn each_record_has_an_association_of_its_own_unless_told_which() {
    let (db, _, _folder) = sqlite().await;

    let apart = messages().create_many(2, &db).await;
    let ann = people().with(json!({ "name": "ann" })).create(&db).await;
    let hers =
        messages().with(json!({ "author": ann.id })).with(json!({ "weight": 2.5 })).create_many(2, &db).await;

    let author = |message: &Message| message.author.as_ref().unwrap().id();
    assert_ne!(author(&apart[0]), author(&apart[1]));
    assert!(hers.iter().all(|message| author(message) == ann.id));
    assert_eq!(Person::find().count(&db).await.unwrap(), 3, "no author was made in vain");
    let values = messages().with(json!({ "body": "posted" })).values();
    assert_eq!((values.len(), &values["body"]), (1, &json!("posted")));
}

#[tokio::test]
#[should_panic(expected = "no person from")]
async fn a_record_that_cannot_be_stored_names_its_values() {
    let (db, _, _folder) = sqlite().await;

    people().with(json!({ "age": 200 })).create(&db).await;
}

#[tokio::test]
async fn a_test_app_has_what_its_bootstrap_made_and_runs_seeds_when_told() {
    async fn named(db: Db, name: &str) -> crate::Result<()> {
        Person::create(json!({ "name": name })).exec(&db).await.map(drop)
    }
    let app = App::new("chat")
        .model::<Person>()
        .model::<Message>()
        .bootstrap(async |db| named(db, "first").await)
        .bootstrap_named("later", async |db| named(db, "second").await)
        .seed("people", async |db| named(db, "seeded").await);
    let app = TestApp::start(app).await;

    let names = async || {
        let people = Person::find().sort(Person::ID.asc()).all(app.db()).await.unwrap();
        people.into_iter().map(|person| person.name).collect::<Vec<_>>()
    };

    assert_eq!(names().await, ["first", "second"]);
    app.seed("people").await;
    assert_eq!(names().await, ["first", "second", "seeded"]);
}
