//! Models that don't fit together are told so when the app starts.

use std::sync::Arc;

use super::super::registry::Registry;
use super::super::{Attribute, Auto, Kind, Model, Schema};
use super::{Message, Person, models};

fn refused(schemas: Vec<Schema>) -> String {
    Registry::new(schemas.into_iter().map(Arc::new).collect()).unwrap_err().to_string()
}

#[test]
fn the_derive_says_what_the_fields_say() {
    let schema = Person::schema();
    assert_eq!((schema.identity(), schema.table(), schema.primary_key().name()), ("person", "person", "id"));
    assert_eq!(schema.primary_key().automatic(), Some(Auto::Increment));
    let name = schema.attribute("name").unwrap();
    assert!(name.is_required() && name.is_unique() && !name.is_nullable() && name.is_writable());
    assert!(schema.attribute("email").unwrap().is_nullable());
    assert!(schema.attribute("messages").unwrap().is_collection());
    assert!(schema.attribute("secret").unwrap().is_private());
    assert_eq!(schema.attribute("createdAt").unwrap().kind(), Kind::Timestamp);
    assert!(!Message::schema().attribute("author").unwrap().is_writable());
    assert!(Registry::new(models()).is_ok());
}

#[test]
fn associations_are_checked_with_both_sides_named() {
    let pet = || Schema::builder("pet").attribute(Attribute::model("owner", "person", Kind::Integer));
    let told = refused(vec![pet().build()]);
    assert!(
        told.starts_with("`pet.owner` refers to the model `person`, which is not part of the app"),
        "{told}"
    );

    let person = Schema::builder("person").attribute(Attribute::collection("pets", "pet", "keeper"));
    let told = refused(vec![pet().build(), person.build()]);
    assert!(told.contains("`person.pets` is a collection via `pet.keeper`"), "{told}");

    let person = Schema::builder("person").attribute(Attribute::new("id", Kind::Text).primary_key());
    let told = refused(vec![pet().build(), person.build()]);
    assert_eq!(told, "`pet.owner` is a whole number, but the primary key of `person` is a string");
}

#[test]
fn names_are_there_once() {
    let twice = || Schema::builder("pet").build();
    assert!(refused(vec![twice(), twice()]).starts_with("two models are called `pet`"));
    let told = refused(vec![twice(), Schema::builder("dog").table("pet").build()]);
    assert!(told.starts_with("two models use the table `pet`"));
    let name = || Attribute::new("name", Kind::Text);
    let told = refused(vec![Schema::builder("pet").attribute(name()).attribute(name()).build()]);
    assert!(told.starts_with("`pet` has two attributes called `name`"));
}
