//! The table that remembers which migrations a database has.

use sea_query::{Expr, ExprTrait};

use super::dialect::Dialect;
use super::files::Migration;
use crate::db::{DbError, Kind, Layout, Query, Session, Store, Value};
use crate::models::Timestamp;

/// The table's name.
pub(super) const TABLE: &str = "regatta_migrations";

/// The same on every engine.
const COLUMNS: &str = "version varchar(32) NOT NULL PRIMARY KEY, name varchar(200) NOT NULL, checksum varchar(64) NOT NULL, \
                       direction varchar(4) NOT NULL, state varchar(10) NOT NULL, statements bigint NOT NULL, \
                       done bigint NOT NULL, started_at bigint NOT NULL, applied_at bigint";

/// What is known of a migration.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) version: String,
    pub(super) name: String,
    /// Of the file that was applied.
    pub(super) checksum: String,
    /// Whether it was being undone.
    pub(super) is_down: bool,
    pub(super) state: State,
    pub(super) statements: i64,
    /// How many of them were done.
    pub(super) done: i64,
    pub(super) applied_at: Option<Timestamp>,
}

/// How far a migration got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// To the end.
    Applied,
    /// It runs, or its process was killed.
    Running,
    /// A statement failed.
    Failed,
    /// Somebody said where to go on.
    Resumes,
}

impl State {
    const ALL: [Self; 4] = [Self::Applied, Self::Running, Self::Failed, Self::Resumes];

    fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Resumes => "resumes",
        }
    }
}

impl Row {
    /// Of a migration whose file runs now.
    pub(super) fn of(migration: &Migration) -> Self {
        Self {
            version: migration.version.clone(),
            name: migration.name.clone(),
            checksum: migration.up.checksum.clone(),
            is_down: false,
            state: State::Running,
            statements: i64::try_from(migration.up.statements.len()).unwrap_or(i64::MAX),
            done: 0,
            applied_at: None,
        }
    }

    /// The same, done.
    pub(super) fn applied(self) -> Self {
        let applied_at = Some(Timestamp::now());
        Self { state: State::Applied, done: self.statements, is_down: false, applied_at, ..self }
    }

    /// How far it got, when not to its end.
    pub(super) fn progress(&self) -> Option<(i64, i64)> {
        (!self.is_applied()).then_some((self.done, self.statements))
    }

    pub(super) fn applied_millis(&self) -> Option<i64> {
        self.applied_at.map(Timestamp::as_millis)
    }

    pub(super) fn is_applied(&self) -> bool {
        self.state == State::Applied
    }
}

/// Where it is read: in the work that changes tables, or on any connection.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Session(&'a mut Session),
    Store(&'a Store),
}

impl Source<'_> {
    async fn rows(&mut self, query: Query, kinds: &[Kind]) -> Result<Vec<Vec<Value>>, DbError> {
        let layout = Layout::new(kinds.len(), kinds.iter().copied().enumerate().collect());
        match self {
            Self::Session(session) => session.rows(query, &layout).await,
            Self::Store(store) => store.rows(query, &layout, None).await,
        }
    }

    async fn has_table(&mut self, dialect: Dialect) -> Result<bool, DbError> {
        let query = Query::of_text(&dialect.is_there(TABLE), &[]);
        Ok(!self.rows(query, &[]).await?.is_empty())
    }

    fn store(&self) -> &Store {
        match self {
            Self::Session(session) => session.store(),
            Self::Store(store) => store,
        }
    }
}

/// Every row, the oldest migration first; none when there is no table.
pub(super) async fn read(mut source: Source<'_>) -> Result<Vec<Row>, DbError> {
    let dialect = Dialect(source.store().engine());
    if !source.has_table(dialect).await? {
        return Ok(Vec::new());
    }
    let mut select = sea_query::Query::select();
    let columns = ["version", "name", "checksum", "direction", "state", "statements", "done", "applied_at"];
    select.columns(columns).from(TABLE).order_by("version", sea_query::Order::Asc);
    let kinds = [
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Integer,
        Kind::Integer,
        Kind::Timestamp,
    ];
    let query = source.store().build(&select);
    Ok(source.rows(query, &kinds).await?.into_iter().filter_map(row).collect())
}

fn row(values: Vec<Value>) -> Option<Row> {
    let [version, name, checksum, direction, state, statements, done, applied_at] =
        <[Value; 8]>::try_from(values).ok()?;
    let number = |value| if let Value::Integer(number) = value { number } else { 0 };
    let state = state.to_string();
    Some(Row {
        version: version.to_string(),
        name: name.to_string(),
        checksum: checksum.to_string(),
        is_down: direction.to_string() == "down",
        state: State::ALL.into_iter().find(|known| known.word() == state).unwrap_or(State::Failed),
        statements: number(statements),
        done: number(done),
        applied_at: match applied_at {
            Value::Timestamp(millis) => Some(Timestamp::from_millis(millis)),
            _ => None,
        },
    })
}

/// Makes sure that the table is there.
pub(super) async fn make_table(session: &mut Session) -> Result<(), DbError> {
    let dialect = Dialect(session.store().engine());
    // An engine that is told to make what is there says so in the log.
    if Source::Session(session).has_table(dialect).await? {
        return Ok(());
    }
    session.run(&format!("CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")).await
}

/// Adds a row.
pub(super) async fn insert(session: &mut Session, row: &Row) -> Result<(), DbError> {
    let mut insert = sea_query::Query::insert();
    let values =
        [("version", row.version.as_str()), ("name", &row.name)].map(|(name, value)| (name, value.into()));
    let values: Vec<(&str, Expr)> = values
        .into_iter()
        .chain(changing(row))
        .chain([("started_at", Timestamp::now().as_millis().into())])
        .collect();
    insert.into_table(TABLE).columns(values.iter().map(|(name, _)| *name));
    insert.values_panic(values.into_iter().map(|(_, value)| value));
    let query = session.store().build(&insert);
    session.rows(query, &Layout::new(0, Vec::new())).await.map(drop)
}

/// Changes the row of the same version.
pub(super) async fn update(session: &mut Session, row: &Row) -> Result<(), DbError> {
    let mut update = sea_query::Query::update();
    update.table(TABLE).values(changing(row)).and_where(Expr::col("version").eq(row.version.as_str()));
    let query = session.store().build(&update);
    session.rows(query, &Layout::new(0, Vec::new())).await.map(drop)
}

/// Forgets a migration.
pub(super) async fn delete(session: &mut Session, version: &str) -> Result<(), DbError> {
    let mut delete = sea_query::Query::delete();
    delete.from_table(TABLE).and_where(Expr::col("version").eq(version));
    let query = session.store().build(&delete);
    session.rows(query, &Layout::new(0, Vec::new())).await.map(drop)
}

fn changing(row: &Row) -> [(&'static str, Expr); 6] {
    [
        ("checksum", row.checksum.as_str().into()),
        ("direction", if row.is_down { "down" } else { "up" }.into()),
        ("state", row.state.word().into()),
        ("statements", row.statements.into()),
        ("done", row.done.into()),
        ("applied_at", row.applied_at.map(Timestamp::as_millis).into()),
    ]
}
