//! Who is signed in with which sessions.

use std::fmt::Display;

use actix_session::SessionStatus;
use serde::Serialize;

use super::{SessionError, Sessions, SharedSession};
use crate::{Error, Result};

/// The longest id of a user, in bytes.
pub(super) const LONGEST_USER: usize = 200;

/// Characters of a label that are kept.
const LONGEST_LABEL: usize = 200;

/// Who is signed in with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: String,
    /// How the user may recognise the session.
    pub(crate) label: String,
}

/// Which sessions of a user, by the hashes of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    One(&'a str),
    AllBut(&'a str),
    All,
}

impl Which<'_> {
    pub(super) fn means(&self, key: &str) -> bool {
        match self {
            Self::One(one) => key == *one,
            Self::AllBut(other) => key != *other,
            Self::All => true,
        }
    }
}

/// A session somebody is signed in with, as [`SharedSession::list`] shows it; its JSON has the same keys in camelCase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignedIn {
    /// Names the session to [`SharedSession::end`]; it opens nothing.
    pub id: String,
    /// When the session was started, in milliseconds since 1970.
    pub started_at: i64,
    /// When it was used, in milliseconds since 1970: at most a tenth of `idle` ago if it was used since.
    pub seen_at: i64,
    /// The `User-Agent` header of the sign-in, its first 200 characters.
    pub label: String,
    /// Whether it is the session of this request.
    pub current: bool,
}

impl SharedSession {
    /// Signs `user` in with this session: it gets a new id, and stands in that user's [`list`](Self::list) from the
    /// moment the request's changes are kept. When that user has more than `max_per_user` sessions, the oldest end.
    ///
    /// ```
    /// use regatta::prelude::*;
    ///
    /// async fn log_in(session: SharedSession) -> Result<&'static str> {
    ///     let user_id = 7; // after looking at the password
    ///     session.sign_in(user_id)?;
    ///     Ok("welcome")
    /// }
    ///
    /// async fn log_out_everywhere(session: SharedSession) -> Result<Json<usize>> {
    ///     Ok(Json(session.end_all().await?))
    /// }
    /// ```
    ///
    /// # Errors
    /// 500 when the user's id, as text, has not 1 to 200 bytes.
    pub fn sign_in(&self, user: impl Display) -> Result<()> {
        let user = user.to_string();
        if user.is_empty() || user.len() > LONGEST_USER {
            return Err(SessionError::User(user).into());
        }
        let label = self.1.as_ref().map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let label = label.unwrap_or_default().chars().take(LONGEST_LABEL).collect();
        self.0.opened().owner = Some(Owner { user, label });
        self.0.session.renew();
        Ok(())
    }

    /// Who is signed in, by the id given to [`sign_in`](Self::sign_in).
    pub fn user(&self) -> Option<String> {
        self.0.opened().user().filter(|_| self.0.session.status() != SessionStatus::Purged)
    }

    /// Ends this session when the request is answered, and closes its sockets.
    pub fn sign_out(&self) {
        self.0.session.purge();
    }

    /// The sessions of whoever is signed in, those of older sign-ins first. It costs one round trip to the store.
    ///
    /// # Errors
    /// 401 when nobody is signed in; 503 when the store does not answer.
    pub async fn list(&self) -> Result<Vec<SignedIn>> {
        let mut sessions = self.0.sessions.of(&self.signed_in()?).await?;
        let own = self.0.id().map(|id| id.hash());
        for session in &mut sessions {
            session.current = Some(&session.id) == own.as_ref();
        }
        Ok(sessions)
    }

    /// Ends the session `id` of [`list`](Self::list), and says whether there was one. Its sockets are closed, on every
    /// instance.
    ///
    /// # Errors
    /// 401 when nobody is signed in; 503 when the store does not answer.
    pub async fn end(&self, id: &str) -> Result<bool> {
        Ok(self.0.sessions.end_which(&self.signed_in()?, Which::One(id)).await? > 0)
    }

    /// Ends all other sessions of whoever is signed in, and says how many. Their sockets are closed, on every instance.
    ///
    /// # Errors
    /// 401 when nobody is signed in; 503 when the store does not answer.
    pub async fn end_others(&self) -> Result<usize> {
        let own = self.0.id().map(|id| id.hash()).unwrap_or_default();
        self.0.sessions.end_which(&self.signed_in()?, Which::AllBut(&own)).await
    }

    /// Ends every session of whoever is signed in, this one included, and says how many. Their sockets are closed, on
    /// every instance.
    ///
    /// # Errors
    /// 401 when nobody is signed in; 503 when the store does not answer.
    pub async fn end_all(&self) -> Result<usize> {
        let ended = self.0.sessions.end_which(&self.signed_in()?, Which::All).await?;
        self.0.session.purge();
        Ok(ended)
    }

    fn signed_in(&self) -> Result<String> {
        self.user().ok_or_else(|| Error::unauthorized("nobody is signed in with this session: log in first"))
    }
}

impl Sessions {
    /// The sessions of a user, those of older sign-ins first.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn of(&self, user: impl Display) -> Result<Vec<SignedIn>> {
        self.store().of_user(&user.to_string()).await
    }

    /// Ends every session of a user, and says how many: after a new password, or when the account is closed. Their
    /// sockets are closed, on every instance.
    ///
    /// ```
    /// use regatta::prelude::*;
    /// use regatta::sessions::Sessions;
    ///
    /// async fn ban(sessions: Sessions, user: Path<i64>) -> Result<Json<usize>> {
    ///     Ok(Json(sessions.end_all_of(*user).await?))
    /// }
    /// ```
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn end_all_of(&self, user: impl Display) -> Result<usize> {
        self.end_which(&user.to_string(), Which::All).await
    }

    async fn end_which(&self, user: &str, which: Which<'_>) -> Result<usize> {
        let ended = self.store().end(user, which).await?;
        let count = ended.len();
        self.announce(ended);
        Ok(count)
    }
}
