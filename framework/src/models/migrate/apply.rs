//! Running versioned files, forwards and back.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::files::{Folder, Migration, Script, wrong};
use super::inspect;
use super::ledger::{self, Row, Source, State};
use super::split::Statement;
use super::work::Work;
use crate::Result;
use crate::db::{DbError, Kind, Store, Value};

/// Tells of each migration.
pub(crate) type Tell<'a> = &'a dyn Fn(&str);

/// What became of a migration.
enum Outcome {
    Done,
    /// Another instance was quicker.
    WasDone,
    /// The tables were there already.
    Adopted,
}

/// Runs files against one database.
pub(super) struct Runner<'a> {
    pub(super) work: Work,
    pub(super) folder: &'a Folder,
    pub(super) migrations: &'a [Migration],
    tell: Tell<'a>,
}

impl<'a> Runner<'a> {
    /// Waits until no other one changes tables, for at most `patience`.
    pub(super) async fn begin(
        store: &Store,
        folder: &'a Folder,
        migrations: &'a [Migration],
        patience: Duration,
        tell: Tell<'a>,
    ) -> Result<Self> {
        let mut work = Work::begin(store, patience).await?;
        let mut wait = work.wait();
        // SQLite has one writer at a time.
        while let Err(error) = ledger::make_table(&mut work.session).await {
            match error {
                DbError::Busy | DbError::Locked => wait.once().await?,
                error => return Err(error.into()),
            }
        }
        Ok(Self { work, folder, migrations, tell })
    }

    pub(super) async fn end(self) {
        self.work.end().await;
    }

    /// Applies what is pending, the oldest first, and stops at the first that fails. Returns how many it applied.
    pub(super) async fn up(&mut self) -> Result<usize> {
        let mut applied = 0;
        for migration in self.migrations {
            let rows = self.settled_rows().await?;
            let row = rows.iter().find(|row| row.version == migration.version);
            if let Some(row) = row.filter(|row| row.is_applied()) {
                if row.checksum != migration.up.checksum {
                    tracing::warn!(
                        "{} changed after it was applied: see `migrate status`",
                        self.path(&migration.up)
                    );
                }
                continue;
            }
            let start = Instant::now();
            let outcome = match row {
                Some(row) => self.go_on(migration, row.clone(), &migration.up).await?,
                None if self.is_whole(&migration.up) => {
                    self.in_transaction(migration, &migration.up, false).await?
                }
                None => self.by_itself(migration, None).await?,
            };
            let name = migration.full_name();
            match outcome {
                Outcome::Done => (self.tell)(&format!("applied {name} ({} ms)", start.elapsed().as_millis())),
                Outcome::Adopted => (self.tell)(&format!("took {name} as applied: its tables are there")),
                Outcome::WasDone => continue,
            }
            applied += 1;
        }
        Ok(applied)
    }

    /// Undoes the last `count` migrations, the newest first. Returns how many it undid.
    pub(super) async fn down(&mut self, count: usize) -> Result<usize> {
        let mut undone = 0;
        for _ in 0..count {
            let rows = self.settled_rows().await?;
            let Some(row) = rows.last() else { break };
            let (migration, script) = self.undoing(row)?;
            let start = Instant::now();
            if row.state == State::Resumes {
                self.go_on(migration, row.clone(), script).await?;
            } else if self.is_whole(script) {
                self.in_transaction(migration, script, true).await?;
            } else {
                self.by_itself(migration, Some((script, row.clone()))).await?;
            }
            let name = migration.full_name();
            (self.tell)(&format!("undid {name} ({} ms)", start.elapsed().as_millis()));
            undone += 1;
        }
        Ok(undone)
    }

    fn undoing(&self, row: &Row) -> Result<(&'a Migration, &'a Script)> {
        let name = format!("{}_{}", row.version, row.name);
        let shown = &self.folder.shown;
        let migration = self.migrations.iter().find(|migration| migration.version == row.version);
        let migration = migration.ok_or_else(|| {
            wrong(format!("{name} is applied, but {shown} has no such file: take it from git, or from the release that has it"))
        })?;
        let script = migration
            .down
            .as_ref()
            .ok_or_else(|| wrong(format!("{name} can't be undone: write {shown}/{name}.down.sql first")))?;
        if row.state == State::Resumes && !row.is_down {
            return Err(wrong(format!("{name} was not applied to its end: run `migrate up` first")));
        }
        Ok((migration, script))
    }

    /// Whether a file runs in one transaction.
    fn is_whole(&self, script: &Script) -> bool {
        !script.header.no_transaction && self.work.dialect.undoes_tables()
    }

