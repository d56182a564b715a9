//! The session around a request, from the network or from a socket.

use std::rc::Rc;

use actix_session::{Session, SessionExt, SessionStatus};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{HttpMessage, HttpRequest};

use super::Sessions;
use super::service::{Notice, Opened};
use super::shared::Current;
use crate::Result;
use crate::cache::Personal;

/// What a request carries that shall have a session, whether or not it holds something.
#[derive(Debug, Clone, Copy)]
struct Wanted;

/// Starts a session for a request that has none, so that its client gets the cookie.
pub(crate) fn start(req: &HttpRequest) {
    req.extensions_mut().insert(Wanted);
}

/// Loads the request's session, has it answered, and keeps what changed, whatever the answer is: 503 when the request has
/// a session, or starts one, and the store is away. A request dropped before it was answered changes nothing.
pub(crate) async fn serve<B: MessageBody + 'static, F: Future<Output = ServiceResponse<B>>>(
    sessions: &Sessions,
    req: ServiceRequest,
    answer: impl FnOnce(ServiceRequest) -> F,
) -> ServiceResponse<BoxBody> {
    let session = match enter(sessions, req.request()).await {
        Ok(session) => session,
        Err(error) => return req.error_response(error),
    };
    let response = answer(req).await;
    match leave(sessions, session, response.request()).await {
        Ok(notice) => {
            let mut response = response.map_into_boxed_body();
            notice.put(response.headers_mut());
            response
        }
        Err(error) => response.error_response(error),
    }
}

async fn enter(sessions: &Sessions, req: &HttpRequest) -> Result<Session> {
    let opened = sessions.open(req.headers()).await?;
    let session = req.get_session();
    // Most requests come without a session and ask for none.
    if let Some(mut opened) = opened {
        if opened.is_alive() {
            req.extensions_mut().insert(Personal);
        }
        opened.fill(&session);
        Current::new(sessions, &session, opened).begin(req);
    }
    Ok(session)
}

async fn leave(sessions: &Sessions, session: Session, req: &HttpRequest) -> Result<Notice> {
    let wanted = req.extensions().contains::<Wanted>();
    let begun = req.extensions().get::<Rc<Current>>().cloned();
    let current = match begun {
        Some(current) => current,
        None if session.status() == SessionStatus::Unchanged && !wanted => return Ok(Notice::default()),
        None => Rc::new(Current::new(sessions, &session, Opened::default())),
    };
    let closed = sessions.close(&current, wanted).await;
    current.end_turn();
    closed
}
