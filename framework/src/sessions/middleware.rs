//! The session around a request, from the network or from a socket.

use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::Sessions;
use super::service::Notice;
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

/// Loads the request's session, calls `next`, and keeps what changed, whatever the answer is. A request dropped
/// before it was answered changes nothing.
///
/// # Errors
/// Those of `next`; 503 when the request has a session, or starts one, and the store is away.
pub(crate) async fn serve<B: MessageBody + 'static>(
    sessions: &Sessions,
    req: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let current = match enter(sessions, req.request()).await {
        Ok(current) => current,
        Err(error) => return Ok(req.error_response(error)),
    };
    let answered = next.call(req).await;
    let wanted = answered.as_ref().is_ok_and(|response| is_wanted(response.request()));
    let notice = match (leave(sessions, &current, wanted).await, &answered) {
        (Ok(notice), _) => notice,
        (Err(error), Err(_)) => return Err(error.into()),
        (Err(error), Ok(_)) => return answered.map(|response| response.error_response(error)),
    };
    match answered {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            notice.put(response.headers_mut());
            Ok(response)
        }
        Err(error) if notice.is_empty() => Err(error),
        Err(error) => {
            let mut response = error.error_response();
            notice.put(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// The same around an answer that can't fail.
pub(crate) async fn around(
    sessions: &Sessions,
    req: &HttpRequest,
    answer: impl Future<Output = HttpResponse>,
) -> HttpResponse {
    let current = match enter(sessions, req).await {
        Ok(current) => current,
        Err(error) => return HttpResponse::from_error(error),
    };
    let mut response = answer.await;
    match leave(sessions, &current, is_wanted(req)).await {
        Ok(notice) => {
            notice.put(response.headers_mut());
            response
        }
        Err(error) => HttpResponse::from_error(error),
    }
}

async fn enter(sessions: &Sessions, req: &HttpRequest) -> Result<Rc<Current>> {
    let mut opened = sessions.open(req.headers()).await?;
    let session = req.get_session();
    if opened.is_alive() {
        req.extensions_mut().insert(Personal);
    }
    opened.fill(&session);
    let current = Rc::new(Current::new(sessions.clone(), session, opened));
    req.extensions_mut().insert(current.clone());
    Ok(current)
}

async fn leave(sessions: &Sessions, current: &Current, wanted: bool) -> Result<Notice> {
    let closed = sessions.close(current, wanted).await;
    current.end_turn();
    closed
}

fn is_wanted(req: &HttpRequest) -> bool {
    req.extensions().contains::<Wanted>()
}
