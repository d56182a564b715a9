//! Which pages of other sites may read answers.

use std::path::Path;

use crate::app::App;
use crate::config::{Config, Environment};
use crate::routes::Routes;
use crate::security::{Cors, Csrf, Gate, Limits, Origins};
use crate::testing::{TestApp, TestClient, TestResponse};
use actix_session::Session;

const SHOP: &str = "https://shop.example.com";
const LISTED: &str = "https://listed.example.com";
const EVIL: &str = "https://evil.example";

async fn words() -> &'static str {
    "words"
}

async fn log_in(session: Session) -> crate::Result<&'static str> {
    session.insert("user", 1)?;
    Ok("welcome")
}

async fn broken() -> crate::Result<()> {
    Err(crate::Error::conflict("no"))
}

fn draw(r: &mut Routes) {
    r.get("/plain", words);
    r.get("/open", words).cors(Cors::any());
    r.post("/open", words).cors(Cors::any());
    r.get("/shop", words).cors(Cors::origins([SHOP]).credentials().expose(["X-Total"]));
    r.put("/shop", words).cors(Cors::origins([SHOP]).credentials());
    r.get("/listed", words).cors(Cors::listed());
    r.get("/closed", words).cors(Cors::off());
    r.get("/broken", broken).cors(Cors::any());
    r.post("/login", log_in);
    r.scope("/api").cors(Cors::origins([SHOP])).get("/things", words);
}

