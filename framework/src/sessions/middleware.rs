//! The session around a request, from the network or from a socket.

use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::Next;

use super::Sessions;
use super::shared::Current;

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
    opened.fill(&session);
    let current = Rc::new(Current::new(sessions.clone(), session, opened));
    req.extensions_mut().insert(current.clone());
    let answered = next.call(req).await;
    let closed = sessions.close(&current).await;
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
