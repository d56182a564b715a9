//! One browser, one instance.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use super::{Browser, Gate, config, get, in_memory, instance, post};
use crate::sessions::{Sessions, Store, memory, serve};

#[tokio::test]
async fn reading_starts_no_session_and_writing_does() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    let answer = browser.send(&app, get("/read/n")).await;
    assert_eq!((&*answer.body, answer.set_cookie), ("-", None));
    let answer = browser.send(&app, post("/write/n/1")).await;
    let cookie = answer.set_cookie.unwrap();
    assert!(
        cookie.starts_with("regatta=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let answer = browser.send(&app, get("/read/n")).await;
    assert_eq!((&*answer.body, answer.set_cookie), ("1", None));
}

#[tokio::test]
async fn a_forged_cookie_is_nobodys_session() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser { cookie: Some("regatta=AAAA.BBBB".to_owned()) };
    let answer = browser.send(&app, get("/read/n")).await;
    assert_eq!((answer.status, &*answer.body, answer.set_cookie), (StatusCode::OK, "-", None));
    assert!(browser.send(&app, post("/write/n/1")).await.set_cookie.is_some());
}

#[tokio::test]
async fn updates_clearing_and_failed_actions_are_kept() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/n/1")).await;
    browser.send(&app, post("/update")).await;
    assert_eq!(browser.send(&app, get("/read/n")).await.body, "1+");
    let answer = browser.send(&app, post("/fail")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.send(&app, get("/read/tries")).await.body, "1");
    browser.send(&app, post("/clear")).await;
    assert_eq!(browser.send(&app, get("/read/n")).await.body, "-");
}

#[tokio::test]
async fn a_logout_ends_the_session_and_takes_the_cookie() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    assert_eq!(browser.send(&app, post("/logout")).await.set_cookie, None, "nothing to take");
    browser.send(&app, post("/write/user/ada")).await;
    let thief = browser.clone();
    let cookie = browser.send(&app, post("/logout")).await.set_cookie.unwrap();
    assert!(cookie.starts_with("regatta=;") && cookie.contains("Max-Age=0"), "{cookie}");
    assert_eq!(thief.look(&app, get("/read/user")).await.body, "-");
}

#[tokio::test]
async fn a_login_gets_a_new_id_and_the_old_one_is_dead_at_once() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/cart/pen")).await;
    let mut before = browser.clone();
    assert!(browser.send(&app, post("/login")).await.set_cookie.is_some());
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.send(&app, get("/read/cart")).await.body, "pen");
    assert_eq!(browser.send(&app, get("/read/user")).await.body, "ada");
    assert_eq!(before.send(&app, get("/read/user")).await.body, "-");
    let answer = before.send(&app, post("/write/n/1")).await;
    assert!(answer.ended && answer.set_cookie.is_none(), "it must not replace the cookie of the login");
}

#[tokio::test]
async fn renewing_nothing_starts_no_session() {
    let app = instance(in_memory(), Gate::closed()).await;
    let answer = Browser::default().send(&app, post("/renew")).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None));
}

#[tokio::test]
async fn a_session_that_would_be_too_large_is_refused_and_stays_as_it_was() {
    let mut small = config();
    small.session.max_bytes = 10;
    let app = instance(Sessions::new(&small, memory(&small)).unwrap(), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/n/1")).await;
    let answer = browser.send(&app, post("/write/n/123456789")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.send(&app, get("/read/n")).await.body, "1");
}

#[tokio::test]
async fn an_older_secret_is_accepted_and_the_cookie_signed_anew() {
    let (mut old, mut new) = (config(), config());
    old.session.secret = vec!["the old secret".to_owned()];
    new.session.secret = vec!["the new secret".to_owned(), "the old secret".to_owned()];
    let store: Arc<dyn Store> = memory(&old);
    let before = instance(Sessions::new(&old, store.clone()).unwrap(), Gate::closed()).await;
    let after = instance(Sessions::new(&new, store).unwrap(), Gate::closed()).await;
    let mut browser = Browser::default();
    browser.send(&before, post("/write/n/1")).await;
    let answer = browser.send(&after, get("/read/n")).await;
    assert_eq!(answer.body, "1");
    assert!(answer.set_cookie.is_some());
    assert_eq!(browser.send(&after, get("/read/n")).await.set_cookie, None);
}

#[tokio::test]
async fn a_request_keeps_little_for_its_session() {
    let (sessions, req) = (in_memory(), TestRequest::get().to_srv_request());
    let answered = serve(&sessions, req, async |req| req.into_response(HttpResponse::Ok().finish()));
    let size = size_of_val(&answered);
    assert!(size < 768, "{size} bytes");
    assert_eq!(answered.await.status(), StatusCode::OK);
}
