//! Routes whose answers are kept.
//!
//! Requests that come with a session, or with credentials, pass by the cache in both directions: they get an answer of
//! their own, and it is kept for nobody. What is kept was made for somebody without either, changed no session, set no
//! cookie, has nothing in it that was made for one client only, and nothing in its headers speaks against it.

use std::rc::Rc;
use std::sync::Arc;

use actix_session::{SessionExt as _, SessionStatus};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use super::wants_html;
use crate::cache::{Cache, Claim, Entry, Filling, Key, Known, Personal, ResponseCache, has_tag};
use crate::routes::Action;
use crate::security::Came;

type Answered = Result<HttpResponse, actix_web::Error>;

/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const HIT: HeaderValue = HeaderValue::from_static("regatta; hit");
const STALE: HeaderValue = HeaderValue::from_static("regatta; hit; detail=stale");
const MADE: HeaderValue = HeaderValue::from_static("regatta; fwd=miss; stored");
/// Browsers ask each time: what they see may depend on who they have become meanwhile.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// What a proxy says about the address is part of the answer's links.
static ADDRESS: [HeaderName; 3] = [header::HOST, header::X_FORWARDED_HOST, header::X_FORWARDED_PROTO];

/// The action, behind the cache.
pub(crate) fn cached(action: Action, rule: Cache, cache: ResponseCache, session_cookie: &str) -> Action {
    let depends_on: Vec<_> = ADDRESS.iter().chain(rule.varies_by()).cloned().collect();
    let mut names = Key::of([0; 8]);
    depends_on.iter().for_each(|name| names.add(name.as_str().as_bytes()));
    let kind = names.kind();
    let session_cookie = session_cookie.to_owned();
    let route = Rc::new(Route { action, rule, depends_on, kind, cache, session_cookie });
    Action::from_raw(move |req, payload| Box::pin(route.clone().serve(req, payload)))
}

struct Route {
    action: Action,
    rule: Cache,
    /// The headers that its answers depend on.
    depends_on: Vec<HeaderName>,
    /// Stands for their names: another version of the app may depend on others.
    kind: [u8; 8],
    cache: ResponseCache,
    session_cookie: String,
}

/// What becomes of an answer.
enum Judged {
    Kept(Entry),
    /// It goes to who asked, and to nobody else.
    Passed(HttpResponse),
}

impl Route {
    async fn serve(self: Rc<Self>, req: HttpRequest, payload: Payload) -> Answered {
        let figures = self.cache.figures();
        if self.passes_by(&req) {
            figures.passed.add(1);
            return self.action.call(req, payload).await;
        }
        let key = self.key(&req);
        let known = match self.cache.look(&key) {
            None if req.method() == Method::GET => match Box::pin(self.cache.claim(&key)).await {
                Claim::Mine(filling) => {
                    figures.misses.add(1);
                    return Box::pin(self.fill(filling, req, payload)).await;
                }
                Claim::Known(known) => Some(known),
                Claim::Crowded => None,
            },
            known => known,
        };
        match known {
            Some(Known::Fresh(entry)) => {
                figures.hits.add(1);
                Ok(answer(&req, &entry, HIT))
            }
            Some(Known::Stale(entry)) => {
                figures.stale.add(1);
                let answer = answer(&req, &entry, STALE);
                if req.method() == Method::GET {
                    actix_web::rt::spawn(self.refresh(key, req));
                }
                Ok(answer)
            }
            Some(Known::Refused) | None => {
                figures.passed.add(1);
                self.action.call(req, payload).await
            }
        }
    }

    /// Whether the request is one client's own business.
    fn passes_by(&self, req: &HttpRequest) -> bool {
        !matches!(*req.method(), Method::GET | Method::HEAD)
            || req.headers().contains_key(header::AUTHORIZATION)
            || (req.headers().contains_key(header::COOKIE) && req.cookie(&self.session_cookie).is_some())
            || is_personal(req)
            || Came::is_virtual(req)
    }

