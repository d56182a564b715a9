//! The statements of [`Once`](super::Once): one row for each name. Whether an update hit is read back, since not
//! every engine returns what it wrote.

use sea_query::{Expr, ExprTrait, UpdateStatement};

use super::TABLE;
use crate::db::{DbError, Kind, Layout, Query, Store, Value};
use crate::models::Timestamp;
use crate::{Error, Result};

/// The same on every engine.
const COLUMNS: &str = "name varchar(200) NOT NULL PRIMARY KEY, holder varchar(100) NOT NULL, beats bigint NOT NULL, \
                       started_at bigint NOT NULL, finished_at bigint";

/// What is known of something that is done once.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) holder: String,
    pub(super) beats: i64,
    pub(super) finished: Option<Timestamp>,
}

/// Makes sure that the table is there.
pub(super) async fn make_table(store: &Store) -> Result<()> {
    match run(store, &format!("SELECT 1 FROM {TABLE} LIMIT 1")).await {
        Ok(()) => return Ok(()),
        Err(DbError::Other(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let made = run(store, &format!("CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")).await;
    // Of several who make it at once, one may be told that it exists.
    match (run(store, &format!("SELECT 1 FROM {TABLE} LIMIT 1")).await, made) {
        (Ok(()), _) => Ok(()),
        (Err(_), Err(why)) | (Err(why), Ok(())) => Err(Error::internal(format!(
            "the table `{TABLE}`, which remembers what ran once, can't be made ({why}): let the database's user \
             create tables, or make it yourself: CREATE TABLE {TABLE} ({COLUMNS})"
        ))
        .with_source(why)),
    }
}

pub(super) async fn read(store: &Store, name: &str) -> Result<Option<Row>, DbError> {
    let mut select = sea_query::Query::select();
    select.columns(["holder", "beats", "finished_at"]).from(TABLE).and_where(Expr::col("name").eq(name));
    let kinds = [Kind::Text, Kind::Integer, Kind::Integer];
    let layout = Layout::new(kinds.len(), kinds.into_iter().enumerate().collect());
    let row = store.rows(store.build(&select), &layout, None).await?.pop();
    Ok(row.and_then(|row| <[Value; 3]>::try_from(row).ok()).and_then(|row| match row {
        [Value::Text(holder), Value::Integer(beats), finished] => {
            let finished = match finished {
                Value::Integer(millis) => Some(Timestamp::from_millis(millis)),
                _ => None,
            };
            Some(Row { holder, beats, finished })
        }
        _ => None,
    }))
}

/// Begins what nobody began; false when somebody else just did.
pub(super) async fn insert(store: &Store, name: &str, holder: &str) -> Result<bool, DbError> {
    let mut insert = sea_query::Query::insert();
    insert.into_table(TABLE).columns(["name", "holder", "beats", "started_at"]).values_panic([
        name.into(),
        holder.into(),
        0_i64.into(),
        Timestamp::now().as_millis().into(),
    ]);
    match store.rows(store.build(&insert), &nothing(), None).await {
        Ok(_) => Ok(true),
        Err(DbError::Unique { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes over from whoever had it, unless the row changed since it was seen; says whether that worked.
pub(super) async fn take(store: &Store, name: &str, seen: &Row, holder: &str) -> Result<bool, DbError> {
    let mut update = update(name, &seen.holder);
    update
        .value("holder", holder)
        .value("beats", seen.beats + 1)
        .value("started_at", Timestamp::now().as_millis())
        .value("finished_at", None::<i64>)
        .and_where(Expr::col("beats").eq(seen.beats));
    store.rows(store.build(&update), &nothing(), None).await?;
    holds(store, name, holder).await
}

/// Adds a beat to somebody else's, unless they did.
pub(super) async fn challenge(store: &Store, name: &str, seen: &Row) -> Result<(), DbError> {
    let mut update = update(name, &seen.holder);
    update.value("beats", seen.beats + 1).and_where(Expr::col("beats").eq(seen.beats));
    store.rows(store.build(&update), &nothing(), None).await.map(drop)
}

/// Says that `holder` is at work; false when it is not any more.
pub(super) async fn beat(store: &Store, name: &str, holder: &str) -> Result<bool, DbError> {
    let mut update = update(name, holder);
    update.value("beats", Expr::col("beats").add(1_i64));
    store.rows(store.build(&update), &nothing(), None).await?;
    holds(store, name, holder).await
}

/// Remembers the work as done; false when it is not `holder`'s any more.
pub(super) async fn finish(
    store: &Store,
    name: &str,
    holder: &str,
    when: Timestamp,
) -> Result<bool, DbError> {
    let mut update = update(name, holder);
    update.value("finished_at", when.as_millis());
    store.rows(store.build(&update), &nothing(), None).await?;
    holds(store, name, holder).await
}

/// As if it had never begun.
pub(super) async fn release(store: &Store, name: &str, holder: &str) -> Result<(), DbError> {
    let mut delete = sea_query::Query::delete();
    delete.from_table(TABLE).and_where(Expr::col("name").eq(name)).and_where(Expr::col("holder").eq(holder));
    store.rows(store.build(&delete), &nothing(), None).await.map(drop)
}

async fn holds(store: &Store, name: &str, holder: &str) -> Result<bool, DbError> {
    Ok(read(store, name).await?.is_some_and(|row| row.holder == holder))
}

fn update(name: &str, holder: &str) -> UpdateStatement {
    let mut update = sea_query::Query::update();
    update.table(TABLE).and_where(Expr::col("name").eq(name)).and_where(Expr::col("holder").eq(holder));
    update
}

async fn run(store: &Store, sql: &str) -> Result<(), DbError> {
    store.rows(Query::of_text(sql, &[]), &nothing(), None).await.map(drop)
}

fn nothing() -> Layout {
    Layout::new(0, Vec::new())
}
