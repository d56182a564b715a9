//! The session around a request, from the network or from a socket.

use std::rc::Rc;

use actix_session::{Session, SessionExt, SessionStatus};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{HttpMessage, HttpRequest};

use super::Sessions;
use super::service::{Brought, Opened};
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
) -> ServiceResponse {
    let session = req.request().get_session();
    // Most requests come without a session and ask for none: they wait for nothing here, and keep no room for it.
    if let Some(brought) = sessions.brought(req.headers())
        && let Err(error) = Box::pin(enter(sessions, brought, &session, req.request())).await
    {
        return req.error_response(error);
    }
    let response = answer(req).await.map_into_boxed_body();
    let wanted = response.request().extensions().contains::<Wanted>();
    let begun = response.request().extensions().get::<Rc<Current>>().cloned();
    if begun.is_none() && session.status() == SessionStatus::Unchanged && !wanted {
        return response;
    }
    let current = begun.unwrap_or_else(|| Rc::new(Current::new(sessions, &session, Opened::default())));
    Box::pin(leave(sessions, &current, wanted, response)).await
}

async fn enter(sessions: &Sessions, brought: Brought, session: &Session, req: &HttpRequest) -> Result<()> {
    let mut opened = sessions.open(brought).await?;
    if opened.is_alive() {
        req.extensions_mut().insert(Personal);
    }
    opened.fill(session);
    Current::new(sessions, session, opened).begin(req);
    Ok(())
}

async fn leave(
    sessions: &Sessions,
    current: &Current,
    wanted: bool,
    mut response: ServiceResponse,
) -> ServiceResponse {
    let closed = sessions.close(current, wanted).await;
    current.end_turn();
    match closed {
        Ok(notice) => {
            notice.put(response.headers_mut());
            response
        }
        Err(error) => response.error_response(error),
    }
}