async fn app(settings: &[(&'static str, &str)]) -> TestApp {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    TestApp::start_configured(App::new("cors").routes(draw), settings).await
}

async fn get(client: &TestClient, path: &str, origin: &str) -> TestResponse {
    client.get(path).header("Origin", origin).await
}

async fn ask(client: &TestClient, path: &str, method: &str, origin: &str) -> TestResponse {
    let request = client.request("OPTIONS", path).header("Origin", origin);
    request.header("Access-Control-Request-Method", method).await
}

fn shared_with(answer: &TestResponse) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn an_answer_is_shared_with_the_origins_of_its_route_and_no_others() {
    let app = app(&[("security.allowed_origins", LISTED)]).await;
    let lookalikes = [
        EVIL,
        "null",
        "http://shop.example.com",
        "https://shop.example.com.evil.example",
        "https://evil-shop.example.com",
        "https://shop.example.com:8443",
        "https://shop.example.com@evil.example",
    ];
    for path in ["/plain", "/closed", "/shop", "/listed", "/api/things"] {
        for origin in lookalikes {
            let answer = get(&app, path, origin).await;
            assert_eq!(shared_with(&answer), None, "{path} for {origin}");
        }
    }
    for (path, origin, shared) in [
        ("/plain", SHOP, None),
        ("/plain", LISTED, None),
        ("/closed", LISTED, None),
        ("/shop", SHOP, Some(SHOP)),
        ("/shop", LISTED, None),
        ("/listed", LISTED, Some(LISTED)),
        ("/listed", SHOP, None),
        ("/api/things", SHOP, Some(SHOP)),
        ("/open", EVIL, Some("*")),
        ("/open", "null", Some("*")),
    ] {
        assert_eq!(shared_with(&get(&app, path, origin).await), shared, "{path} for {origin}");
    }
}

#[tokio::test]
async fn answers_that_differ_by_origin_say_so_and_only_they() {
    let app = app(&[]).await;
    for (path, vary) in [("/shop", Some("Origin")), ("/open", None), ("/plain", None)] {
        assert_eq!(app.get(path).without("Origin").await.header("vary"), vary, "{path}");
        assert_eq!(get(&app, path, EVIL).await.header("vary"), vary, "{path} for a stranger");
    }
}

#[tokio::test]
async fn credentials_and_exposed_headers_are_told_to_the_pages_they_are_for() {
    let app = app(&[]).await;
    let answer = get(&app, "/shop", SHOP).await;
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("X-Total"));
    let answer = get(&app, "/open", SHOP).await;
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn a_failed_request_is_shared_as_a_good_one_is() {
    let app = app(&[]).await;
    let answer = get(&app, "/broken", EVIL).await;
    assert_eq!((answer.status(), shared_with(&answer)), (409, Some("*")));
}

#[tokio::test]
async fn browsers_that_ask_beforehand_learn_what_they_may_send() {
    let app = app(&[]).await;
    let answer = ask(&app, "/shop", "PUT", SHOP).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(shared_with(&answer), Some(SHOP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, x-csrf-token"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));

    let stranger = ask(&app, "/shop", "PUT", EVIL).await;
    assert_eq!((stranger.status(), shared_with(&stranger)), (204, None));
    assert_eq!(stranger.header("access-control-allow-methods"), None);

    // Routes without a rule answer as without CORS: with their methods.
    let plain = ask(&app, "/plain", "GET", SHOP).await;
    assert_eq!((plain.status(), shared_with(&plain)), (200, None));
    assert_eq!(plain.header("allow"), Some("GET, HEAD"));
    let other = ask(&app, "/shop", "DELETE", SHOP).await;
    assert_eq!((other.status(), shared_with(&other)), (200, None));
}

#[tokio::test]
async fn pages_a_route_names_may_send_changes_with_a_session_only_with_credentials() {
    let app = app(&[]).await;
    let put = |client: TestClient, origin| client.request("PUT", "/shop").header("Origin", origin);
    let post = |client: TestClient, origin| client.post("/open").header("Origin", origin);
    assert_eq!(post(app.client(), EVIL).await.status(), 200, "without a session there is nothing to misuse");
    assert_eq!(put(app.client(), EVIL).await.status(), 403);
    app.post("/login").await.ok();
    let user = app.at(&app);
    assert_eq!(put(user.clone(), SHOP).await.status(), 200);
    assert_eq!(put(user.clone(), EVIL).await.status(), 403);
    assert_eq!(post(user, EVIL).await.status(), 403);
}

#[tokio::test]
async fn one_key_shares_every_route_but_those_with_a_rule_of_their_own() {
    let app = app(&[("security.allowed_origins", LISTED), ("security.cors", "true")]).await;
    for (path, shared) in [("/plain", Some(LISTED)), ("/closed", None), ("/shop", None), ("/open", Some("*"))]
    {
        assert_eq!(shared_with(&get(&app, path, LISTED).await), shared, "{path}");
    }
    assert_eq!(shared_with(&get(&app, "/plain", EVIL).await), None);
}

fn gate(change: impl FnOnce(&mut Config)) -> crate::Result<Gate> {
    let mut config = Config::load_with(Path::new("/nonexistent"), Environment::Production, &[]).unwrap();
    change(&mut config);
    let csrf = Csrf { enabled: true, origins: Origins::for_requests(&config), session_cookie: "sid".into() };
    Gate::new(&config, csrf, Limits::new(None, &config.security))
}

#[test]
fn every_origin_with_credentials_is_refused_at_the_start() {
    let any = |credentials| {
        gate(|config| {
            config.security.cors = true;
            config.security.allowed_origins = vec!["*".into()];
            config.security.cors_credentials = credentials;
        })
    };
    assert!(any(false).is_ok());
    let error = any(true).unwrap_err().to_string();
    assert!(error.contains("cors_credentials in config/security.toml"), "{error}");

    let review = |cors| {
        let mut routes = Routes::default();
        routes.get("/prices", words).cors(cors);
        routes.review(&gate(|_| {}).unwrap()).map_err(|error| error.to_string())
    };
    assert_eq!(review(Cors::any()), Ok(()));
    let error = review(Cors::any().credentials()).unwrap_err();
    assert!(error.contains("GET /prices") && error.contains("name the origins"), "{error}");
    let error = review(Cors::origins(["*"]).credentials()).unwrap_err();
    assert!(error.contains("Cors::any()"), "{error}");
}

#[tokio::test]
async fn a_star_shares_answers_and_lets_no_other_site_change_anything() {
    let app = app(&[("security.allowed_origins", "*"), ("security.cors", "true")]).await;
    assert_eq!(shared_with(&get(&app, "/plain", EVIL).await), Some("*"));
    app.post("/login").await.ok();
    assert_eq!(app.post("/login").header("Origin", EVIL).await.status(), 403);
}