    /// What is known, once nobody is in the middle of anything.
    ///
    /// # Errors
    /// A migration that was interrupted, with what to do.
    async fn settled_rows(&mut self) -> Result<Vec<Row>> {
        let mut wait = self.work.wait();
        loop {
            let rows = ledger::read(Source::Session(&mut self.work.session)).await?;
            let stuck = rows.iter().find(|row| matches!(row.state, State::Running | State::Failed));
            match stuck {
                None => return Ok(rows),
                // Where each transaction has a lock of its own somebody may still be at it.
                Some(row) if row.state == State::Running && self.work.dialect.try_lock().is_none() => {
                    if wait.once().await.is_err() {
                        return Err(wrong(self.interrupted(row)));
                    }
                }
                Some(row) => return Err(wrong(self.interrupted(row))),
            }
        }
    }

    /// What to do about a migration that did not get to its end.
    fn interrupted(&self, row: &Row) -> String {
        let migration = self.migrations.iter().find(|migration| migration.version == row.version);
        let script =
            migration.and_then(|found| if row.is_down { found.down.as_ref() } else { Some(&found.up) });
        let at = usize::try_from(row.done).unwrap_or_default();
        let place = match script.and_then(|script| Some((script, script.statements.get(at)?))) {
            Some((script, statement)) => {
                format!(" ({}, line {}: `{}`)", self.path(script), statement.line, statement.start())
            }
            None => String::new(),
        };
        let (next, all, version) = (at + 1, row.statements, &row.version);
        let what = match (row.state, row.is_down) {
            (State::Failed, _) => "failed at",
            (_, true) => "was interrupted while it was being undone, at",
            (_, false) => "was interrupted at",
        };
        let ways = [
            (format!("--next {next}"), "the statement did nothing: run it again"),
            (format!("--next {}", next + 1), "it took effect: go on behind it"),
            ("--applied".to_owned(), "all of the migration is there now"),
            ("--undone".to_owned(), "nothing of it is there any more"),
        ];
        let ways = ways.map(|(flag, when)| format!("\n  migrate resolve {version} {flag:9}  {when}"));
        format!(
            "{version}_{} {what} statement {next} of {all}{place}, outside a transaction. Look whether that statement \
             took effect, mend what is half done, then say where to go on:{}",
            row.name,
            ways.concat()
        )
    }

    async fn in_transaction(
        &mut self,
        migration: &Migration,
        script: &Script,
        is_down: bool,
    ) -> Result<Outcome> {
        let foreign_keys_off = script.header.foreign_keys_off && self.work.dialect.dangling().is_some();
        if foreign_keys_off {
            self.work.session.run("PRAGMA foreign_keys = OFF").await?;
        }
        self.work.transaction().await?;
        let outcome = self.within(migration, script, is_down, foreign_keys_off).await;
        match &outcome {
            Ok(Outcome::Done | Outcome::Adopted) => self.work.commit().await?,
            Ok(Outcome::WasDone) | Err(_) => self.work.roll_back().await,
        }
        if foreign_keys_off {
            self.work.session.run("PRAGMA foreign_keys = ON").await?;
        }
        outcome
    }

    async fn within(
        &mut self,
        migration: &Migration,
        script: &Script,
        is_down: bool,
        foreign_keys_off: bool,
    ) -> Result<Outcome> {
        let rows = ledger::read(Source::Session(&mut self.work.session)).await?;
        let is_applied = rows.iter().any(|row| row.version == migration.version);
        if is_applied != is_down {
            return Ok(Outcome::WasDone);
        }
        let mut outcome = Outcome::Done;
        if script.header.baseline && !is_down && rows.is_empty() && self.has_tables_of(script).await? {
            outcome = Outcome::Adopted;
        } else {
            let before = if foreign_keys_off { self.dangling().await? } else { HashSet::new() };
            for statement in &script.statements {
                let ran = self.work.session.run(&statement.sql).await;
                ran.map_err(|error| self.failed(script, statement, &error))?;
            }
            if foreign_keys_off {
                let after = self.dangling().await?;
                if let Some((table, row, target)) = after.difference(&before).next() {
                    return Err(wrong(format!(
                        "{} leaves the row {row} of `{table}` with a reference to a row of `{target}` that is not there; \
                         all of the file was undone: change the row in the file first",
                        self.path(script)
                    )));
                }
            }
        }
        if is_down {
            ledger::delete(&mut self.work.session, &migration.version).await?;
        } else {
            ledger::insert(&mut self.work.session, &Row::of(migration).applied()).await?;
        }
        Ok(outcome)
    }

