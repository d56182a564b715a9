//! Sessions as a browser sees them, through actix apps of two instances that share a store.

mod browser;
pub(in crate::sessions) mod cluster;
mod contention;
mod outages;

use std::path::Path;
use std::sync::Arc;

use actix_http::Request;
use actix_session::Session;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use tokio::sync::Semaphore;

use super::{Sessions, SharedSession, serve, take_turn};
use crate::config::{Config, Environment};
use crate::{Error, Result};

pub(in crate::sessions) fn config() -> Config {
    let mut config = Config::load_with(Path::new("/nonexistent"), Environment::Test, &[]).unwrap();
    config.session.secret = vec!["a secret of the tests".to_owned()];
    config
}

fn in_memory() -> Sessions {
    Sessions::new(&config(), crate::sessions::memory(&config())).unwrap()
}

/// Where slow requests wait, their session loaded, until they are let on.
pub(in crate::sessions) struct Gate {
    arrived: Semaphore,
    go: Semaphore,
}

impl Gate {
    pub(in crate::sessions) fn closed() -> Arc<Self> {
        Arc::new(Self { arrived: Semaphore::new(0), go: Semaphore::new(0) })
    }

    async fn pass(&self) {
        self.arrived.add_permits(1);
        self.go.acquire().await.unwrap().forget();
    }

    /// Returns when `n` requests wait.
    async fn reached_by(&self, n: u32) {
        self.arrived.acquire_many(n).await.unwrap().forget();
    }

    fn let_on(&self, n: usize) {
        self.go.add_permits(n);
    }
}

/// An instance of an app with the session around every action.
pub(in crate::sessions) async fn instance(
    sessions: Sessions,
    gate: Arc<Gate>,
) -> impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> {
    let layer = sessions.clone();
    let layer = from_fn(move |req, next: Next<BoxBody>| {
        let sessions = layer.clone();
        // An action's error is its answer already.
        async move { Ok(serve(&sessions, req, async |req| next.call(req).await.unwrap()).await) }
    });
    init_service(
        App::new()
            .wrap(layer)
            .app_data(sessions)
            .app_data(web::Data::from(gate))
            .route("/plain", web::get().to(async || "ok"))
            .route("/read/{key}", web::get().to(read))
            .route("/write/{key}/{value}", web::post().to(write))
            .route("/slow/{key}/{value}", web::post().to(slow))
            .route("/update", web::post().to(update))
            .route("/clear", web::post().to(clear))
            .route("/fail", web::post().to(fail))
            .route("/renew", web::post().to(renew))
            .route("/login", web::post().to(login))
            .route("/incr/{key}/{by}", web::post().to(incr))
            .route("/pending/{key}", web::post().to(pending))
            .route("/append/{item}", web::post().to(append))
            .route("/swap/{key}/{old}/{new}", web::post().to(swap))
            .route("/user", web::get().to(user))
            .route("/sign-in", web::post().to(sign_in))
            .route("/everywhere", web::post().to(everywhere))
            .route("/slow-incr", web::post().to(slow_incr))
            .route("/slow-in-turn", web::post().to(slow_in_turn))
            .route("/count-in-turn", web::post().to(count_in_turn))
            .route("/logout", web::post().to(logout)),
    )
    .await
}

async fn read(session: Session, key: web::Path<String>) -> Result<String> {
    Ok(session.get::<String>(&key)?.unwrap_or_else(|| "-".to_owned()))
}

async fn write(session: Session, pair: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (key, value) = pair.into_inner();
    session.insert(key, value)?;
    Ok(HttpResponse::Ok().finish())
}

