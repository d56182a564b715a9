//! The session around a request, from the network or from a socket.

use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

use super::Sessions;
use super::shared::Current;
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
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut opened = match sessions.open(req.headers()).await {
        Ok(opened) => opened,
        Err(error) => return Ok(req.error_response(error)),
    };
    let session = req.get_session();
    if opened.is_alive() {
        req.extensions_mut().insert(Personal);
    }
    opened.fill(&session);
    let current = Rc::new(Current::new(sessions.clone(), session, opened));
    req.extensions_mut().insert(current.clone());
    let answered = next.call(req).await;
    let wanted = |response: &ServiceResponse<B>| response.request().extensions().contains::<Wanted>();
    let wanted = answered.as_ref().is_ok_and(wanted);
    let closed = sessions.close(&current, wanted).await;
    current.end_turn();
    let notice = match (closed, &answered) {
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
