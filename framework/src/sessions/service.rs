//! The sessions of an app: what a request has, and what becomes of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_session::{Session, SessionStatus};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use tokio::sync::broadcast;

use super::cookie::{Cookies, Presented};
use super::figures::Figures;
use super::import::{Found, Import};
use super::shared::{Current, size};
use super::{Delta, Id, Loaded, Owner, SessionError, Store, Values, secrets};
use crate::Result;
use crate::config::Config;
use crate::metrics::Page;
use crate::redis::Redis;

const X_SESSION: HeaderName = HeaderName::from_static("x-session");
/// The session ended while the request ran: what it wrote is not kept.
const ENDED: HeaderValue = HeaderValue::from_static("ended");

/// How often what has expired is removed.
const SWEEP: Duration = Duration::from_secs(60);

/// Endings that may wait for who closes the sockets; more are found when all sockets are looked at.
const ENDINGS: usize = 1_024;

/// The sessions of an app; an extractor, and a handle to keep. Clones share the store.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    cookies: Cookies,
    store: Arc<dyn Store>,
    import: Option<Import>,
    max_bytes: usize,
    turn_wait: Duration,
    turn_lease: Duration,
    recheck: Duration,
    /// Tells of sessions that were ended, by the hashes of their ids.
    endings: broadcast::Sender<Arc<[String]>>,
    figures: Figures,
}

/// A session as a request's cookies name it.
#[derive(Debug)]
pub(super) enum Brought {
    Own(Id, Presented),
    /// One of the old fleet.
    Old(String, Presented),
    /// None that is signed well.
    Unknown(Presented),
}

/// The session of one request, as it was loaded.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// The living session's id.
    pub(super) id: Option<Id>,
    /// What the store has, as far as the request knows.
    pub(super) values: Values,
    /// Who was signed in when the request came.
    pub(super) user: Option<String>,
    /// Who signs in with it.
    pub(super) owner: Option<Owner>,
    presented: Presented,
    /// The session lives on under another id.
    renewed_elsewhere: bool,
    /// It was started by this request, whose client does not know of it yet.
    fresh: bool,
    /// It ended while the request ran.
    pub(super) ended: bool,
    /// The old fleet's cookie has done its service.
    imported: bool,
    /// The answer is under way: no cookie can be given any more.
    closed: bool,
}

/// What a response has to say about the session.
#[derive(Debug, Default)]
pub(super) struct Notice {
    cookie: Option<HeaderValue>,
    /// Takes the old fleet's cookie away.
    old_cookie: Option<HeaderValue>,
    ended: bool,
}

impl Sessions {
    /// Sessions kept in `store`.
    #[cfg(test)]
    pub(crate) fn new(config: &Config, store: Arc<dyn Store>) -> Result<Self> {
        Self::importing(config, store, None)
    }

    /// Sessions kept in `store`; those of an old fleet are taken over from its Redis.
    ///
    /// # Errors
    /// In production without a secret, with a short one or a sample; when the cookie's name can't be used; when
    /// the development secret can't be kept in `.tmp/session-secret`; with an old fleet, without its secret.
    pub(crate) fn importing(config: &Config, store: Arc<dyn Store>, old: Option<Redis>) -> Result<Self> {
        let secrets = secrets::load(config)?;
        let cookies = Cookies::new(config, &secrets)?;
        let config = &config.session;
        let secret = secrets.first().map(String::as_str).unwrap_or_default();
        let import = old.map(|old| Import::new(old, config, secret)).transpose()?;
        Ok(Self(Arc::new(Shared {
            cookies,
            store,
            import,
            max_bytes: config.max_bytes,
            turn_wait: config.turn_wait.get(),
            turn_lease: config.turn_lease.get(),
            recheck: config.recheck.get(),
            endings: broadcast::Sender::new(ENDINGS),
            figures: Figures::default(),
        })))
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// How long a request waits for its session's turn, and how long it may keep it.
    pub(super) fn turns(&self) -> (Duration, Duration) {
        (self.0.turn_wait, self.0.turn_lease)
    }

    /// The name of the session cookie.
    pub fn cookie_name(&self) -> &str {
        self.0.cookies.name()
    }

    /// Writes the figures.
    pub(crate) fn report(&self, page: &mut Page) {
        self.0.figures.report(page);
    }

    /// Makes what the store needs.
    ///
    /// # Errors
    /// When that is not possible; 503 when the store is away.
    pub(crate) async fn prepare(&self) -> Result<()> {
        self.0.store.prepare().await
    }

    /// Removes what has expired every minute, for as long as the app runs.
    pub(crate) async fn keep_tidy(self) {
        let mut minutes = tokio::time::interval(SWEEP);
        minutes.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            if let Err(error) = self.0.store.sweep().await {
                tracing::debug!(%error, "expired sessions were not removed; the next time does it");
            }
        }
    }

