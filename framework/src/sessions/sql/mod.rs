//! Sessions in the app's database: one row each, under the hash of its id.
//!
//! A change is one statement that merges the changed keys into the row if it still lives, so that neither a concurrent
//! change of another key nor the end of the session is undone. Times are the database's.

mod ask;
mod rows;
mod statements;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use sea_query::Value as Parameter;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{sleep, timeout};

use rows::{ids, owned, patch, text, values};
use statements::{Statements, TABLE};

use super::breaker::Breaker;
use super::{Added, Delta, Id, Loaded, SessionError, SignedIn, Store, Swapped, Which};
use crate::config::SessionConfig;
use crate::db::{self, DbError, Kind, Value};
use crate::{Error, Result};

/// How long an id is remembered as renewed, in milliseconds.
const REMEMBERED: i64 = 10_000;

/// Rows that are removed at once when they have expired, and the pause before the next.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_millis(50);

/// Clones share the connections.
#[derive(Debug, Clone)]
pub(super) struct SqlStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: db::Store,
    statements: Statements,
    /// Set once the table is known to be there: the database may be away when the instance starts.
    table: OnceCell<()>,
    /// SQLite has one writer: those of this process wait here in their order instead of asking it again and again.
    writer: Mutex<()>,
    idle: i64,
    absolute: i64,
    max_per_user: i64,
    deadline: Duration,
    breaker: Breaker,
}

impl SqlStore {
    pub(super) fn new(store: db::Store, config: &SessionConfig) -> Self {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX).clamp(1, 1 << 52);
        Self(Arc::new(Inner {
            statements: Statements::new(store.engine()),
            store,
            table: OnceCell::new(),
            writer: Mutex::default(),
            idle: millis(config.idle.get()),
            absolute: millis(config.absolute.get()),
            max_per_user: i64::try_from(config.max_per_user).unwrap_or(i64::MAX).max(1),
            deadline: config.deadline.get(),
            breaker: Breaker::default(),
        }))
    }

    /// Does `work` within the deadline. Work that is late goes on by itself: a statement given up half-way would cost
    /// its connection.
    fn within<T, F>(
        &self,
        work: impl FnOnce(Arc<Inner>) -> F + Send + 'static,
    ) -> BoxFuture<'static, Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbError>> + Send + 'static,
    {
        let (inner, there) = (self.0.clone(), self.0.clone());
        let work = async move {
            there.made().await?;
            work(there).await
        };
        async move {
            inner.breaker.admit()?;
            let (deadline, breaker) = (inner.deadline, &inner.breaker);
            match timeout(deadline, tokio::spawn(work)).await {
                Ok(Ok(done)) => {
                    match &done {
                        Err(DbError::Unavailable { .. } | DbError::Timeout) => breaker.failed(),
                        _ => breaker.succeeded(),
                    }
                    Ok(done?)
                }
                Ok(Err(stopped)) => Err(Error::internal(stopped)),
                Err(_) => {
                    breaker.failed();
                    Err(Error::unavailable(format!(
                        "the database that holds the sessions did not answer within {deadline:?}: look for slow \
                         statements, or raise deadline in config/session.toml"
                    )))
                }
            }
        }
        .boxed()
    }
}

impl Inner {
    async fn load(self: Arc<Self>, key: String) -> Result<Loaded, DbError> {
        let kinds = [Kind::Text, Kind::Text, Kind::Integer, Kind::Integer, Kind::Integer];
        let rows = self.read(&self.statements.load, vec![text(&key)], &kinds, None).await?;
        let row = rows.into_iter().next().and_then(|row| <[Value; 5]>::try_from(row).ok());
        let Some([Value::Text(data), user, Value::Integer(left), Value::Integer(ends), renewed]) = row else {
            return Ok(Loaded::Gone);
        };
        if renewed == Value::Integer(1) {
            return Ok(Loaded::Renewed);
        }
        if left < self.idle.min(ends) / 10 * 9 {
            tokio::spawn(self.prolong(key));
        }
        Ok(Loaded::Alive { values: values(&data), user: owned(user) })
    }

    /// Nobody waits for it.
    async fn prolong(self: Arc<Self>, key: String) {
        let parameters = vec![text(&key), self.idle.into()];
        if let Err(error) = self.write(&self.statements.prolong, parameters, &[]).await {
            tracing::debug!(%error, "a session was not prolonged; its next use does it");
        }
    }

