//! Where blueprints and controllers' actions stand, and what stands in front of them.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use serde_json::{Value as Json, json};

use super::{ask, config, respond, serve};
use crate::config::Config;
use crate::models::tests::{Person, person, sqlite};
use crate::routes::Routes;
use crate::{Error, Result};

async fn hello() -> &'static str {
    "hello"
}

async fn wave() -> &'static str {
    "wave"
}

async fn nobody() -> Result<()> {
    Err(Error::forbidden("nobody may"))
}

fn draw(r: &mut Routes) {
    r.controller("greeting").action("index", hello).action("wave", wave);
    r.controller("office/desk").guard(nobody).action("index", hello);
    r.blueprints::<Person>();
}

fn with(change: impl Fn(&mut Config)) -> Config {
    let mut config = config();
    change(&mut config);
    config
}

#[tokio::test]
async fn actions_of_controllers_have_routes_where_the_app_says_so() {
    let (db, _, _folder) = sqlite().await;
    let off = serve(&db, &config(), draw).await;
    assert_eq!(ask!(off, GET "/greeting/wave").0, StatusCode::NOT_FOUND);

    let on = with(|config| {
        config.blueprints.actions = true;
        config.blueprints.prefix = "/api/".to_owned();
    });
    let on = serve(&db, &on, draw).await;
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for (path, answer) in
            [("/api/greeting", "hello"), ("/api/greeting/index", "hello"), ("/api/greeting/wave", "wave")]
        {
            let (status, _, body): (_, _, Json) =
                respond!(on, TestRequest::with_uri(path).method(method.clone()));
            assert_eq!((status, body), (StatusCode::OK, json!(answer)), "{method} {path}");
        }
    }
    assert_eq!(ask!(on, GET "/api/office/desk").0, StatusCode::FORBIDDEN);
    assert_eq!(ask!(on, GET "/greeting").0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn paths_have_their_prefixes_and_plurals() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let config = with(|config| {
        let blueprints = &mut config.blueprints;
        (blueprints.prefix, blueprints.rest_prefix) = ("/api".to_owned(), "/rest".to_owned());
        blueprints.pluralize = true;
    });
    let server = serve(&db, &config, draw).await;
    for (path, status) in [
        ("/api/rest/persons", 200),
        ("/api/rest/persons/1", 200),
        ("/api/rest/persons/1/messages", 200),
        ("/api/persons/find", 200),
        ("/api/persons/find/1", 200),
        ("/api/rest/persons/find/1", 404),
        ("/api/persons", 404),
        ("/api/rest/person", 404),
        ("/person", 404),
    ] {
        assert_eq!(ask!(server, GET path).0.as_u16(), status, "{path}");
    }
    let neither = with(|config| {
        (config.blueprints.rest, config.blueprints.shortcuts) = (false, Some(false));
    });
    let neither = serve(&db, &neither, draw).await;
    for path in ["/person", "/person/1", "/person/find"] {
        assert_eq!(ask!(neither, GET path).0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn plurals_are_those_of_english_endings() {
    for (one, many) in [
        ("user", "users"),
        ("category", "categories"),
        ("day", "days"),
        ("class", "classes"),
        ("box", "boxes"),
        ("church", "churches"),
        ("dish", "dishes"),
    ] {
        assert_eq!(super::super::routes::plural(one), many);
    }
}

#[tokio::test]
async fn an_own_route_wins_over_a_blueprint() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let server = serve(&db, &config(), |r: &mut Routes| {
        r.blueprints::<Person>();
        r.get("/person/{id}", hello);
        r.post("/person", wave);
    })
    .await;
    assert_eq!(ask!(server, GET "/person/1"), (StatusCode::OK, json!("hello")));
    assert_eq!(ask!(server, POST "/person", json!({"name": "bo"})).1, "wave");
    assert_eq!(ask!(server, PATCH "/person/1", json!({"age": 7})).1["age"], 7, "the others stay");
    assert_eq!(ask!(server, GET "/person/find/1").1["name"], "ann");
}
