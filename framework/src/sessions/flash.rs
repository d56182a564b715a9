//! Messages for the next page: "saved", after a redirect.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::{Deserialize, Serialize};

use crate::cache::Personal;
use crate::{Error, Result};

/// The session's key.
const KEY: &str = "regatta:flash";
/// The most messages that wait; the oldest go first.
const MOST: usize = 16;

/// A message for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashMessage {
    /// What it is, such as `success` or `error`; pages make colours of it.
    pub kind: String,
    /// What it says.
    pub text: String,
}

/// Messages that are there for one request: those the request before left, and those for the next one; an extractor.
///
/// They are kept in the session, so the next request may go to any instance. The first action that takes `Flash` or
/// [`Views`](crate::views::Views) receives them; in a view they are the list `flash`:
///
/// ```html
/// {% for message in flash %}<p class="{{ message.kind }}">{{ message.text }}</p>{% endfor %}
/// ```
///
/// ```
/// use regatta::prelude::*;
///
/// async fn save(flash: Flash) -> Result<Redirect> {
///     flash.add("success", "Saved.")?;
///     Ok(Redirect::to("/").see_other())
/// }
/// # let mut routes = Routes::default(); routes.post("/save", save);
/// ```
///
/// At most 16 messages wait; the oldest go first.
#[derive(Clone)]
pub struct Flash {
    session: Session,
    received: Received,
}

/// What the request before left.
#[derive(Debug, Clone)]
pub(crate) struct Received(Arc<[FlashMessage]>);

impl Flash {
    /// Leaves a message for the next request.
    ///
    /// # Errors
    /// 500 when the session can't hold it.
    pub fn add(&self, kind: impl Into<String>, text: impl Into<String>) -> Result<()> {
        let mut waiting = waiting(&self.session);
        waiting.push(FlashMessage { kind: kind.into(), text: text.into() });
        let surplus = waiting.len().saturating_sub(MOST);
        waiting.drain(..surplus);
        Ok(self.session.insert(KEY, waiting)?)
    }

    /// The messages the request before left.
    pub fn messages(&self) -> &[FlashMessage] {
        &self.received.0
    }

    /// Leaves them for one more request.
    ///
    /// # Errors
    /// 500 when the session can't hold them.
    pub fn keep(&self) -> Result<()> {
        self.messages().iter().try_for_each(|message| self.add(&*message.kind, &*message.text))
    }
}

impl Received {
    /// Takes what was left for the request, once.
    pub(crate) fn of(req: &HttpRequest) -> Self {
        if let Some(received) = req.extensions().get::<Self>() {
            return received.clone();
        }
        let session = req.get_session();
        let waiting = waiting(&session);
        if !waiting.is_empty() {
            session.remove(KEY);
            req.extensions_mut().insert(Personal);
        }
        let received = Self(waiting.into());
        req.extensions_mut().insert(received.clone());
        received
    }

    pub(crate) fn messages(&self) -> &[FlashMessage] {
        &self.0
    }
}

/// What waits in the session; nothing when the app has something else under the key.
fn waiting(session: &Session) -> Vec<FlashMessage> {
    session.get(KEY).ok().flatten().unwrap_or_default()
}

impl FromRequest for Flash {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self { received: Received::of(req), session: req.get_session() }))
    }
}

impl std::fmt::Debug for Flash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flash").field("received", &self.received).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