    async fn renew(
        self: Arc<Self>,
        key: String,
        to: String,
        delta: Delta,
    ) -> Result<Option<Vec<String>>, DbError> {
        let turn = self.writer().await;
        let transaction = self.store.begin().await?;
        let renamed = vec![text(&key), patch(&delta).into(), self.idle.into(), text(&to)];
        let within = Some(&transaction);
        if !self.hits_within(&self.statements.rename, renamed, &transaction).await? {
            return Ok(None);
        }
        self.read(&self.statements.remember, vec![text(&key), REMEMBERED.into()], &[], within).await?;
        if let Some(owner) = &delta.owner {
            let signed_in = vec![text(&to), text(&owner.user), text(&owner.label)];
            self.read(&self.statements.sign_in, signed_in, &[], within).await?;
        }
        self.store.commit(&transaction).await?;
        drop(turn);
        self.make_room(&delta).await.map(Some)
    }

    /// Ends the oldest sessions of a user who has just signed in once too often.
    async fn make_room(&self, delta: &Delta) -> Result<Vec<String>, DbError> {
        let Some(owner) = &delta.owner else { return Ok(Vec::new()) };
        let parameters = vec![text(&owner.user), self.max_per_user.into()];
        self.remove(&self.statements.too_many, parameters).await
    }

    /// Replaces the value under `key` with what `change` makes of it, while nobody else writes to the session; nothing
    /// when it has ended. `change` may leave it as it is.
    async fn replace<T>(
        &self,
        session: &str,
        key: String,
        change: impl FnOnce(Option<String>) -> (T, Option<String>),
    ) -> Result<Option<T>, DbError> {
        let _turn = self.writer().await;
        let transaction = self.store.begin().await?;
        let within = Some(&transaction);
        let rows = self.read(&self.statements.look, vec![text(session)], &[Kind::Text], within).await?;
        let Some(Value::Text(data)) = rows.into_iter().flatten().next() else { return Ok(None) };
        let (outcome, new) = change(values(&data).remove(&key));
        let Some(new) = new else { return Ok(Some(outcome)) };
        let delta = Delta { set: vec![(key, new)], ..Delta::default() };
        let parameters = vec![text(session), patch(&delta).into(), self.idle.into()];
        let written = self.hits_within(&self.statements.commit, parameters, &transaction).await?;
        self.store.commit(&transaction).await?;
        Ok(written.then_some(outcome))
    }

    async fn look_for(&self, keys: &[String]) -> Result<Vec<bool>, DbError> {
        let parameters = keys.iter().map(|key| text(key)).collect();
        let found =
            ids(self.read(&self.statements.alive(keys.len()), parameters, &[Kind::Text], None).await?);
        Ok(keys.iter().map(|key| found.contains(key)).collect())
    }

    async fn is_there(&self) -> Result<(), DbError> {
        let look = format!("SELECT 1 FROM {TABLE} LIMIT 1");
        self.read(&look, Vec::new(), &[], None).await.map(drop)
    }

    async fn made(&self) -> Result<(), DbError> {
        self.table.get_or_try_init(|| self.make()).await.map(drop)
    }

    async fn make(&self) -> Result<(), DbError> {
        match self.is_there().await {
            Err(DbError::Other(_)) => {}
            known => return known,
        }
        let mut made = Ok(());
        for statement in &self.statements.make {
            made = made.and(self.write(statement, Vec::new(), &[]).await.map(drop));
        }
        // Of several who make it at once, one may be told that it exists.
        match (self.is_there().await, made) {
            (Ok(()), _) => Ok(()),
            (Err(_), Err(why)) | (Err(why), Ok(())) => Err(why),
        }
    }
}

impl Store for SqlStore {
    fn load<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Loaded>> {
        let key = id.hash();
        self.within(|inner| inner.load(key))
    }

    fn create<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<Vec<String>>> {
        let (key, delta) = (id.hash(), delta.clone());
        self.within(async move |inner: Arc<Inner>| {
            let nobody = || Parameter::String(None);
            let (user, label) = match &delta.owner {
                Some(owner) => (text(&owner.user), text(&owner.label)),
                None => (nobody(), nobody()),
            };
            let (absolute, idle) = (inner.absolute, inner.idle.min(inner.absolute));
            let row = vec![text(&key), patch(&delta).into(), user, label, absolute.into(), idle.into()];
            inner.write(&inner.statements.create, row, &[]).await?;
            inner.make_room(&delta).await
        })
    }