    /// Sessions that are ended from now on, by the hashes of their ids.
    pub(crate) fn endings(&self) -> broadcast::Receiver<Arc<[String]>> {
        self.0.endings.subscribe()
    }

    /// How often the sessions of open sockets are looked at.
    pub(crate) fn recheck(&self) -> Duration {
        self.0.recheck
    }

    /// Whether each of these sessions lives, by the hashes of their ids.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub(crate) async fn alive(&self, keys: &[String]) -> Result<Vec<bool>> {
        self.0.store.alive(keys).await
    }

    /// The hash of the id in a `Cookie` header, if one is signed.
    pub(crate) fn key_in(&self, cookies: &str) -> Option<String> {
        self.0.cookies.read([cookies]).0.map(|id| id.hash())
    }

    pub(super) fn announce(&self, ended: Vec<String>) {
        if !ended.is_empty() {
            // Without sockets there is nobody to tell.
            let _ = self.0.endings.send(ended.into());
        }
    }

    /// What a request's cookies say of a session; nothing when none of them is a session's.
    pub(super) fn brought(&self, headers: &HeaderMap) -> Option<Brought> {
        let (own, presented) = self.0.cookies.read(cookie_headers(headers));
        let old = || self.0.import.as_ref().and_then(|import| import.sid(cookie_headers(headers)));
        match own {
            Some(id) => Some(Brought::Own(id, presented)),
            None => match old() {
                Some(sid) => Some(Brought::Old(sid, presented)),
                None => presented.any.then_some(Brought::Unknown(presented)),
            },
        }
    }

    /// The session a request comes with, living or not.
    pub(super) async fn open(&self, brought: Brought) -> Result<Opened> {
        match brought {
            Brought::Own(id, presented) => self.load(id, presented).await,
            Brought::Old(sid, presented) => self.take_over(&sid, presented).await,
            Brought::Unknown(presented) => Ok(Opened { presented, ..Opened::default() }),
        }
    }

    /// The session of a client that has only the old fleet's cookie.
    async fn take_over(&self, sid: &str, presented: Presented) -> Result<Opened> {
        let opened = Opened { presented, imported: true, ..Opened::default() };
        let Some(import) = &self.0.import else { return Ok(opened) };
        Ok(match import.take(sid, &*self.0.store).await? {
            Found::Session(id, Loaded::Alive { values, user }) => {
                Opened { id: Some(id), values, user, fresh: true, ..opened }
            }
            Found::Session(_, Loaded::Renewed) => Opened { renewed_elsewhere: true, ..opened },
            Found::Session(_, Loaded::Gone) | Found::Nothing => opened,
        })
    }

    async fn load(&self, id: Id, presented: Presented) -> Result<Opened> {
        let figures = &self.0.figures;
        Ok(match figures.watch(self.0.store.load(&id).await)? {
            Loaded::Alive { values, user } => {
                figures.loaded.add(1);
                Opened { id: Some(id), values, user, presented, ..Opened::default() }
            }
            Loaded::Renewed => Opened { presented, renewed_elsewhere: true, ..Opened::default() },
            Loaded::Gone => Opened { presented, ..Opened::default() },
        })
    }

    /// Keeps what a handler did; where there is no session, one starts if it holds something or is `wanted` anyhow.
    ///
    /// # Errors
    /// 503 when the store does not answer; 500 when the session would be too large.
    pub(super) async fn close(&self, current: &Current, wanted: bool) -> Result<Notice> {
        let imported = current.opened().imported;
        let mut notice = self.keep(current, wanted).await?;
        if let Some(import) = self.0.import.as_ref().filter(|_| imported) {
            let gone = format!("{}=; Path=/; HttpOnly; Max-Age=0", import.cookie());
            notice.old_cookie = HeaderValue::try_from(gone).ok();
        }
        Ok(notice)
    }

    async fn keep(&self, current: &Current, wanted: bool) -> Result<Notice> {
        let session = &current.session;
        let status = session.status();
        let delta = self.delta(&current.opened().values, session);
        let mut opened = current.opened().close();
        if status == SessionStatus::Purged {
            return self.end(&opened).await;
        }
        let (mut delta, figures) = (delta?, &self.0.figures);
        delta.owner = opened.owner.take();
        match &opened.id {
            Some(id) if status == SessionStatus::Renewed || delta.owner.is_some() => {
                let to = Id::random()?;
                let renewed = figures.watch(self.0.store.renew(id, &to, &delta).await)?;
                let of = if renewed.is_some() { &figures.renewed } else { &figures.refused };
                of.add(1);
                let notice = self.notice(renewed.is_some(), Some(&to));
                self.announce(renewed.unwrap_or_default());
                Ok(notice)
            }
            Some(id) => {
                let kept = if delta.is_empty() {
                    true
                } else {
                    let kept = figures.watch(self.0.store.commit(id, &delta).await)?;
                    if kept { &figures.committed } else { &figures.refused }.add(1);
                    kept
                };
                let tell = opened.fresh || opened.presented.outdated;
                Ok(self.notice(kept && !opened.ended, Some(id).filter(|_| tell)))
            }
            None if delta.is_empty() && (!wanted || opened.ended) => Ok(self.notice(!opened.ended, None)),
            // A new session's cookie would replace the one the client got when its session was renewed.
            None if opened.renewed_elsewhere || opened.ended => Ok(self.notice(false, None)),
            None => {
                let id = Id::random()?;
                self.announce(figures.watch(self.0.store.create(&id, &delta).await)?);
                figures.started.add(1);
                Ok(self.notice(true, Some(&id)))
            }
        }
    }

    async fn end(&self, opened: &Opened) -> Result<Notice> {
        if let Some(id) = &opened.id {
            self.0.figures.watch(self.0.store.destroy(id).await)?;
            self.0.figures.ended.add(1);
            self.announce(vec![id.hash()]);
        }
        let cookie = opened.presented.any.then(|| self.0.cookies.expire()).flatten();
        Ok(Notice { cookie, ..Notice::default() })
    }

    fn delta(&self, before: &Values, session: &Session) -> Result<Delta> {
        let after = session.entries();
        let delta = Delta::between(before, &after);
        if !delta.set.is_empty() {
            self.check_size(size(&after))?;
        }
        Ok(delta)
    }

    /// # Errors
    /// 500 when that is more than a session may have.
    pub(super) fn check_size(&self, bytes: usize) -> Result<()> {
        let max = self.0.max_bytes;
        if bytes > max {
            return Err(SessionError::TooLarge { bytes, max }.into());
        }
        Ok(())
    }

    fn notice(&self, kept: bool, cookie_for: Option<&Id>) -> Notice {
        let cookie = cookie_for.filter(|_| kept).and_then(|id| self.0.cookies.set(id));
        Notice { cookie, ended: !kept, ..Notice::default() }
    }
}

fn cookie_headers(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok())
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

    /// The request has started a session.
    pub(super) fn start(&mut self, id: Id) {
        self.id = Some(id);
        self.fresh = true;
    }

    /// The session was found to be gone, or to live on under another id.
    pub(super) fn lost(&mut self, renewed: bool) {
        self.id = None;
        self.renewed_elsewhere = renewed;
        self.ended = true;
    }

    pub(super) fn user(&self) -> Option<String> {
        self.owner.as_ref().map(|owner| &owner.user).or(self.user.as_ref()).cloned()
    }

    /// Whether no session can be started in its place.
    pub(super) fn is_over(&self) -> bool {
        self.renewed_elsewhere || self.ended || self.closed
    }

    /// Hands over what closing needs; what was loaded stays known to whoever still has the session.
    fn close(&mut self) -> Self {
        self.closed = true;
        Self { id: self.id.clone(), owner: self.owner.take(), user: None, values: Values::default(), ..*self }
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
    pub(super) fn put(self, headers: &mut HeaderMap) {
        for cookie in self.cookie.into_iter().chain(self.old_cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
        if self.ended {
            headers.insert(X_SESSION, ENDED);
        }
    }
}
