//! Routes for a browser's address line.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use serde_json::{Value as Json, json};

use super::{ask, config, config_for, ids, respond, serve};
use crate::config::Environment;
use crate::models::tests::zoo::{Keeper, Pet};
use crate::models::tests::{Person, person, sqlite};
use crate::routes::Routes;

fn draw(r: &mut Routes) {
    r.blueprints::<Person>();
    r.blueprints::<Keeper>();
    r.blueprints::<Pet>();
}

#[tokio::test]
async fn every_shortcut_does_what_its_name_says() {
    let (db, _, _folder) = sqlite().await;
    let server = serve(&db, &config(), draw).await;
    assert_eq!(ask!(server, GET "/keeper/create?name=ann").1["name"], "ann");
    assert_eq!(ask!(server, GET "/pet/create?name=rex&weight=2.5").1["weight"], 2.5);
    ask!(server, GET "/pet/create?name=tom");
    assert_eq!(ids(&ask!(server, GET "/pet/find?sort=name%20DESC").1), [2, 1]);
    assert_eq!(ask!(server, GET "/pet/find/2").1["name"], "tom");
    assert_eq!(ask!(server, GET "/pet/update/2?name=tim").1["name"], "tim");
    assert_eq!(ids(&ask!(server, GET "/keeper/1/pets/add/1").1["pets"]), [1]);
    assert_eq!(ids(&ask!(server, GET "/keeper/1/pets/replace?pets=[2]").1["pets"]), [2]);
    assert_eq!(ids(&ask!(server, GET "/keeper/1/pets/replace?pets=1").1["pets"]), [1]);
    assert_eq!(ids(&ask!(server, GET "/keeper/1/pets/remove/1").1["pets"]), [0; 0]);
    assert_eq!(ask!(server, GET "/keeper/1/pets/replace").0, StatusCode::BAD_REQUEST);
    assert_eq!(ask!(server, GET "/pet/destroy/2").1["name"], "tim");
    assert_eq!(ids(&ask!(server, GET "/pet/find").1), [1]);
}

#[tokio::test]
async fn production_has_them_only_when_it_says_so() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let mut config = config_for(Environment::Production);
    let server = serve(&db, &config, draw).await;
    assert_eq!(ask!(server, GET "/person/find").0, StatusCode::BAD_REQUEST, "no id of a person");
    assert_eq!(ask!(server, GET "/person/destroy/1").0, StatusCode::NOT_FOUND);
    config.blueprints.shortcuts = Some(true);
    let server = serve(&db, &config, draw).await;
    assert_eq!(ask!(server, GET "/person/find").0, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_by_a_shortcut() {
    let (db, _, _folder) = sqlite().await;
    person(&db, "ann").await;
    let server = serve(&db, &config(), draw).await;
    let changes = [
        "/person/create?name=bo",
        "/person/update/1?age=1",
        "/person/destroy/1",
        "/keeper/1/pets/add/1",
        "/keeper/1/pets/remove/1",
        "/keeper/1/pets/replace?pets=1",
    ];
    for header in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("cookie", "sid=1")]
    {
        for path in changes {
            let (status, _, body): (_, _, Json) =
                respond!(server, TestRequest::with_uri(path).insert_header(header));
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::FORBIDDEN, &json!("E_CSRF")),
                "{path} {header:?}"
            );
        }
        let (status, _, _): (_, _, Json) =
            respond!(server, TestRequest::with_uri("/person/find/1").insert_header(header));
        assert_eq!(status, StatusCode::OK, "reading is no change");
    }
    assert_eq!(ids(&ask!(server, GET "/person").1), [1]);
    let own = TestRequest::with_uri(changes[0]).insert_header(("sec-fetch-site", "same-origin"));
    let (status, _, _): (_, _, Json) = respond!(server, own);
    assert_eq!(status, StatusCode::OK);
}
