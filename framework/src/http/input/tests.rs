//! Everything wrong with inputs is told at once.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Input, Valid};
use crate::App;
use crate::http::Rules;
use crate::testing::TestApp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignUp {
    email: String,
    age: u8,
    #[serde(default)]
    terms: bool,
    plan: Plan,
    nick_name: Option<String>,
    address: Address,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Free,
    Paid,
}

#[derive(Debug, Deserialize)]
struct Address {
    city: String,
}

#[derive(Debug, Deserialize, Rules)]
struct Search {
    #[attr(min = 1)]
    page: u32,
    #[attr(max = 100, is_integer)]
    size: Option<u32>,
    #[attr(min_length = 2, max_length = 4)]
    word: String,
}

async fn app() -> TestApp {
    TestApp::start(App::new("inputs").routes(|r| {
        r.post("/sign-up", async |input: Input<SignUp>| {
            let Input(SignUp { email, age, terms, plan, nick_name, address }) = input;
            format!("{email} {age} {terms} {plan:?} {nick_name:?} {}", address.city)
        });
        r.get("/search", async |input: Valid<Search>| format!("{} {:?}", input.word, input.size));
        r.post("/search", async |input: Valid<Search>| format!("{} {:?}", input.word, input.page));
        r.post("/numbers", async |input: Input<Vec<u8>>| format!("{:?}", *input));
    }))
    .await
}

/// The broken rules by field, and nothing else of the answer.
fn rules(answer: &Value) -> Value {
    assert_eq!(answer["code"], "E_MISSING_OR_INVALID_PARAMS", "{answer}");
    let names =
        |list: &Value| list.as_array().unwrap().iter().map(|told| told["rule"].clone()).collect::<Value>();
    answer["errors"].as_object().unwrap().iter().map(|(field, list)| (field.clone(), names(list))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_missing_and_mistyped_field_is_named() {
    let app = app().await;
    let wrong = json!({ "age": "old", "terms": 1, "plan": "gold", "nickName": 7 });

    let answer = app.post("/sign-up").json(&wrong).await;

    assert_eq!(answer.status(), 400);
    let told = answer.json();
    let expected = json!({
        "age": ["type"], "terms": ["type"], "plan": ["type"], "nickName": ["type"],
        "email": ["required"], "address": ["required"],
    });
    assert_eq!(rules(&told), expected);
    assert_eq!(told["errors"]["age"][0]["expected"], "u8");
    assert_eq!(told["problems"].as_array().unwrap().len(), 6);
    let nested = json!({ "email": "a", "age": 3, "plan": "paid", "address": {} });
    assert_eq!(rules(&app.post("/sign-up").json(&nested).await.json()), json!({ "address": ["type"] }));

    let right = json!({ "email": "a", "age": 3, "plan": "free", "address": { "city": "Oslo" }, "more": 1 });
    assert_eq!(app.post("/sign-up").json(&right).await.text(), "a 3 false Free None Oslo");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_types_and_missing_fields_are_told_together() {
    let app = app().await;

    let query = app.get("/search?page=0&size=1000").await;
    assert_eq!(rules(&query.json()), json!({ "page": ["min"], "size": ["max"], "word": ["required"] }));
    let form = app.post("/search").form(&[("page", "many"), ("size", "2.5"), ("word", "x")]);
    let form = form.header("Accept", "application/json").await;
    let expected = json!({ "page": ["type", "min"], "size": ["type", "isInteger"], "word": ["minLength"] });
    assert_eq!(rules(&form.json())["word"], expected["word"]);
    assert_eq!(rules(&form.json())["size"], expected["size"]);
    let body = app.post("/search").json(&json!({ "page": 0, "word": "abcdef" })).await;
    assert_eq!(rules(&body.json()), json!({ "page": ["min"], "word": ["maxLength"] }));

    assert_eq!(app.get("/search?page=1&word=ab&size=7").await.text(), "ab Some(7)");
    assert_eq!(app.post("/search").json(&json!({ "page": 2, "word": "ab" })).await.text(), "ab 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_set_of_fields_is_refused_as_a_whole() {
    let app = app().await;
    for (path, body) in [("/sign-up", json!([1])), ("/sign-up", json!("x")), ("/numbers", json!({ "a": 1 }))]
    {
        let answer = app.post(path).json(&body).await;
        assert_eq!((answer.status(), &answer.json()["code"]), (400, &json!("E_MISSING_OR_INVALID_PARAMS")));
    }
    let long = "x".repeat(5_000);
    let answer = app.post("/sign-up").json(&json!({ "age": long })).await;
    assert!(answer.text().len() < 4_000, "what was sent does not come back whole");
    let broken = app.post("/sign-up").header("Content-Type", "application/json").await;
    assert_eq!(broken.status(), 400);
}
