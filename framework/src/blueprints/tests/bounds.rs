//! Associations of associations, and how much of them one request may have.

use actix_web::http::StatusCode;
use serde_json::{Value as Json, json};

use super::{ask, config, ids, serve};
use crate::config::Config;
use crate::models::tests::sqlite;
use crate::models::tests::zoo::{Keeper, Pet};
use crate::models::{Db, Model};
use crate::routes::Routes;

fn draw(r: &mut Routes) {
    r.blueprints::<Keeper>();
    r.blueprints::<Pet>();
}

/// Ann keeps rex, tom and pip and treats rex; bo treats all three.
async fn house(db: &Db) {
    for name in ["ann", "bo"] {
        Keeper::create(json!({"name": name})).exec(db).await.unwrap();
    }
    for (name, weight) in [("rex", 3.0), ("tom", 2.0), ("pip", 1.0)] {
        Pet::create(json!({"name": name, "weight": weight, "owner": 1})).exec(db).await.unwrap();
    }
    Keeper::members(1, "patients").add([1], db).await.unwrap();
    Keeper::members(2, "patients").add([1, 2, 3], db).await.unwrap();
}

fn escaped(json: &Json) -> String {
    json.to_string().bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

fn names(records: &Json) -> Vec<&str> {
    records.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn paths_and_criteria_populate_below_the_first_level() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let server = serve(&db, &config(), draw).await;

    let (_, ann) = ask!(server, GET "/keeper/1?populate=pets.vets");
    assert_eq!(names(&ann["pets"]), ["rex", "tom", "pip"]);
    assert_eq!(names(&ann["pets"][0]["vets"]), ["ann", "bo"]);
    assert!(ann.get("patients").is_none() && ann["pets"][0].get("owner") == Some(&json!(1)));

    let wanted = json!({"pets": {
        "where": {"weight": {">": 1}}, "sort": "name DESC", "select": ["name"],
        "populate": {"vets": {"where": {"name": {"startsWith": "b"}}, "limit": 1}},
    }});
    let (_, ann) = ask!(server, GET format!("/keeper/1?populate={}", escaped(&wanted)));
    assert_eq!(names(&ann["pets"]), ["tom", "rex"]);
    assert_eq!(names(&ann["pets"][1]["vets"]), ["bo"]);
    assert!(ann["pets"][0].get("weight").is_none(), "{ann}");

    let (_, list) = ask!(server, GET format!("/keeper?populate={}", escaped(&json!({"patients": {"limit": 1, "skip": 1}}))));
    assert_eq!((ids(&list[0]["patients"]), ids(&list[1]["patients"])), (vec![], vec![2]), "of each");
    let (_, off) = ask!(server, GET format!("/keeper/1?populate={}", escaped(&json!({"pets": false, "patients": true}))));
    assert!(off.get("pets").is_none() && off["patients"].is_array());
}

#[tokio::test]
async fn what_a_populate_cant_mean_is_refused() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let server = serve(&db, &config(), draw).await;
    for wanted in [
        json!({"pets": {"colour": "red"}}),
        json!({"pets": {"where": {"nope": 1}}}),
        json!({"pets": {"sort": "nope"}}),
        json!({"pets": 7}),
        json!({"nobody": {}}),
        json!({"pets": {"populate": {"nobody": true}}}),
        json!({"name": {}}),
    ] {
        let (status, body) = ask!(server, GET format!("/keeper?populate={}", escaped(&wanted)));
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("E_INVALID_CRITERIA")),
            "{wanted}"
        );
    }
}

#[tokio::test]
async fn a_path_follows_so_many_associations_and_no_more() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let deep = json!({"pets": {"populate": {"vets": {"populate": {"pets": true}}}}});
    let asked = |config: Config| {
        let db = db.clone();
        async move {
            let server = serve(&db, &config, draw).await;
            let paths = ["pets", "pets.vets", "pets.vets.pets"].map(str::to_owned);
            let mut statuses = Vec::new();
            for path in
                paths.into_iter().chain([escaped(&json!({"pets": {"populate": "vets"}})), escaped(&deep)])
            {
                statuses.push(ask!(server, GET format!("/keeper?populate={path}")).0.as_u16());
            }
            statuses
        }
    };
    assert_eq!(asked.clone()(config()).await, [200, 200, 400, 200, 400], "two unless told otherwise");
    let mut one = config();
    one.blueprints.populate_depth = 1;
    let server = serve(&db, &one, draw).await;
    assert_eq!(ask!(server, GET "/keeper?populate=pets").0, StatusCode::OK);
    let (status, body) = ask!(server, GET "/keeper?populate=pets.vets");
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["details"].as_str().unwrap().contains("at most 1 associations"), "{body}");
}

#[tokio::test]
async fn a_request_populates_so_many_records_and_no_more() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let mut config = config();
    config.blueprints.max_populated = 5;
    let server = serve(&db, &config, draw).await;

    assert_eq!(ask!(server, GET "/keeper/1?populate=pets").0, StatusCode::OK, "3 records");
    assert_eq!(ask!(server, GET "/keeper?populate=pets").0, StatusCode::OK);
    for path in
        ["/keeper?populate=pets,patients", "/keeper/1?populate=pets.vets", "/keeper?populate=patients.vets"]
    {
        let (status, body) = ask!(server, GET path);
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("E_INVALID_CRITERIA")),
            "{path}"
        );
        assert!(body["details"].as_str().unwrap().contains("max_populated"), "{body}");
    }
    let narrow = escaped(&json!({"pets": {"limit": 1, "populate": {"vets": {}}}}));
    assert_eq!(ask!(server, GET format!("/keeper/1?populate={narrow}")).0, StatusCode::OK);
}

#[tokio::test]
async fn a_where_asks_so_much_and_no_more() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let mut config = config();
    let blueprints = &mut config.blueprints;
    (blueprints.max_conditions, blueprints.max_depth, blueprints.max_list) = (3, 2, 2);
    let server = serve(&db, &config, draw).await;
    for (condition, status) in [
        (json!({"name": ["a", "b"]}), 200),
        (json!({"name": ["a", "b", "c"]}), 400),
        (json!({"id": {">": 0, "<": 9}, "name": "a"}), 200),
        (json!({"id": {">": 0, "<": 9, "!=": 5}, "name": "a"}), 400),
        (json!({"or": [{"and": [{"id": 1}]}]}), 200),
        (json!({"or": [{"and": [{"or": [{"id": 1}]}]}]}), 400),
    ] {
        let (got, body) = ask!(server, GET format!("/keeper?where={}", escaped(&condition)));
        assert_eq!(got.as_u16(), status, "{condition}: {body}");
    }
    assert_eq!(ask!(server, PUT "/keeper/1/pets", json!([1, 2, 3])).0, StatusCode::BAD_REQUEST, "max_list");
    assert_eq!(ask!(server, PUT "/keeper/1/pets", json!([1, 2])).0, StatusCode::OK);
}

#[tokio::test]
async fn a_strict_app_replaces_with_what_exists_only() {
    let (db, _, _folder) = sqlite().await;
    house(&db).await;
    let mut config = config();
    config.blueprints.strict = true;
    let server = serve(&db, &config, draw).await;
    assert_eq!(ask!(server, PUT "/keeper/1/patients", json!([2, 99])).0, StatusCode::NOT_FOUND);
    assert_eq!(ids(&ask!(server, GET "/keeper/1/patients").1), [1], "nothing is replaced");
    assert_eq!(ids(&ask!(server, PUT "/keeper/1/patients", json!([2, 2, 3])).1["patients"]), [2, 3]);
}
