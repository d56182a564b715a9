//! Sessions of an Express or Sails fleet that this app replaces: taken over at their first request.
//!
//! The cookie is express-session's, `name=s%3A<sid>.<signature>` with the base64 of HMAC-SHA256 over the sid; the session
//! is JSON in Redis under `sess:<sid>`. See <https://github.com/expressjs/session> and cookie-signature.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use tokio::time::sleep;

use super::shared::size;
use super::{Delta, Id, Loaded, Owner, SessionError, Store, Values};
use crate::config::SessionConfig;
use crate::redis::Redis;
use crate::{Error, Result};

/// What the new id is made for, so that the same secret may make other things.
const PURPOSE: &[u8] = b"regatta imported session\0";

/// How long a request waits for another one of the same browser that takes the session over.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// How long it is remembered, in milliseconds, that a session was taken: until it is in its new place for sure.
const MARKED: u64 = 2_000;

/// Takes sessions over.
pub(crate) struct Import {
    redis: Redis,
    prefix: String,
    cookie: String,
    /// The key of the session that says who is logged in.
    user: Option<String>,
    max_bytes: usize,
    deadline: Duration,
    /// One for each of the old secrets.
    signers: Vec<Hmac<Sha256>>,
    /// Makes the ids of what is taken over.
    ids: Hmac<Sha256>,
}

/// What became of an old cookie.
#[derive(Debug)]
pub(super) enum Found {
    /// The session, which lives here from now on.
    Session(Id, Loaded),
    /// The old session is gone or empty: nobody needs its cookie.
    Nothing,
}

impl Import {
    /// # Errors
    /// Without a secret.
    pub(super) fn new(redis: Redis, config: &SessionConfig, secret: &str) -> Result<Self> {
        let secrets = config.import_secret.iter().filter(|secret| !secret.is_empty());
        // A key of any length is accepted.
        let signers: Vec<_> =
            secrets.filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok()).collect();
        if signers.is_empty() {
            return Err(SessionError::NoImportSecret.into());
        }
        let ids = Hmac::new_from_slice(secret.as_bytes()).map_err(Error::internal)?;
        Ok(Self {
            ids,
            redis,
            prefix: config.import_prefix.clone(),
            cookie: config.import_cookie.clone(),
            user: config.import_user.clone(),
            max_bytes: config.max_bytes,
            deadline: config.deadline.get(),
            signers,
        })
    }

    /// The name of the old cookie.
    pub(super) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The old session's id in `Cookie` headers, when one of the old secrets signed it.
    pub(super) fn sid<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let pairs =
            headers.into_iter().flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(name, _)| name.trim() == self.cookie).map(|(_, value)| value.trim());
        values.find_map(|value| self.verify(value.trim_matches('"')))
    }

    fn verify(&self, value: &str) -> Option<String> {
        let value = decoded(value)?;
        let (sid, signature) = value.strip_prefix("s:")?.rsplit_once('.')?;
        let signature = STANDARD_NO_PAD.decode(signature).ok()?;
        let signed = |signer: &Hmac<Sha256>| {
            let mut mac = signer.clone();
            mac.update(sid.as_bytes());
            mac.verify_slice(&signature).is_ok()
        };
        self.signers.iter().any(signed).then(|| sid.to_owned())
    }

    /// The id the session has here: always the same, so that requests which come together find one session.
    fn id(&self, sid: &str) -> Id {
        let mut mac = self.ids.clone();
        mac.update(PURPOSE);
        mac.update(sid.as_bytes());
        Id::from_bytes(mac.finalize().into_bytes().into())
    }

    /// Takes the session `sid` over into `store`, once: its old place is emptied first.
    ///
    /// # Errors
    /// 503 when one of the stores does not answer.
    pub(super) async fn take(&self, sid: &str, store: &dyn Store) -> Result<Found> {
        let id = self.id(sid);
        let here = store.load(&id).await?;
        if here != Loaded::Gone {
            return Ok(Found::Session(id, here));
        }
        let (key, mark) = (format!("{}{sid}", self.prefix), format!("{}{sid}:taken", self.prefix));
        let mut look = redis::pipe();
        look.cmd("GET").arg(&key).cmd("EXISTS").arg(&mark);
        let (old, taken): (Option<String>, bool) = self.redis.query(&look, self.deadline).await?;
        let Some(old) = old else {
            return if taken { self.taken_by_another(id, store).await } else { Ok(Found::Nothing) };
        };
        let Some(delta) = self.read(&old) else { return Ok(Found::Nothing) };
        let mut claim = redis::pipe();
        claim.atomic().cmd("PTTL").arg(&key).cmd("DEL").arg(&key);
        claim.cmd("SET").arg(&mark).arg(1).arg("PX").arg(MARKED).ignore();
        let (left, deleted): (i64, u8) = self.redis.query(&claim, self.deadline).await?;
        if deleted == 0 {
            return self.taken_by_another(id, store).await;
        }
        if let Err(error) = store.create(&id, &delta).await {
            self.put_back(&key, &old, left).await;
            return Err(error);
        }
        tracing::debug!("a session of the old fleet was taken over");
        let user = delta.owner.map(|owner| owner.user);
        Ok(Found::Session(id, Loaded::Alive { values: delta.set.into_iter().collect(), user }))
    }

    /// Another request is between emptying the old place and filling the new one.
    async fn taken_by_another(&self, id: Id, store: &dyn Store) -> Result<Found> {
        for _ in 0..TRIES {
            let here = store.load(&id).await?;
            if here != Loaded::Gone {
                return Ok(Found::Session(id, here));
            }
            sleep(PAUSE).await;
        }
        Ok(Found::Nothing)
    }

    async fn put_back(&self, key: &str, old: &str, left: i64) {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(old).arg("NX");
        if left > 0 {
            set.arg("PX").arg(left);
        }
        if let Err(error) = self.redis.query::<Option<String>>(&set, self.deadline).await {
            tracing::warn!(%error, "a session of the old fleet was lost: its user has to log in again");
        }
    }

    /// What the old session holds, without what express-session keeps there itself.
    fn read(&self, old: &str) -> Option<Delta> {
        let mut held: Map<String, Value> = serde_json::from_str(old).ok()?;
        held.shift_remove("cookie");
        let user = self.user.as_ref().and_then(|key| held.get(key)).and_then(|user| match user {
            Value::String(user) => Some(user.clone()),
            Value::Number(user) => Some(user.to_string()),
            _ => None,
        });
        let values: Values = held.into_iter().map(|(key, value)| (key, value.to_string())).collect();
        if values.is_empty() {
            return None;
        }
        if size(&values) > self.max_bytes {
            tracing::warn!(
                "a session of the old fleet holds more than max_bytes of config/session.toml: not taken over"
            );
            return None;
        }
        let owner = user.filter(|user| (1..=super::list::LONGEST_USER).contains(&user.len()));
        let owner = owner.map(|user| Owner { user, label: String::new() });
        Some(Delta { set: values.into_iter().collect(), owner, ..Delta::default() })
    }
}

/// A cookie's value as `encodeURIComponent` wrote it.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit =
            |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).ok()
}

impl std::fmt::Debug for Import {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("cookie", &self.cookie)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
