//! The session of a request as every instance has it: changes that are made in the store at once.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_session::{Session, SessionExt, SessionStatus};
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderValue, USER_AGENT};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::service::Opened;
use super::turn::Turn;
use super::{Added, Delta, Id, Loaded, SessionError, Sessions, Swapped, Values};
use crate::cache::Personal;
use crate::{Error, Result};

/// How often [`SharedSession::update`] computes anew before it gives up.
const MOST_TRIES: usize = 100;

/// The session of this request, for what must not wait for the request's end; an extractor.
///
/// What a handler writes with `Session` is kept when the request ends, key by key: two requests that write the same
/// key keep the later one's value. The methods here change the store at once and know of each other, on every instance.
/// `Session` shows the new value from then on.
///
/// ```
/// use regatta::prelude::*;
///
/// async fn vote(session: SharedSession) -> Result<Json<i64>> {
///     Ok(Json(session.incr("votes", 1).await?))
/// }
///
/// async fn put_into_cart(session: SharedSession, item: Path<String>) -> Result<Json<Vec<String>>> {
///     let with_item = |cart: Option<Vec<String>>| {
///         let mut cart = cart.unwrap_or_default();
///         cart.push(item.clone());
///         cart
///     };
///     Ok(Json(session.update("cart", with_item).await?))
/// }
/// ```
#[derive(Clone)]
pub struct SharedSession(pub(super) Rc<Current>, pub(super) Option<HeaderValue>);

/// The session of one request, while it runs.
pub(super) struct Current {
    pub(super) sessions: Sessions,
    pub(super) session: Session,
    opened: RefCell<Opened>,
    /// Held until what the request changed is kept.
    turn: RefCell<Option<Turn>>,
}

impl SharedSession {
    /// Adds `by` to the whole number under `key`, 0 when there is none, and returns the sum. It costs one round trip to
    /// the store.
    ///
    /// # Errors
    /// 409 when the session has ended meanwhile; 500 when something else than a whole number stands there, or the
    /// session would be too large; 503 when the store does not answer.
    pub async fn incr(&self, key: &str, by: i64) -> Result<i64> {
        let current = &*self.0;
        // A number has 20 characters at most.
        let id = current.settle(key, 20).await?;
        match current.sessions.store().add(&id, key, by).await? {
            Added::Now(number) => {
                current.know(key, Some(number.to_string()))?;
                Ok(number)
            }
            Added::NoNumber => Err(SessionError::NoNumber(key.to_owned()).into()),
            Added::Gone => Err(current.ended()),
        }
    }

    /// Puts `new` under `key` if `expected` stands there (`None`: no such key), and says whether it did. If not,
    /// `Session` shows from then on what does. It costs one round trip to the store.
    ///
    /// # Errors
    /// 409 when the session has ended meanwhile; 500 when a value can't be written as JSON, or the session would be too
    /// large; 503 when the store does not answer.
    pub async fn compare_and_set<T: Serialize>(
        &self,
        key: &str,
        expected: Option<&T>,
        new: &T,
    ) -> Result<bool> {
        let new = serde_json::to_string(new)?;
        let expected = expected.map(serde_json::to_value).transpose()?;
        let id = self.0.settle(key, new.len()).await?;
        let known = self.0.opened.borrow().values.get(key).cloned();
        let same = |text: &String| {
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|known| Some(known) == expected)
        };
        // The text that was read stands for the same value even when it is written differently.
        let old = match (known.filter(same), expected) {
            (Some(known), _) => Some(known),
            (None, expected) => expected.map(|expected| expected.to_string()),
        };
        self.0.swap(&id, key, old, new).await
    }

    /// Replaces the value under `key` with what `change` makes of it, and returns the new one. When another request
    /// was quicker, `change` is called again with that one's value. It costs one round trip to the store for each call.
    ///
    /// # Errors
    /// 409 when the session has ended meanwhile, or after 100 calls; 500 when the value is no `T`, or the session would
    /// be too large; 503 when the store does not answer.
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<T>) -> T,
    ) -> Result<T> {
        for _ in 0..MOST_TRIES {
            let id = self.0.settle(key, 0).await?;
            let old = self.0.opened.borrow().values.get(key).cloned();
            let value = change(old.as_deref().map(serde_json::from_str).transpose()?);
            let new = serde_json::to_string(&value)?;
            self.0.check_room(key.len() + new.len())?;
            if self.0.swap(&id, key, old, new).await? {
                return Ok(value);
            }
        }
        Err(Error::conflict("other requests of this session change the same at the moment: try again"))
    }

    /// Reads the session again: `Session` shows what other requests wrote since this one began; what this one wrote
    /// stays. It costs one round trip to the store.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn reload(&self) -> Result<()> {
        let current = &*self.0;
        let Some(id) = current.id() else { return Ok(()) };
        let (values, user, renewed) = match current.sessions.store().load(&id).await? {
            Loaded::Alive { values, user } => (Some(values), user, false),
            Loaded::Renewed => (None, None, true),
            Loaded::Gone => (None, None, false),
        };
        let own = Delta::between(&current.opened.borrow().values, &current.session.entries());
        let alive = values.is_some();
        let before = std::mem::replace(&mut current.opened.borrow_mut().values, values.unwrap_or_default());
        for key in before.keys().filter(|key| !own.touches(key)) {
            current.session.remove(key);
        }
        let loaded = current.opened.borrow().values.clone();
        for (key, text) in loaded.iter().filter(|(key, _)| !own.touches(key)) {
            current.show(key, text)?;
        }
        current.opened.borrow_mut().user = user;
        if !alive {
            current.opened.borrow_mut().lost(renewed);
        }
        Ok(())
    }
}

