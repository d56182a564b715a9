//! Every kind of association, on every engine.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::super::{Db, Model};
use super::Recorder;
use super::zoo::{Keeper, Pet, Visit};

pub(super) async fn everything(db: &Db, recorder: &Arc<Recorder>) {
    members_are_added_and_removed(db, recorder).await;
    clear(db).await;
    many_to_many_goes_both_ways(db, recorder).await;
    clear(db).await;
    a_model_joins_with_values_of_its_own(db).await;
    clear(db).await;
    populate_nests_and_is_chosen_for_each_owner(db).await;
    clear(db).await;
    writes_take_members(db, recorder).await;
    clear(db).await;
    who_goes_says_goodbye(db, recorder).await;
    clear(db).await;
}

async fn clear(db: &Db) {
    Pet::destroy_each(Pet::ID.gt(0)).exec(db).await.unwrap();
    Keeper::destroy_each(Keeper::ID.gt(0)).exec(db).await.unwrap();
    assert_eq!(Visit::find().count(db).await.unwrap(), 0, "join rows go with what they join");
}

async fn keeper(db: &Db, name: &str) -> i64 {
    Keeper::create(json!({"name": name})).exec(db).await.unwrap().id
}

async fn pet(db: &Db, name: &str) -> i64 {
    Pet::create(json!({"name": name})).exec(db).await.unwrap().id
}

fn told(recorder: &Recorder) -> Vec<String> {
    recorder.told().into_iter().map(|(payload, _)| payload.to_string()).collect()
}