    fn commit<'a>(&'a self, id: &'a Id, delta: &'a Delta) -> BoxFuture<'a, Result<bool>> {
        let (key, patch) = (id.hash(), patch(delta));
        self.within(async move |inner: Arc<Inner>| {
            let parameters = vec![text(&key), patch.into(), inner.idle.into()];
            inner.hits(&inner.statements.commit, parameters).await
        })
    }

    fn renew<'a>(
        &'a self,
        id: &'a Id,
        to: &'a Id,
        delta: &'a Delta,
    ) -> BoxFuture<'a, Result<Option<Vec<String>>>> {
        let (key, to, delta) = (id.hash(), to.hash(), delta.clone());
        self.within(|inner| inner.renew(key, to, delta))
    }

    fn destroy<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<()>> {
        let key = id.hash();
        self.within(async move |inner: Arc<Inner>| {
            inner.write(&inner.statements.destroy, vec![text(&key)], &[]).await.map(drop)
        })
    }

    fn of_user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SignedIn>>> {
        let user = user.to_owned();
        self.within(async move |inner: Arc<Inner>| {
            let kinds = [Kind::Text, Kind::Integer, Kind::Integer, Kind::Text];
            let rows = inner.read(&inner.statements.list, vec![text(&user)], &kinds, None).await?;
            let told = rows.into_iter().filter_map(|row| match <[Value; 4]>::try_from(row).ok()? {
                [Value::Text(id), Value::Integer(started_at), Value::Integer(seen_at), label] => {
                    let label = owned(label).unwrap_or_default();
                    Some(SignedIn { id, started_at, seen_at, label, current: false })
                }
                _ => None,
            });
            Ok(told.collect())
        })
    }

    fn end<'a>(&'a self, user: &'a str, which: Which<'a>) -> BoxFuture<'a, Result<Vec<String>>> {
        let mut parameters = vec![text(user)];
        parameters.extend(match which {
            Which::One(key) | Which::AllBut(key) => Some(text(key)),
            Which::All => None,
        });
        let statement = match which {
            Which::One(_) => |all: &Statements| all.end_one.clone(),
            Which::AllBut(_) => |all: &Statements| all.end_others.clone(),
            Which::All => |all: &Statements| all.end_all.clone(),
        };
        self.within(async move |inner: Arc<Inner>| {
            inner.remove(&statement(&inner.statements), parameters).await
        })
    }

    fn alive<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<bool>>> {
        let keys = keys.to_vec();
        self.within(async move |inner: Arc<Inner>| inner.look_for(&keys).await)
    }

    fn add<'a>(&'a self, id: &'a Id, key: &'a str, by: i64) -> BoxFuture<'a, Result<Added>> {
        let (session, key) = (id.hash(), key.to_owned());
        self.within(async move |inner: Arc<Inner>| {
            let add = |held: Option<String>| {
                let before = held.map_or(Ok(0), |held| held.parse::<i64>());
                match before.ok().and_then(|before| before.checked_add(by)) {
                    Some(now) => (Added::Now(now), Some(now.to_string())),
                    None => (Added::NoNumber, None),
                }
            };
            Ok(inner.replace(&session, key, add).await?.unwrap_or(Added::Gone))
        })
    }

    fn swap<'a>(
        &'a self,
        id: &'a Id,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Swapped>> {
        let (session, key) = (id.hash(), key.to_owned());
        let (old, new) = (old.map(str::to_owned), new.to_owned());
        self.within(async move |inner: Arc<Inner>| {
            let swap = |holds: Option<String>| match holds == old {
                true => (Swapped::Done, Some(new)),
                false => (Swapped::Holds(holds), None),
            };
            Ok(inner.replace(&session, key, swap).await?.unwrap_or(Swapped::Gone))
        })
    }

    fn lock<'a>(&'a self, id: &'a Id, token: &'a str, lease: Duration) -> BoxFuture<'a, Result<bool>> {
        let (key, token) = (id.hash(), token.to_owned());
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX).min(1 << 52);
        self.within(async move |inner: Arc<Inner>| {
            let parameters = vec![text(&key), text(&token), lease.into()];
            if inner.hits(&inner.statements.lock, parameters).await? {
                return Ok(true);
            }
            // At what is gone nobody takes turns.
            Ok(inner.look_for(&[key]).await? == [false])
        })
    }

    fn unlock<'a>(&'a self, id: &'a Id, token: &'a str) -> BoxFuture<'a, Result<()>> {
        let (key, token) = (id.hash(), token.to_owned());
        self.within(async move |inner: Arc<Inner>| {
            inner.write(&inner.statements.unlock, vec![text(&key), text(&token)], &[]).await.map(drop)
        })
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        async {
            match self.0.made().await {
                // It is looked for again when somebody has a session.
                Ok(()) | Err(DbError::Unavailable { .. } | DbError::Busy | DbError::Timeout) => Ok(()),
                Err(why) => {
                    Err(SessionError::NoTable { why, columns: self.0.statements.columns.clone() }.into())
                }
            }
        }
        .boxed()
    }

    fn sweep(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.0.made().await?;
            loop {
                let swept = self.0.remove(&self.0.statements.sweep, vec![BATCH.into()]).await?;
                if swept.len() < usize::try_from(BATCH).unwrap_or_default() {
                    return Ok(());
                }
                sleep(PAUSE).await;
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
