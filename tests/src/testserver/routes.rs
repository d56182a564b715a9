//! The routes that are always there.

use std::time::Duration;

use regatta::actix_web::http::{Method, StatusCode};
use regatta::actix_web::{Handler, Responder};
use regatta::prelude::*;

use super::params::Params;

const HEADER: &str = "x-test-header-one";

/// How long `/ok` takes.
const A_WHILE: Duration = Duration::from_millis(100);

const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Adds the routes.
pub(super) fn draw(r: &mut Routes) {
    r.get("/__ready", async || text("ok"));
    let answers = ["ok!", "posted!", "putted!", "patched!", "deleted!"];
    for (verb, answer) in VERBS.into_iter().zip(answers) {
        r.route(verb, "/hello", move || async move { text(answer) });
    }
    any(r, "/someJSON", async || Json(json!({"foo": "bar"})));
    any(r, "/someNull", async || Json(JsonValue::Null));
    any(r, "/someZero", async || Json(0));
    any(r, "/someError", async || (Json(json!({"blah": "blah"})), StatusCode::NOT_IMPLEMENTED));
    for path in ["/headers", "/headersOverride", "/headersRemove"] {
        any(r, path, header);
    }
    any(r, "/count", count);
    r.post("/auth", token);
    any(r, "/ok", after_a_while);
    any(r, "/foo", async || text("foo"));
    any(r, "/bar", async || text("bar"));
}

/// Answers every verb, with or without a slash at the end.
pub(super) fn any<F, Args>(r: &mut Routes, path: &str, action: F)
where
    F: Handler<Args>,
    Args: regatta::actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    for verb in VERBS {
        r.route(verb, &format!("{path}{{slash:/?}}"), action.clone());
    }
}

/// An answer of plain text.
pub(super) fn text(text: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text.into())
}

async fn header(req: HttpRequest) -> HttpResponse {
    let value = req.headers().get(HEADER).and_then(|value| value.to_str().ok());
    text(value.unwrap_or_default())
}

/// How often this session was here; a client may say that it wants none, at its connection or in its request.
async fn count(req: HttpRequest, who: Requester, session: Session) -> Result<HttpResponse> {
    let refuses = |socket: &Socket| {
        let handshake = socket.handshake();
        let in_query = handshake.query().split('&').any(|pair| pair.split('=').next() == Some("nosession"));
        in_query || handshake.headers().contains_key("nosession")
    };
    if req.headers().contains_key("nosession") || who.get().is_some_and(refuses) {
        return Ok(text("NOSESSION"));
    }
    let count = session.get::<u64>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    Ok(HttpResponse::Ok().json(count))
}

async fn token(who: Requester) -> Result<HttpResponse> {
    let query = who.socket()?.handshake().query().to_owned();
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
    Ok(text(token))
}

async fn after_a_while(params: Params) -> HttpResponse {
    tokio::time::sleep(A_WHILE).await;
    HttpResponse::Ok().json(params.value("x"))
}
