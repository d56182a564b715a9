//! The sessions of an app: what a request has, and what becomes of it.

use std::fmt;
use std::sync::Arc;

use actix_session::{Session, SessionStatus};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;

use super::cookie::{Cookies, Presented};
use super::{Delta, Id, Loaded, SessionError, Store, Values, secrets};
use crate::Result;
use crate::config::Config;

const X_SESSION: HeaderName = HeaderName::from_static("x-session");
/// The session ended while the request ran: what it wrote is not kept.
const ENDED: HeaderValue = HeaderValue::from_static("ended");

/// The sessions of an app. Clones share the store.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    cookies: Cookies,
    store: Arc<dyn Store>,
    max_bytes: usize,
}

/// The session of one request, as it was loaded.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// The living session's id.
    id: Option<Id>,
    values: Values,
    presented: Presented,
    /// The session lives on under another id.
    renewed_elsewhere: bool,
}

/// What a response has to say about the session.
#[derive(Debug, Default)]
pub(super) struct Notice {
    cookie: Option<HeaderValue>,
    ended: bool,
}

impl Sessions {
    /// Sessions kept in `store`.
    ///
    /// # Errors
    /// In production without a secret, with a short one or a sample; when the cookie's name can't be used; when
    /// the development secret can't be kept in `.tmp/session-secret`.
    pub(crate) fn new(config: &Config, store: Arc<dyn Store>) -> Result<Self> {
        let secrets = secrets::load(config)?;
        let cookies = Cookies::new(config, &secrets)?;
        Ok(Self(Arc::new(Shared { cookies, store, max_bytes: config.session.max_bytes })))
    }

    /// The name of the session cookie.
    pub fn cookie_name(&self) -> &str {
        self.0.cookies.name()
    }

    /// The session a request comes with.
    pub(super) async fn open(&self, headers: &HeaderMap) -> Result<Opened> {
        let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
        self.load(self.0.cookies.read(cookies)).await
    }

    async fn load(&self, mut presented: Presented) -> Result<Opened> {
        let Some(id) = presented.id.take() else {
            return Ok(Opened { presented, ..Opened::default() });
        };
        Ok(match self.0.store.load(&id).await? {
            Loaded::Alive(values) => Opened { id: Some(id), values, presented, renewed_elsewhere: false },
            Loaded::Renewed => Opened { presented, renewed_elsewhere: true, ..Opened::default() },
            Loaded::Gone => Opened { presented, ..Opened::default() },
        })
    }

    /// Keeps what a handler did; where there is no session, one starts if it holds something or is `wanted` anyhow.
    ///
    /// # Errors
    /// 503 when the store does not answer; 500 when the session would be too large.
    pub(super) async fn close(&self, opened: Opened, session: &Session, wanted: bool) -> Result<Notice> {
        let status = session.status();
        if status == SessionStatus::Purged {
            return self.end(opened).await;
        }
        let delta = self.delta(&opened.values, session)?;
        match opened.id {
            Some(id) if status == SessionStatus::Renewed => {
                let to = Id::random()?;
                let renewed = self.0.store.renew(&id, &to, &delta).await?;
                Ok(self.notice(renewed, Some(&to)))
            }
            Some(id) => {
                let kept = delta.is_empty() || self.0.store.commit(&id, &delta).await?;
                Ok(self.notice(kept, Some(&id).filter(|_| opened.presented.outdated)))
            }
            None if delta.is_empty() && !wanted => Ok(Notice::default()),
            // A new session's cookie would replace the one the client got when its session was renewed.
            None if opened.renewed_elsewhere => Ok(self.notice(false, None)),
            None => {
                let id = Id::random()?;
                self.0.store.create(&id, &delta).await?;
                Ok(self.notice(true, Some(&id)))
            }
        }
    }

    async fn end(&self, opened: Opened) -> Result<Notice> {
        if let Some(id) = &opened.id {
            self.0.store.destroy(id).await?;
        }
        let cookie = opened.presented.any.then(|| self.0.cookies.expire()).flatten();
        Ok(Notice { cookie, ended: false })
    }

    fn delta(&self, before: &Values, session: &Session) -> Result<Delta> {
        let after = session.entries();
        let delta = Delta::between(before, &after);
        let bytes = after.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        let max = self.0.max_bytes;
        if bytes > max && !delta.set.is_empty() {
            return Err(SessionError::TooLarge { bytes, max }.into());
        }
        Ok(delta)
    }

    fn notice(&self, kept: bool, cookie_for: Option<&Id>) -> Notice {
        let cookie = cookie_for.filter(|_| kept).and_then(|id| self.0.cookies.set(id));
        Notice { cookie, ended: !kept }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("cookie", &self.cookie_name()).field("store", &self.0.store).finish()
    }
}

impl Opened {
    /// Whether there is a session.
    pub(super) fn is_alive(&self) -> bool {
        self.id.is_some()
    }

    /// Puts what was loaded into the session a handler sees.
    pub(super) fn fill(&mut self, session: &Session) {
        // A value that is no JSON was not written by a session: it is left as it is.
        self.values.retain(|key, value| match serde_json::from_str::<&RawValue>(value) {
            Ok(raw) => session.insert(key.clone(), raw).is_ok(),
            Err(_) => false,
        });
    }
}

impl Notice {
    pub(super) fn is_empty(&self) -> bool {
        self.cookie.is_none() && !self.ended
    }

    pub(super) fn put(self, headers: &mut HeaderMap) {
        if let Some(cookie) = self.cookie {
            headers.append(header::SET_COOKIE, cookie);
        }
        if self.ended {
            headers.insert(X_SESSION, ENDED);
        }
    }
}