    /// Runs a file statement by statement and writes down each.
    async fn by_itself(&mut self, migration: &Migration, undo: Option<(&Script, Row)>) -> Result<Outcome> {
        match undo {
            None => {
                let row = Row::of(migration);
                match ledger::insert(&mut self.work.session, &row).await {
                    Err(DbError::Unique { .. }) => return Ok(Outcome::WasDone),
                    other => other?,
                }
                self.go_on(migration, row, &migration.up).await
            }
            Some((script, row)) => {
                let statements = i64::try_from(script.statements.len()).unwrap_or(i64::MAX);
                let row = Row {
                    is_down: true,
                    state: State::Running,
                    statements,
                    done: 0,
                    applied_at: None,
                    ..row
                };
                ledger::update(&mut self.work.session, &row).await?;
                self.go_on(migration, row, script).await
            }
        }
    }

    /// Goes on behind the statements that were done.
    async fn go_on(&mut self, migration: &Migration, row: Row, script: &Script) -> Result<Outcome> {
        if row.is_down && std::ptr::eq(script, &migration.up) {
            return Err(wrong(format!(
                "{} was not undone to its end: run `migrate down` first",
                migration.full_name()
            )));
        }
        let mut row = Row { state: State::Running, checksum: migration.up.checksum.clone(), ..row };
        ledger::update(&mut self.work.session, &row).await?;
        let from = usize::try_from(row.done).unwrap_or_default();
        for statement in script.statements.iter().skip(from) {
            if let Err(error) = self.work.session.run(&statement.sql).await {
                row.state = State::Failed;
                ledger::update(&mut self.work.session, &row).await?;
                let cause = self.failed_alone(script, statement, &error);
                return Err(wrong(format!("{cause}\n{}", self.interrupted(&row))));
            }
            row.done += 1;
            ledger::update(&mut self.work.session, &row).await?;
        }
        if row.is_down {
            ledger::delete(&mut self.work.session, &row.version).await?;
        } else {
            ledger::update(&mut self.work.session, &row.applied()).await?;
        }
        Ok(Outcome::Done)
    }

    /// Whether the tables a file makes are all there; an error when only some are.
    async fn has_tables_of(&mut self, script: &Script) -> Result<bool> {
        let have = inspect::inspect(&mut self.work.session).await?;
        let makes: Vec<_> = script.statements.iter().filter_map(Statement::created_table).collect();
        let (there, missing): (Vec<_>, Vec<_>) =
            makes.into_iter().partition(|name| have.table(name).is_some());
        match (there.is_empty(), missing.is_empty()) {
            (false, true) => Ok(true),
            (true, _) => Ok(false),
            (false, false) => Err(wrong(format!(
                "{} is a baseline, but of its tables only {} are there and {} are not: bring the database to the state of \
                 the baseline first, with `migrate alter` or by hand",
                self.path(script),
                there.join(", "),
                missing.join(", ")
            ))),
        }
    }

    async fn dangling(&mut self) -> Result<HashSet<(String, String, String)>> {
        let Some(sql) = self.work.dialect.dangling() else { return Ok(HashSet::new()) };
        let rows =
            inspect::rows(&mut self.work.session, sql, &[Kind::Text, Kind::Integer, Kind::Text]).await?;
        let texts = |row: Vec<Value>| match row.as_slice() {
            [table, row, target] => Some((table.to_string(), row.to_string(), target.to_string())),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(texts).collect())
    }

    fn path(&self, script: &Script) -> String {
        format!("{}/{}", self.folder.shown, script.file)
    }

    fn failed_alone(&self, script: &Script, statement: &Statement, error: &DbError) -> String {
        // The database's own words; others add lines of the server's source.
        let cause = match error {
            DbError::Other(sqlx::Error::Database(told)) => told.message().to_owned(),
            other => other.to_string(),
        };
        format!("{}, line {}: {cause}: `{}`", self.path(script), statement.line, statement.start())
    }

    fn failed(&self, script: &Script, statement: &Statement, error: &DbError) -> crate::Error {
        let cause = self.failed_alone(script, statement, error);
        let hint = match statement.created_table() {
            Some(table) if error.to_string().contains("exists") => format!(
                "; when `{table}` was made by `alter`, take the files over with `migrate new --baseline`, or say that this \
                 one is there: `migrate resolve <version> --applied`"
            ),
            _ => String::new(),
        };
        wrong(format!("{cause}; all of the file was undone, files before it stay{hint}"))
    }
}
