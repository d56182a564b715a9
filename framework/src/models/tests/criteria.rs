//! What clients ask: the right rows, or a 400 that names what is wrong.

use serde_json::{Value as Json, json};

use super::super::{Bounds, Criteria, Filter, Model, Sort, crud};
use super::{Person, person, sqlite};

const BOUNDS: Bounds = Bounds { depth: 2, conditions: 4, list: 3 };

fn read(json: &Json) -> crate::Result<Filter> {
    Filter::from_json(Person::schema(), json, &BOUNDS)
}

#[tokio::test]
async fn sails_criteria_find_the_right_rows() {
    let (db, _, _folder) = sqlite().await;
    for name in ["ann", "bo", "cy", "dee"] {
        person(&db, name).await;
    }
    Person::update(2).set(json!({"age": 40, "email": "bo@x.org"})).exec(&db).await.unwrap();
    let cases = [
        (json!({}), "ann bo cy dee"),
        (json!({"name": "bo"}), "bo"),
        (json!({"id": "2"}), "bo"),
        (json!({"name": ["bo", "cy"]}), "bo cy"),
        (json!({"name": {"in": ["bo"]}}), "bo"),
        (json!({"name": {"nin": ["bo", "cy"]}}), "ann dee"),
        (json!({"name": {"!=": ["bo"]}, "age": 18}), "ann cy dee"),
        (json!({"id": {">": 1, "<=": 3}}), "bo cy"),
        (json!({"or": [{"name": "ann"}, {"age": {">=": 40}}]}), "ann bo"),
        (json!({"and": [{"name": {"contains": "e"}}, {"name": {"startsWith": "d"}}]}), "dee"),
        (json!({"or": []}), ""),
        (json!({"name": []}), ""),
        (json!({"email": null}), "ann cy dee"),
        (json!({"email": {"!=": null}}), "bo"),
        (json!({"email": [null, "bo@x.org"]}), "ann bo cy dee"),
        (json!({"email": {"nin": [null]}}), "bo"),
        (json!({"name": {"like": "%n"}}), "ann"),
        (json!({"name": {"endsWith": "' OR '1'='1"}}), ""),
    ];
    for (json, expected) in cases {
        let criteria = Criteria::of(read(&json).unwrap());
        let found = crud::find(&db, Person::schema(), &criteria).await.unwrap();
        let names: Vec<_> = found.iter().map(|record| record.get("name").unwrap().to_string()).collect();
        assert_eq!(names.join(" "), expected, "{json}");
    }
}

#[test]
fn hostile_criteria_are_refused_by_name() {
    let cases = [
        (json!({"secret": "x"}), "`secret`"),
        (json!({"secret": {"startsWith": "h"}}), "`secret`"),
        (json!({"or": [{"secret": "x"}]}), "`secret`"),
        (json!({"nope": 1}), "`nope`"),
        (json!({"id\" = 1 OR 1=1 --": 1}), "no such attribute"),
        (json!({"messages": 1}), "`messages`"),
        (json!({"age": "old"}), "`age`"),
        (json!({"age": {"contains": "1"}}), "`age`"),
        (json!({"age": {"<": null}}), "takes no null"),
        (json!({"name": {"regex": "(a+)+$"}}), "use in, nin"),
        (json!({"name": {}}), "`name`"),
        (json!({"name": {"contains": {"$ne": 1}}}), "takes a string"),
        (json!({"name": "a\0"}), "`name`"),
        (json!({"name": ["a", "b", "c", "d"]}), "more than 3 values"),
        (json!({"id": {">": 1, "<": 9, "!=": 4, "in": [5], "nin": [6]}}), "more than 4 comparisons"),
        (json!({"or": [{"or": [{"or": [{"id": 1}]}]}]}), "nested deeper"),
        (json!({"or": {"id": 1}}), "takes a list"),
        (json!([1]), "must be an object"),
    ];
    for (json, why) in cases {
        let error = read(&json).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (400, "E_INVALID_CRITERIA"), "{json}");
        let details = error.extra()["details"].as_str().unwrap();
        assert!(details.contains(why), "{json}: {details}");
    }
}

#[test]
fn sorts_are_read_as_sails_reads_them() {
    let read = |json: Json| Sort::from_json(Person::schema(), &json);
    let by =
        |name: &str, descending| Sort { attribute: Person::schema().index_of(name).unwrap(), descending };
    assert_eq!(read(json!("name")).unwrap(), [by("name", false)]);
    assert_eq!(read(json!("name DESC, age asc")).unwrap(), [by("name", true), by("age", false)]);
    assert_eq!(read(json!({"name": -1})).unwrap(), [by("name", true)]);
    assert_eq!(read(json!([{"age": "ASC"}, "name DESC"])).unwrap(), [by("age", false), by("name", true)]);
    for wrong in
        [json!("secret"), json!("nope"), json!("name sideways"), json!(""), json!(3), json!([["name"]])]
    {
        assert_eq!(read(wrong.clone()).unwrap_err().code(), "E_INVALID_CRITERIA", "{wrong}");
    }
}
