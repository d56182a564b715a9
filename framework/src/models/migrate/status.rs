//! What is to be done about a database and its files.

use serde::Serialize;

use super::Migrations;
use super::compare::compare;
use super::dialect::Dialect;
use super::draft;
use super::files::{Folder, Migration};
use super::inspect;
use super::ledger::{self, Row, Source, State};
use crate::Result;
use crate::db::DbError;

/// A datastore, its files and its models.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Its name in `config/datastores.toml`.
    pub(crate) datastore: String,
    /// `sqlite`, `postgres` …
    pub(crate) engine: &'static str,
    /// Where its files are; nothing when there are none for this engine.
    pub(crate) folder: Option<String>,
    /// Whether `alter` keeps the database up to date, and files are for others.
    pub(crate) alters: bool,
    /// Every migration, the oldest first.
    pub(crate) migrations: Vec<MigrationStatus>,
    /// What differs between the database and the models.
    pub(crate) drift: Vec<String>,
    /// What changed in the models since the last file was written.
    pub(crate) unwritten: Vec<String>,
    /// Whether there is nothing to do.
    pub(crate) ok: bool,
}

/// A migration in one database.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MigrationStatus {
    /// `20261121065500_add_town_to_person`
    pub(crate) name: String,
    /// How it stands.
    pub(crate) state: Standing,
    /// How many of its statements were done, and how many there are, when it stopped half way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<(i64, i64)>,
    /// When it was applied, in milliseconds since 1970.
    pub(crate) applied_at: Option<i64>,
}

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standing {
    /// It was applied, and its file is as it was.
    Applied,
    /// It was not applied.
    Pending,
    /// It was applied, and its file was changed since.
    Changed,
    /// It was applied, but there is no such file.
    Vanished,
    /// It did not get to its end.
    Interrupted,
}

impl Status {
    /// How many migrations stand so.
    pub(crate) fn count(&self, standing: Standing) -> usize {
        self.migrations.iter().filter(|migration| migration.state == standing).count()
    }

    /// What is wrong, in one line; nothing when all is well. With `but_pending`, others tell what is not applied.
    pub(crate) fn trouble(&self, but_pending: bool) -> Option<String> {
        let is_told = |standing| but_pending && matches!(standing, Standing::Pending | Standing::Interrupted);
        let counted = [
            (Standing::Interrupted, "did not get to their end: run `migrate up` to see what to do"),
            (Standing::Pending, "are pending: run `migrate up`"),
            (Standing::Changed, "changed after they were applied: see `migrate status`"),
            (Standing::Vanished, "are applied but not among the files: see `migrate status`"),
        ];
        let mut troubles: Vec<_> = counted
            .into_iter()
            .filter(|(standing, _)| !is_told(*standing) && !self.excuses(*standing))
            .map(|(standing, text)| (self.count(standing), text))
            .filter(|(count, _)| *count > 0)
            .map(|(count, text)| format!("{count} migration(s) {text}"))
            .collect();
        let places = |count: usize| if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
        if !self.unwritten.is_empty() {
            let places = places(self.unwritten.len());
            troubles.push(format!("the models changed in {places} since the last file: run `migrate new`"));
        }
        if !self.told_drift().is_empty() {
            let hint = if self.alters { "; the next start adds what is missing" } else { "" };
            let places = places(self.drift.len());
            troubles.push(format!("the database differs from the models in {places}{hint}"));
        }
        (!troubles.is_empty()).then(|| troubles.join("; "))
    }

    /// What differs, once nothing is pending that would change it.
    pub(crate) fn told_drift(&self) -> &[String] {
        let is_pending = self.count(Standing::Pending) > 0 && !self.excuses(Standing::Pending);
        if is_pending { &[] } else { &self.drift }
    }

    /// Files that are not for a database that `alter` keeps up to date.
    fn excuses(&self, standing: Standing) -> bool {
        let has_any = self.migrations.iter().any(|migration| migration.state != Standing::Pending);
        self.alters && !has_any && standing == Standing::Pending
    }
}

/// Looks at everything and changes nothing.
pub(super) async fn status(migrations: &Migrations, alters: bool) -> Result<Status> {
    let dialect = Dialect(migrations.store.engine());
    let folder = migrations.folder();
    let files = if folder.is_there() { folder.migrations()? } else { Vec::new() };
    let rows = ledger::read(Source::Store(&migrations.store)).await?;
    let mut session = migrations.store.session().await?;
    let have = inspect::inspect(&mut session).await;
    session.close(super::work::GOODBYE).await;
    let drift = compare(dialect, &migrations.schemas, &have?);
    let mut status = Status {
        datastore: migrations.datastore.clone(),
        engine: dialect.name(),
        folder: folder.is_there().then(|| folder.shown.clone()),
        alters,
        migrations: standings(&files, &rows),
        drift: drift.iter().map(ToString::to_string).collect(),
        unwritten: if folder.is_there() {
            draft::unwritten(&folder, &migrations.schemas)?
        } else {
            Vec::new()
        },
        ok: true,
    };
    status.ok = status.trouble(false).is_none();
    Ok(status)
}

/// Whether instances of this release may take requests: nothing is pending or half done.
///
/// # Errors
/// The database does not answer.
pub(super) async fn pending(migrations: &Migrations, files: &[Migration]) -> Result<Vec<String>, DbError> {
    let rows = ledger::read(Source::Store(&migrations.store)).await?;
    let open =
        |standing: &MigrationStatus| matches!(standing.state, Standing::Pending | Standing::Interrupted);
    Ok(standings(files, &rows).into_iter().filter(open).map(|standing| standing.name).collect())
}

fn standings(files: &[Migration], rows: &[Row]) -> Vec<MigrationStatus> {
    let mut standings: Vec<_> = files
        .iter()
        .map(|file| {
            let row = rows.iter().find(|row| row.version == file.version);
            let state = match row {
                None => Standing::Pending,
                Some(row) if row.state != State::Applied => Standing::Interrupted,
                Some(row) if row.checksum != file.up.checksum => Standing::Changed,
                Some(_) => Standing::Applied,
            };
            let applied_at = row.and_then(Row::applied_millis);
            MigrationStatus { name: file.full_name(), state, done: row.and_then(Row::progress), applied_at }
        })
        .collect();
    let vanished = rows.iter().filter(|row| !files.iter().any(|file| file.version == row.version));
    standings.extend(vanished.map(|row| MigrationStatus {
        name: format!("{}_{}", row.version, row.name),
        state: if row.is_applied() { Standing::Vanished } else { Standing::Interrupted },
        done: row.progress(),
        applied_at: row.applied_millis(),
    }));
    standings.sort_by(|one, other| one.name.cmp(&other.name));
    standings
}

/// Folders of other engines beside one that is missing.
pub(super) fn other_engines(folder: &Folder) -> Vec<String> {
    let Some(parent) = folder.path.parent() else { return Vec::new() };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().join("schema.json").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