    fn key(&self, req: &HttpRequest) -> Key {
        let mut key = Key::of(self.kind);
        key.add(req.path().as_bytes());
        key.add(req.query_string().as_bytes());
        key.add(if wants_html(req) { b"html" } else { b"" });
        for name in &self.depends_on {
            for value in req.headers().get_all(name) {
                key.add(value.as_bytes());
            }
            // No value is that, so that those of two headers never look like one's.
            key.add(b"\n");
        }
        key
    }

    async fn refresh(self: Rc<Self>, key: Key, req: HttpRequest) {
        if let Some(filling) = self.cache.claim_refresh(&key).await
            && let Err(error) = self.fill(filling, req, Payload::None).await
        {
            tracing::warn!(%error, "a kept answer could not be made anew");
        }
    }

    /// Makes the answer, for all if that may be.
    async fn fill(&self, filling: Filling, req: HttpRequest, payload: Payload) -> Answered {
        let response = self.action.call(req.clone(), payload).await?;
        match self.judge(&req, response) {
            Judged::Kept(entry) => {
                let entry = Arc::new(entry);
                filling.keep(entry.clone(), self.rule.lifetime()).await;
                Ok(answer(&req, &entry, MADE))
            }
            Judged::Passed(response) => {
                filling.refuse().await;
                Ok(response)
            }
        }
    }

    /// The answer as it may be kept, or as it was.
    fn judge(&self, req: &HttpRequest, response: HttpResponse) -> Judged {
        let for_all = response.status() == StatusCode::OK
            && !is_personal(req)
            && !response.extensions().contains::<Personal>()
            && req.get_session().status() == SessionStatus::Unchanged
            && allow_keeping(response.headers(), &self.rule);
        let max = self.cache.max_entry_bytes() as u64;
        if !for_all || !matches!(response.body().size(), BodySize::Sized(bytes) if bytes <= max) {
            return Judged::Passed(response);
        }
        let (mut response, body) = response.into_parts();
        match body.try_into_bytes() {
            Ok(body) => {
                let mut headers = std::mem::take(response.headers_mut());
                if !headers.contains_key(header::CACHE_CONTROL) {
                    headers.insert(header::CACHE_CONTROL, ASK);
                }
                Judged::Kept(Entry::new(headers, body))
            }
            Err(body) => Judged::Passed(response.set_body(body)),
        }
    }
}

fn is_personal(req: &HttpRequest) -> bool {
    req.extensions().contains::<Personal>()
}

/// Whether no header says that the answer is one client's, or depends on what the rule does not name.
fn allow_keeping(headers: &HeaderMap, rule: &Cache) -> bool {
    let words = |name: HeaderName| {
        let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase())
    };
    let is_named = |name: &str| {
        matches!(name, "accept" | "accept-encoding") || rule.varies_by().iter().any(|varied| varied == name)
    };
    !headers.contains_key(header::SET_COOKIE)
        && !words(header::CACHE_CONTROL).any(|word| word == "no-store" || word.starts_with("private"))
        && !words(header::CONTENT_SECURITY_POLICY).any(|word| word.contains("'nonce-"))
        && words(header::VARY).all(|name| is_named(&name))
}

/// The kept answer; 304 for whoever has it already.
fn answer(req: &HttpRequest, entry: &Entry, status: HeaderValue) -> HttpResponse {
    let is_known = has_tag(req.headers(), &entry.tag);
    let mut response = if is_known {
        HttpResponse::NotModified().finish()
    } else {
        HttpResponse::with_body(StatusCode::OK, BoxBody::new(entry.body.clone()))
    };
    if !is_known && req.headers().contains_key(header::ACCEPT_ENCODING) {
        response.extensions_mut().insert(entry.variants.clone());
    }
    // One by one: an answer's head is used again and again, and has the room for them.
    let headers = response.headers_mut();
    headers.insert(CACHE_STATUS, status);
    for (name, value) in &entry.headers {
        if !is_known || !name.as_str().starts_with("content-") {
            headers.append(name.clone(), value.clone());
        }
    }
    response
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
