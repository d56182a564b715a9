//! What is written does what `alter` and the models say, keeps the rows, and can be undone.

use super::{App, Fresh, assert_same, message, person, text};
use crate::models::migrate::{Migrations, Request};
use crate::models::{Attribute, Auto, Kind, OnDelete, Schema};

pub(super) async fn everything(fresh: Fresh<'_>) {
    the_first_file_makes_what_alter_makes(fresh).await;
    every_change_can_be_undone_and_done_again(fresh).await;
    tables_are_renamed_with_all_that_belongs_to_them(fresh).await;
    rows_survive_a_change_of_their_table(fresh).await;
    primary_keys_change(fresh).await;
}

fn first() -> Vec<Schema> {
    vec![
        message(vec![Attribute::new("seen", Kind::Boolean), Attribute::new("extra", Kind::Json)]),
        person(vec![
            Attribute::new("age", Kind::Integer).default_to(18),
            Attribute::new("town", Kind::Text).nullable(),
            Attribute::new("weight", Kind::Float),
            Attribute::new("note", Kind::Text).default_to("it's; fine"),
        ]),
    ]
}

fn second() -> Vec<Schema> {
    let tag = Schema::builder("tag")
        .attribute(Attribute::new("word", Kind::Text).required())
        .attribute(Attribute::collection("people", "person", "tags"))
        .attribute(Attribute::model("parent", "tag", Kind::Integer).on_delete(OnDelete::Cascade))
        .build();
    let person = person(vec![
        Attribute::new("age", Kind::Float).default_to(21),
        Attribute::new("city", Kind::Text),
        Attribute::new("note", Kind::Text).nullable(),
        Attribute::new("seenAt", Kind::Timestamp).column("seen_at"),
        Attribute::model("boss", "person", Kind::Integer),
        Attribute::collection("tags", "tag", "people"),
    ]);
    let message = message_by_key(OnDelete::Cascade);
    vec![message, person, tag]
}

fn message_by_key(action: OnDelete) -> Schema {
    Schema::builder("message")
        .attribute(Attribute::new("body", Kind::Text).required())
        .attribute(Attribute::model("author", "person", Kind::Integer).on_delete(action))
        .attribute(Attribute::new("place", Kind::Integer))
        .unique(["author", "place"])
        .index(["place", "body"])
        .build()
}

async fn the_first_file_makes_what_alter_makes(fresh: Fresh<'_>) {
    for (place, models) in [first as fn() -> Vec<Schema>, second].into_iter().enumerate() {
        let by_file = App::new(fresh, &format!("file{place}"));
        let by_alter = App::new(fresh, &format!("alter{place}"));
        let (files, alters) = (by_file.with(models()), by_alter.with(models()));
        files.wrote("init", &[]);

        assert_eq!(files.applied().await.unwrap(), 1);
        alters.alter().await.unwrap();

        assert_same(&files.shape().await, &alters.shape().await, "files and alter");
        let more = files.alter().await.unwrap();
        assert!(more.is_empty(), "nothing is left for alter: {more:?}");
        assert!(files.status(false).await.unwrap().ok);
        files.undone(1).await.unwrap();
        assert!(files.shape().await.tables.is_empty(), "everything is undone");
    }
}

async fn every_change_can_be_undone_and_done_again(fresh: Fresh<'_>) {
    let app = App::new(fresh, "again");
    let before = app.with(first());
    before.wrote("init", &[]);
    before.applied().await.unwrap();
    let old = before.shape().await;
    let after = app.with(second());
    after.wrote("second", &["person.town=city"]);

    after.applied().await.unwrap();

    let new = after.shape().await;
    assert_eq!(after.alter().await.unwrap(), [], "the models have all they need");
    let empty = App::new(fresh, "anew");
    let anew = empty.with(second());
    anew.alter().await.unwrap();
    assert_same(&new, &anew.shape().await, "step by step and at once");
    after.undone(1).await.unwrap();
    assert_same(&after.shape().await, &old, "undone");
    after.applied().await.unwrap();
    assert_same(&after.shape().await, &new, "done again");
    after.undone(2).await.unwrap();
    assert!(after.shape().await.tables.is_empty());
}