impl Current {
    pub(super) fn new(sessions: &Sessions, session: &Session, opened: Opened) -> Self {
        let (sessions, session) = (sessions.clone(), session.clone());
        Self { sessions, session, opened: RefCell::new(opened), turn: RefCell::default() }
    }

    /// From now on it is the request's.
    pub(super) fn begin(self, req: &HttpRequest) -> Rc<Self> {
        let current = Rc::new(self);
        req.extensions_mut().insert(current.clone());
        current
    }

    /// The request's, which begins now when it came without; nothing where the app has no sessions.
    pub(super) fn of(req: &HttpRequest) -> Option<Rc<Self>> {
        let begun = req.extensions().get::<Rc<Self>>().cloned();
        begun.or_else(|| {
            let sessions = req.app_data::<Sessions>()?;
            Some(Self::new(sessions, &req.get_session(), Opened::default()).begin(req))
        })
    }

    pub(super) fn opened(&self) -> RefMut<'_, Opened> {
        self.opened.borrow_mut()
    }

    /// The id of the living session.
    pub(super) fn id(&self) -> Option<Id> {
        self.opened.borrow().id.clone()
    }

    pub(super) fn has_turn(&self) -> bool {
        self.turn.borrow().is_some()
    }

    pub(super) fn keep_turn(&self, turn: Turn) {
        *self.turn.borrow_mut() = Some(turn);
    }

    /// Lets the next request of the session go on.
    pub(super) fn end_turn(&self) {
        self.turn.take();
    }

    /// Starts a session if there is none, and writes what the request itself has changed under `key`.
    async fn settle(&self, key: &str, more: usize) -> Result<Id> {
        if self.session.status() == SessionStatus::Purged {
            return Err(self.ended());
        }
        self.check_room(key.len() + more)?;
        let pending = Delta::between(&self.opened.borrow().values, &self.session.entries()).only(key);
        match self.id() {
            Some(id) => {
                if !pending.is_empty() && !self.sessions.store().commit(&id, &pending).await? {
                    return Err(self.ended());
                }
                pending.apply(&mut self.opened.borrow_mut().values);
                Ok(id)
            }
            None if self.opened.borrow().is_over() => Err(self.ended()),
            None => {
                let id = Id::random()?;
                // Nobody signs in here, so no other session has to go.
                self.sessions.store().create(&id, &pending).await?;
                let mut opened = self.opened.borrow_mut();
                pending.apply(&mut opened.values);
                opened.start(id.clone());
                Ok(id)
            }
        }
    }

    async fn swap(&self, id: &Id, key: &str, old: Option<String>, new: String) -> Result<bool> {
        match self.sessions.store().swap(id, key, old.as_deref(), &new).await? {
            Swapped::Done => self.know(key, Some(new)).map(|()| true),
            Swapped::Holds(holds) => self.know(key, holds).map(|()| false),
            Swapped::Gone => Err(self.ended()),
        }
    }

    /// From now on the request knows that the store has `text` under `key`.
    fn know(&self, key: &str, text: Option<String>) -> Result<()> {
        match text {
            Some(text) => {
                self.show(key, &text)?;
                self.opened.borrow_mut().values.insert(key.to_owned(), text);
            }
            None => {
                self.session.remove(key);
                self.opened.borrow_mut().values.remove(key);
            }
        }
        Ok(())
    }

    fn show(&self, key: &str, text: &str) -> Result<()> {
        Ok(self.session.insert(key.to_owned(), serde_json::from_str::<&RawValue>(text)?)?)
    }

    fn check_room(&self, more: usize) -> Result<()> {
        self.sessions.check_size(size(&self.session.entries()) + more)
    }

    fn ended(&self) -> Error {
        self.opened.borrow_mut().ended = true;
        Error::conflict("this session has ended meanwhile: log in again")
    }
}

/// The bytes of a session's keys and values.
pub(super) fn size(values: &Values) -> usize {
    values.iter().map(|(key, value)| key.len() + value.len()).sum()
}

impl FromRequest for SharedSession {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        req.extensions_mut().insert(Personal);
        let current = Current::of(req);
        let agent = req.headers().get(USER_AGENT).cloned();
        ready(current.map(|current| Self(current, agent)).ok_or_else(without_sessions))
    }
}

impl FromRequest for Sessions {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sessions = req.app_data::<Self>().cloned();
        ready(sessions.ok_or_else(without_sessions))
    }
}

fn without_sessions() -> Error {
    Error::internal("this server was built without sessions")
}

impl fmt::Debug for SharedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedSession").field(&self.0.opened.borrow().id).finish()
    }
}
