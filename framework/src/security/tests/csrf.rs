//! Which requests may change something.

use actix_session::Session;
use serde_json::json;

use crate::app::App;
use crate::routes::Routes;
use crate::security::grant_csrf_token;
use crate::testing::{TestApp, TestClient, TestRequest};

async fn done() -> &'static str {
    "done"
}

async fn visit(session: Session) -> crate::Result<&'static str> {
    session.insert("visited", true)?;
    Ok("hello")
}

async fn log_in(session: Session) -> crate::Result<&'static str> {
    session.renew();
    session.insert("user", 1)?;
    Ok("welcome")
}

fn draw(r: &mut Routes) {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        r.route(method.parse().unwrap(), "/thing", done);
    }
    r.get("/csrfToken", grant_csrf_token);
    r.get("/visit", visit);
    r.post("/login", log_in);
    r.post("/hook", done).csrf(false);
}

async fn app() -> TestApp {
    TestApp::start(App::new("csrf").routes(draw)).await
}

async fn token(client: &TestClient) -> String {
    client.get("/csrfToken").await.ok().json()["_csrf"].as_str().unwrap().to_owned()
}

/// A browser that says neither `Sec-Fetch-Site` nor `Origin`.
fn silent(request: TestRequest) -> TestRequest {
    request.without("Origin")
}

/// Where a token stands in a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Nowhere,
    Header,
    SailsHeader,
    Query,
    Form,
    Json,
    /// A type whose body nobody reads for it.
    Text,
}

const PLACES: [Place; 7] =
    [Place::Nowhere, Place::Header, Place::SailsHeader, Place::Query, Place::Form, Place::Json, Place::Text];

fn request(client: &TestClient, method: &str, place: Place, token: &str) -> TestRequest {
    let path = if place == Place::Query { format!("/thing?_csrf={token}") } else { "/thing".to_owned() };
    let request = client.request(method, &path);
    match place {
        Place::Nowhere | Place::Query => request,
        Place::Header => request.header("X-CSRF-Token", token),
        Place::SailsHeader => request.header("xsrf-token", token),
        Place::Form => request.form(&[("name", "x"), ("_csrf", token)]),
        Place::Json => request.json(&json!({ "name": "x", "_csrf": token })),
        Place::Text => request.json(&json!({ "_csrf": token })).header("Content-Type", "text/plain"),
    }
}

#[tokio::test]
async fn the_whole_matrix() {
    let app = app().await;
    let own_origin = format!("http://{}", app.address());
    let own = token(&app).await;
    let other = app.client();
    let strange = token(&other).await;
    let anonymous = app.client();
    let sites = [None, Some("same-origin"), Some("none"), Some("same-site"), Some("cross-site"), Some("odd")];
    let origins = [None, Some(own_origin.as_str()), Some("https://evil.example"), Some("null")];
    let mut asked = 0;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for (with_session, site, origin, place, good) in combinations(&sites, &origins) {
            if method == "GET" && matches!(place, Place::Form | Place::Json | Place::Text) {
                continue;
            }
            let client = if with_session { app.at(&app) } else { anonymous.clone() };
            let mut request = request(&client, method, place, if good { &own } else { &strange });
            request = match origin {
                Some(origin) => request.header("Origin", origin),
                None => request.without("Origin"),
            };
            if let Some(site) = site {
                request = request.header("Sec-Fetch-Site", site);
            }
            // Said again in other words than the code's: whose page could send this?
            let shown = with_session && good && !matches!(place, Place::Nowhere | Place::Text);
            let tells_own =
                matches!(site, Some("same-origin" | "none")) || origin == Some(own_origin.as_str());
            let no_browser = site.is_none() && origin.is_none() && !with_session;
            let passes = method == "GET" || tells_own || no_browser || (site.is_none() && shown);
            let status = request.await.status();
            let case = format!("{method} session={with_session} {site:?} {origin:?} {place:?} good={good}");
            assert_eq!(status, if passes { 200 } else { 403 }, "{case}");
            asked += 1;
        }
    }
    assert!(asked > 2_000, "{asked} requests");
}

type Case<'a> = (bool, Option<&'a str>, Option<&'a str>, Place, bool);

fn combinations<'a>(sites: &[Option<&'a str>], origins: &[Option<&'a str>]) -> Vec<Case<'a>> {
    let mut all = Vec::new();
    for with_session in [false, true] {
        for site in sites {
            for origin in origins {
                for place in PLACES {
                    all.extend([true, false].map(|good| (with_session, *site, *origin, place, good)));
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn a_token_is_never_the_same_twice_and_each_is_good() {
    let app = app().await;
    let (first, second) = (token(&app).await, token(&app).await);
    assert_ne!(first, second);
    for token in [first, second] {
        assert_eq!(silent(app.post("/thing").header("X-CSRF-Token", &token)).await.status(), 200);
    }
    for wrong in ["", "AAAA", "not base64!", &"A".repeat(86), &"A".repeat(10_000)] {
        assert_eq!(
            silent(app.post("/thing").header("X-CSRF-Token", wrong)).await.status(),
            403,
            "{wrong:.9}"
        );
    }
}

#[tokio::test]
async fn a_session_that_never_asked_for_a_token_has_none_that_fits() {
    let app = app().await;
    app.get("/visit").await.ok();
    let zeros = "A".repeat(86);
    assert_eq!(silent(app.post("/thing").header("X-CSRF-Token", &zeros)).await.status(), 403);
}

#[tokio::test]
async fn a_login_ends_the_tokens_given_before() {
    let app = app().await;
    let before = token(&app).await;
    app.post("/login").await.ok();
    assert_eq!(silent(app.post("/thing").header("X-CSRF-Token", &before)).await.status(), 403);
    let after = token(&app).await;
    assert_eq!(silent(app.post("/thing").header("X-CSRF-Token", &after)).await.status(), 200);
}

#[tokio::test]
async fn a_token_can_be_spent_over_a_socket_but_not_obtained() {
    let app = app().await;
    let token = token(&app).await;
    let mut socket = app.socket().await;
    assert_eq!(socket.request("get", "/csrfToken", &json!(null)).await["statusCode"], 400);
    let spent = socket.request("post", "/thing", &json!({ "_csrf": token })).await;
    assert_eq!((&spent["statusCode"], &spent["body"]), (&json!(200), &json!("done")));
}

#[tokio::test]
async fn the_body_a_token_came_in_is_still_there_for_the_action() {
    async fn echo(body: String) -> String {
        body
    }
    let app = TestApp::start(App::new("echo").routes(|r| {
        r.get("/csrfToken", grant_csrf_token);
        r.post("/echo", echo);
    }))
    .await;
    let token = token(&app).await;
    let sent = silent(app.post("/echo").form(&[("_csrf", &token), ("name", "Ada")])).await;
    assert_eq!(sent.ok().text(), format!("_csrf={token}&name=Ada"));
}

#[tokio::test]
async fn a_route_can_be_left_out_of_the_check() {
    let app = app().await;
    app.get("/visit").await.ok();
    let forged = app.post("/hook").header("Origin", "https://evil.example");
    assert_eq!(forged.header("Sec-Fetch-Site", "cross-site").await.status(), 200);
}

#[tokio::test]
async fn a_token_is_never_kept_by_caches() {
    let answer = app().await.get("/csrfToken").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
