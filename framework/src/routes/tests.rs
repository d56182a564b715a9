//! Which route answers a request.

use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpRequest, HttpResponse, web};

use super::{Action, CALL, Routes, register_alone};

/// An action that says what it is.
macro_rules! says {
    ($words:literal) => {
        || async { $words }
    };
}

fn draw(r: &mut Routes) {
    r.get("/", says!("home"));
    r.get("/{page}", says!("a page"));
    r.get("/boats", says!("the boats, never: a page was first"));
    r.post("/boats", says!("a new boat"));
    r.get("/boats/new", says!("a form"));
    r.get("/boats/{id}", async |id: web::Path<String>| format!("boat {id}"));
    r.get("/{kind}/{id}", says!("anything of any kind"));
    r.get("/boats/{id}/crew", async |req: HttpRequest| req.match_pattern().unwrap_or_default());
    r.get("/files/{path:.*}", async |path: web::Path<String>| format!("file {path}"));
    r.get("relative", says!("never: a page was first"));
    r.post("relative", says!("relative"));
    r.on("wave", says!("waved"));
}

async fn answer(method: Method, path: &str) -> (StatusCode, String) {
    let mut routes = Routes::default();
    draw(&mut routes);
    let app = App::new().configure(|services| register_alone(routes.entries, services));
    let app = init_service(app).await;
    let request = TestRequest::default().method(method).uri(path).to_request();
    let response = call_service(&app, request).await;
    let status = response.status();
    let body = to_bytes(response.into_body()).await.unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn the_first_route_that_fits_answers() {
    for (path, expected) in [
        ("/", "home"),
        ("/boats", "a page"),
        ("/boats/new", "a form"),
        ("/boats/7", "boat 7"),
        ("/ships/7", "anything of any kind"),
        ("/boats/7/crew", "/boats/{id}/crew"),
        ("/files/a", "anything of any kind"),
        ("/files/a/b", "file a/b"),
        ("/relative", "a page"),
    ] {
        assert_eq!(answer(Method::GET, path).await, (StatusCode::OK, expected.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_route_takes_its_method_and_get_takes_head() {
    assert_eq!(answer(Method::POST, "/boats").await.1, "a new boat");
    assert_eq!(answer(Method::POST, "/relative").await.1, "relative");
    assert_eq!(answer(Method::HEAD, "/boats/7").await.0, StatusCode::OK);
    assert_eq!(answer(Method::DELETE, "/boats/7").await.0, StatusCode::NOT_FOUND);
    assert_eq!(answer(Method::HEAD, "/boats/7/mast").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_of_http_never_gets_to_an_event() {
    let call = Method::from_bytes(CALL.as_bytes()).unwrap();
    assert_eq!(answer(call, "/").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_action_that_panics_fails_its_request() {
    let mut routes = Routes::default();
    routes.get("/falls", async || -> &'static str { panic!("on purpose") });
    let app = App::new().configure(|services| register_alone(routes.entries, services));
    let response = call_service(&init_service(app).await, TestRequest::with_uri("/falls").to_request()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn what_an_action_keeps_while_it_waits_is_kept_once() {
    let action = Action::from_fn(async |_, _| {
        let kept = [0_u8; 4_096];
        tokio::task::yield_now().await;
        Ok(HttpResponse::Ok().body(kept.len().to_string()))
    });
    let (req, payload) = TestRequest::get().to_http_parts();
    let answer = action.call(req, payload);
    assert!(size_of_val(&*answer) < 4_096 + 512, "{} bytes", size_of_val(&*answer));
    assert_eq!(to_bytes(answer.await.unwrap().into_body()).await.unwrap(), "4096");
}