async fn slow(
    session: Session,
    pair: web::Path<(String, String)>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse> {
    gate.pass().await;
    write(session, pair).await
}

async fn update(session: Session) -> HttpResponse {
    match session.update("n", |n: String| n + "+") {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => HttpResponse::from_error(error),
    }
}

async fn fail(session: Session) -> Result<HttpResponse> {
    session.insert("tries", "1")?;
    Err(Error::forbidden("no: say please"))
}

async fn login(session: Session) -> Result<HttpResponse> {
    session.insert("user", "ada")?;
    session.renew();
    Ok(HttpResponse::Ok().finish())
}

async fn clear(session: Session) -> HttpResponse {
    session.clear();
    HttpResponse::Ok().finish()
}

async fn renew(session: Session) -> HttpResponse {
    session.renew();
    HttpResponse::Ok().finish()
}

async fn incr(shared: SharedSession, what: web::Path<(String, i64)>) -> Result<String> {
    let (key, by) = what.into_inner();
    Ok(shared.incr(&key, by).await?.to_string())
}

async fn sign_in(shared: SharedSession) -> Result<HttpResponse> {
    shared.sign_in("ada")?;
    Ok(HttpResponse::Ok().finish())
}

async fn everywhere(shared: SharedSession) -> Result<String> {
    Ok(shared.end_all().await?.to_string())
}

async fn user(shared: SharedSession) -> String {
    shared.user().unwrap_or_default()
}

async fn slow_incr(shared: SharedSession, gate: web::Data<Gate>) -> Result<String> {
    gate.pass().await;
    Ok(shared.incr("n", 1).await?.to_string())
}

async fn slow_in_turn(shared: SharedSession, gate: web::Data<Gate>) -> Result<HttpResponse> {
    take_turn(shared).await?;
    gate.pass().await;
    Ok(HttpResponse::Ok().finish())
}

/// Counts what the request itself has just written, and writes beside it.
async fn pending(session: Session, shared: SharedSession, key: web::Path<String>) -> Result<String> {
    session.insert(key.as_str(), 40)?;
    shared.incr(&key, 2).await?;
    session.insert("beside", "kept")?;
    Ok(session.get::<i64>(&key)?.unwrap_or_default().to_string())
}

async fn append(shared: SharedSession, item: web::Path<String>) -> Result<String> {
    let appended = shared.update("list", |list: Option<String>| list.unwrap_or_default() + &item).await?;
    Ok(appended)
}

async fn swap(
    session: Session,
    shared: SharedSession,
    what: web::Path<(String, String, String)>,
) -> Result<String> {
    let (key, old, new) = what.into_inner();
    let old = (old != "-").then_some(old);
    let swapped = shared.compare_and_set(&key, old.as_ref(), &new).await?;
    Ok(format!("{swapped} {}", session.get::<String>(&key)?.unwrap_or_default()))
}

/// Counts as one does who knows of nobody else, in the session's turn.
async fn count_in_turn(session: Session, shared: SharedSession) -> Result<String> {
    take_turn(shared).await?;
    let n = session.get::<i64>("n")?.unwrap_or_default() + 1;
    tokio::task::yield_now().await;
    session.insert("n", n)?;
    Ok(n.to_string())
}

async fn logout(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}

/// A browser with its cookie.
#[derive(Clone, Default)]
pub(in crate::sessions) struct Browser {
    pub(in crate::sessions) cookie: Option<String>,
}

pub(in crate::sessions) struct Answer {
    pub(in crate::sessions) status: StatusCode,
    set_cookie: Option<String>,
    pub(in crate::sessions) set_cookies: Vec<String>,
    ended: bool,
    pub(in crate::sessions) retry_after: bool,
    pub(in crate::sessions) body: String,
}

impl Browser {
    /// Sends a request; the cookie of the answer is kept.
    pub(in crate::sessions) async fn send<S>(&mut self, app: &S, request: TestRequest) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    {
        let answer = self.clone().look(app, request).await;
        if let Some(cookie) = &answer.set_cookie {
            let pair = cookie.split(';').next().unwrap().to_owned();
            self.cookie = (!cookie.contains("Max-Age=0")).then_some(pair);
        }
        answer
    }

    pub(in crate::sessions) async fn look<S>(self, app: &S, request: TestRequest) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    {
        let request = match self.cookie {
            Some(cookie) => request.insert_header((header::COOKIE, cookie)),
            None => request,
        };
        let (headers, status, body) = match app.call(request.to_request()).await {
            Ok(response) => {
                let (headers, status) = (response.headers().clone(), response.status());
                (headers, status, read_body(response).await)
            }
            Err(error) => {
                let response = error.error_response();
                (response.headers().clone(), response.status(), web::Bytes::new())
            }
        };
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status,
            set_cookie: text("set-cookie"),
            set_cookies: headers
                .get_all("set-cookie")
                .map(|value| value.to_str().unwrap().to_owned())
                .collect(),
            ended: text("x-session").as_deref() == Some("ended"),
            retry_after: text("retry-after").is_some(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

pub(in crate::sessions) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

pub(in crate::sessions) fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(path)
}