async fn members_are_added_and_removed(db: &Db, recorder: &Recorder) {
    let (ann, bo, rex) = (keeper(db, "ann").await, keeper(db, "bo").await, pet(db, "rex").await);
    Keeper::members(ann, "pets").add([rex], db).await.unwrap();
    recorder.told();
    Keeper::members(bo, "pets").add([rex], db).await.unwrap();
    assert_eq!(
        told(recorder),
        [
            format!(r#"{{"id":{bo},"verb":"addedTo","attribute":"pets","addedId":{rex}}}"#),
            format!(r#"{{"verb":"updated","data":{{"owner":{bo}}},"id":{rex}}}"#),
            format!(r#"{{"id":{ann},"verb":"removedFrom","attribute":"pets","removedId":{rex}}}"#),
        ],
        "a stolen member"
    );
    Keeper::members(bo, "pets").add([rex], db).await.unwrap();
    assert!(told(recorder).is_empty(), "it is in it already");
    Keeper::members(bo, "pets").remove([rex], db).await.unwrap();
    assert_eq!(
        told(recorder),
        [
            format!(r#"{{"id":{bo},"verb":"removedFrom","attribute":"pets","removedId":{rex}}}"#),
            format!(r#"{{"verb":"updated","data":{{"owner":null}},"id":{rex}}}"#),
        ]
    );
    let error = Keeper::members(bo, "pets").add([rex, 999_999], db).await.unwrap_err();
    assert_eq!(error.status(), 409, "{error}");
    assert!(Keeper::members(bo, "name").add([rex], db).await.is_err());
    Pet::update(rex).set(json!({"owner": ann})).exec(db).await.unwrap();
    let told = told(recorder);
    assert_eq!(told[1], format!(r#"{{"id":{ann},"verb":"addedTo","attribute":"pets","addedId":{rex}}}"#));
}

async fn many_to_many_goes_both_ways(db: &Db, recorder: &Recorder) {
    let (ann, bo) = (keeper(db, "ann").await, keeper(db, "bo").await);
    let (rex, tom, zed) = (pet(db, "rex").await, pet(db, "tom").await, pet(db, "zed").await);
    recorder.told();
    Keeper::members(ann, "patients").add([rex], db).await.unwrap();
    assert_eq!(
        told(recorder),
        [
            format!(r#"{{"id":{ann},"verb":"addedTo","attribute":"patients","addedId":{rex}}}"#),
            format!(r#"{{"id":{rex},"verb":"addedTo","attribute":"vets","addedId":{ann}}}"#),
        ]
    );
    Pet::members(rex, "vets").add([bo, ann], db).await.unwrap();
    assert_eq!(told(recorder).len(), 2, "only what is new");
    Keeper::members(ann, "patients").replace([tom, zed], db).await.unwrap();
    assert_eq!(told(recorder).len(), 6);
    let ann_now = Keeper::find_one(ann).populate("patients").get(db).await.unwrap().unwrap();
    assert_eq!(ann_now.patients.iter().map(|pet| pet.id).collect::<Vec<_>>(), [tom, zed]);
    let rex_now = Pet::find_one(rex).populate("vets").get(db).await.unwrap().unwrap();
    assert_eq!(rex_now.vets.iter().map(|vet| vet.id).collect::<Vec<_>>(), [bo]);

    Pet::members(rex, "children").add([tom, zed], db).await.unwrap();
    let tom_now = Pet::find_one(tom).populate("parents").populate("children").get(db).await.unwrap().unwrap();
    assert_eq!((tom_now.parents[0].id, tom_now.children.len()), (rex, 0));
    Keeper::members(ann, "favourites").add([rex], db).await.unwrap();
    let ann_now = Keeper::find_one(ann).populate("favourites").get(db).await.unwrap().unwrap();
    assert_eq!(ann_now.favourites[0].name, "rex");
    let error = Keeper::members(ann, "patients").add([999_999], db).await.unwrap_err();
    assert_eq!(error.status(), 409, "{error}");
}

async fn a_model_joins_with_values_of_its_own(db: &Db) {
    let (ann, rex) = (keeper(db, "ann").await, pet(db, "rex").await);
    Keeper::members(ann, "visited").add([rex], db).await.unwrap();
    let visit = Visit::find().populate("keeper").one(db).await.unwrap().unwrap();
    assert_eq!((visit.stars, visit.keeper.unwrap().get().unwrap().name.as_str()), (3, "ann"));
    let rex_now = Pet::find_one(rex).populate("visitors").get(db).await.unwrap().unwrap();
    assert_eq!(rex_now.visitors[0].id, ann);
    let again = Visit::create(json!({"keeper": ann, "pet": rex})).exec(db).await.unwrap_err();
    assert_eq!((again.code(), &again.extra()["attrNames"]), ("E_UNIQUE", &json!(["keeper", "pet"])));
    Keeper::members(ann, "visited").remove([rex], db).await.unwrap();
    assert_eq!(Visit::find().count(db).await.unwrap(), 0);
}

async fn populate_nests_and_is_chosen_for_each_owner(db: &Db) {
    let (ann, bo, vet) = (keeper(db, "ann").await, keeper(db, "bo").await, keeper(db, "vet").await);
    for n in 0..10 {
        let owner = if n < 6 { ann } else { bo };
        let made = Pet::create(json!({"name": format!("p{n}"), "weight": n, "owner": owner}));
        let made = made.exec(db).await.unwrap();
        Keeper::members(vet, "patients").add([made.id], db).await.unwrap();
    }
    let heaviest = Pet::find().filter(Pet::WEIGHT.gt(0.0)).sort(Pet::WEIGHT.desc());
    let asked = Keeper::find().filter(Keeper::NAME.ne("vet")).sort(Keeper::ID.asc());
    let keepers =
        asked.populate_with("pets", heaviest.skip(1).limit(2)).populate("pets.vets").all(db).await.unwrap();
    let names: Vec<Vec<_>> =
        keepers.iter().map(|k| k.pets.iter().map(|pet| pet.name.as_str()).collect()).collect();
    assert_eq!(names, [["p4", "p3"], ["p8", "p7"]]);
    assert!(keepers.iter().flat_map(|k| k.pets.iter()).all(|pet| pet.vets[0].id == vet));

    let lightest = Pet::find().sort(Pet::WEIGHT.asc()).limit(3).populate("owner");
    let all =
        Keeper::find().sort(Keeper::ID.asc()).populate_with("patients", lightest).all(db).await.unwrap();
    let json: Json = serde_json::to_value(&all).unwrap();
    let patients: Vec<_> =
        json[2]["patients"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
    assert_eq!(patients, ["p0", "p1", "p2"]);
    assert_eq!(json[2]["patients"][0]["owner"]["name"], "ann");
    assert_eq!(json[0]["patients"], json!([]));
}

async fn writes_take_members(db: &Db, recorder: &Recorder) {
    let (rex, tom) = (pet(db, "rex").await, pet(db, "tom").await);
    let ann = keeper(db, "ann").await;
    Keeper::members(ann, "pets").add([rex], db).await.unwrap();
    recorder.told();
    let bo = Keeper::create(json!({"name": "bo", "pets": [rex, {"id": tom}], "patients": [rex]}));
    let bo = bo.populate("pets").exec(db).await.unwrap();
    assert_eq!(bo.pets.iter().map(|pet| pet.id).collect::<Vec<_>>(), [rex, tom]);
    let told = told(recorder);
    assert!(told[0].starts_with(r#"{"verb":"created","data":{"id""#), "{}", told[0]);
    let stolen = format!(r#"{{"id":{ann},"verb":"removedFrom","attribute":"pets","removedId":{rex}}}"#);
    assert!(told.contains(&stolen), "{told:?}");
    let changed = Keeper::update(bo.id).set(json!({"pets": [tom]})).populate("pets").exec(db).await.unwrap();
    assert_eq!(changed.unwrap().pets.iter().map(|pet| pet.id).collect::<Vec<_>>(), [tom]);
    let error = Keeper::create(json!({"name": "cy", "pets": ["x"]})).exec(db).await.unwrap_err();
    assert_eq!(error.extra()["errors"]["pets"][0]["rule"], "type");
    let error = Keeper::create(json!({"name": "cy", "pets": [999_999]})).exec(db).await.unwrap_err();
    assert_eq!((error.status().as_u16(), Keeper::find().count(db).await.unwrap()), (409, 2), "undone whole");
}

async fn who_goes_says_goodbye(db: &Db, recorder: &Recorder) {
    let (ann, rex) = (keeper(db, "ann").await, pet(db, "rex").await);
    Keeper::members(ann, "pets").add([rex], db).await.unwrap();
    Keeper::members(ann, "patients").add([rex], db).await.unwrap();
    recorder.told();
    Pet::destroy(rex).populate("vets").exec(db).await.unwrap();
    let told = told(recorder);
    assert!(told[0].starts_with(&format!(r#"{{"verb":"destroyed","id":{rex},"previous":{{"#)));
    assert_eq!(
        told[1..],
        [
            format!(r#"{{"id":{ann},"verb":"removedFrom","attribute":"pets","removedId":{rex}}}"#),
            format!(r#"{{"id":{ann},"verb":"removedFrom","attribute":"patients","removedId":{rex}}}"#),
        ]
    );
}