async fn tables_are_renamed_with_all_that_belongs_to_them(fresh: Fresh<'_>) {
    let app = App::new(fresh, "renamed");
    let before = app.with(first());
    before.wrote("init", &[]);
    before.applied().await.unwrap();
    before
        .run("INSERT INTO person (name) VALUES ('ann'); INSERT INTO message (body, author) VALUES ('hi', 1)")
        .await;
    let old = before.shape().await;
    let renamed = |table: &'static str| {
        Schema::builder("person")
            .table(table)
            .attribute(Attribute::new("name", Kind::Text).required().unique().column("called"))
            .attribute(Attribute::new("age", Kind::Integer).default_to(18))
            .attribute(Attribute::new("town", Kind::Text).nullable())
            .attribute(Attribute::new("weight", Kind::Float))
            .attribute(Attribute::new("note", Kind::Text).default_to("it's; fine"))
            .build()
    };
    let after = app.with(vec![first().remove(0), renamed("people")]);
    let request = Request::default();
    let refused = text(&after.draft(after.engine(), &request).unwrap_err());
    assert!(refused.contains("--rename person=people"), "{refused}");
    after.wrote("rename", &["person=people", "people.name=called"]);

    after.applied().await.unwrap();

    assert_eq!(after.texts("SELECT called FROM people", 1).await, [["ann"]]);
    assert_eq!(after.alter().await.unwrap(), [], "the models have all they need");
    refuses(&after, "INSERT INTO message (body, author) VALUES ('of nobody', 9)").await;
    refuses(&after, "INSERT INTO people (called) VALUES ('ann')").await;
    after.undone(1).await.unwrap();
    assert_same(&after.shape().await, &old, "undone");
    assert_eq!(before.texts("SELECT name FROM person", 1).await, [["ann"]]);
    refuses(&before, "INSERT INTO message (body, author) VALUES ('of nobody', 9)").await;
    // What was renamed twice has the names later files look for.
    after.applied().await.unwrap();
    let without = Schema::builder("message").attribute(Attribute::new("body", Kind::Text).required()).build();
    let last = app.with(vec![without, renamed("people")]);
    last.wrote("no_author", &[]);
    last.applied().await.unwrap();
    assert_eq!(last.alter().await.unwrap(), []);
}

async fn rows_survive_a_change_of_their_table(fresh: Fresh<'_>) {
    let app = App::new(fresh, "rows");
    let before = app.with(first());
    before.wrote("init", &[]);
    before.applied().await.unwrap();
    before
        .run(
            "INSERT INTO person (name, age, town) VALUES ('ann', 30, 'Kiel'), ('bo', 40, NULL), ('gone', 1, NULL);
             DELETE FROM person WHERE name = 'gone';
             INSERT INTO message (body, author) VALUES ('one', 1), ('two', 2), ('three', NULL)",
        )
        .await;
    let after = app.with(second());
    after.wrote("second", &["person.town=city"]);

    after.applied().await.unwrap();

    let people =
        after.texts("SELECT name, city, CAST(CAST(age AS integer) AS text) FROM person ORDER BY id", 3).await;
    assert_eq!(people, [["ann", "Kiel", "30"], ["bo", "", "40"]], "a missing town is the default now");
    let messages = after.texts("SELECT body, CAST(author AS text) FROM message ORDER BY id", 2).await;
    assert_eq!(messages, [["one", "1"], ["two", "2"], ["three", "null"]]);
    after.run("INSERT INTO person (name) VALUES ('new')").await;
    let id = after.texts("SELECT CAST(id AS text) FROM person WHERE name = 'new'", 1).await;
    assert_eq!(id, [["4"]], "no id is given out twice");
    after.run("DELETE FROM person WHERE name = 'ann'").await;
    let messages = after.texts("SELECT body FROM message ORDER BY id", 1).await;
    assert_eq!(messages, [["two"], ["three"]], "the new rule for removed people holds");
}

async fn refuses(migrations: &Migrations, sql: &str) {
    let refused = migrations.store.session().await.unwrap().run(sql).await;
    assert!(refused.is_err(), "{sql}");
}

async fn primary_keys_change(fresh: Fresh<'_>) {
    fn id() -> Attribute {
        Attribute::new("id", Kind::Integer)
    }
    fn name() -> Attribute {
        Attribute::new("name", Kind::Text).required()
    }
    fn of(id: Attribute, name: Attribute) -> Vec<Schema> {
        vec![Schema::builder("pet").attribute(id).attribute(name).build()]
    }
    type Models = fn() -> Vec<Schema>;
    let counted: Models = || of(id().primary_key().auto(Auto::Increment), name());
    let given: Models = || of(id().primary_key(), name());
    let by_name: Models = || of(id(), name().primary_key());
    let app = App::new(fresh, "keys");
    let steps = [("counted", counted), ("given", given), ("by_name", by_name), ("again", counted)];
    for (place, (step, models)) in steps.into_iter().enumerate() {
        let migrations = app.with(models());
        migrations.wrote(step, &[]);

        migrations.applied().await.unwrap();

        assert_eq!(migrations.alter().await.unwrap(), [], "{step}");
        let anew = App::new(fresh, &format!("keys{place}"));
        let anew = anew.with(models());
        anew.alter().await.unwrap();
        assert_same(&migrations.shape().await, &anew.shape().await, step);
        let columns = if step == "again" { "name) VALUES (" } else { "id, name) VALUES (7, " };
        migrations
            .run(&format!("DELETE FROM pet WHERE id = 7; INSERT INTO pet ({columns}'bello {place}')"))
            .await;
    }
}
