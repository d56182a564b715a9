//! What a person found out about a migration that did not get to its end.

use super::apply::Runner;
use super::files::wrong;
use super::ledger::{self, Row, Source, State};
use crate::Result;

/// How a person settled a migration that did not get to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resolution {
    /// All of it is there.
    Applied,
    /// Nothing of it is there.
    Undone,
    /// The next run goes on at this statement, counted from 1.
    Next(i64),
}

impl Runner<'_> {
    /// Writes down what a person found out.
    pub(super) async fn resolve(&mut self, version: &str, how: Resolution) -> Result<()> {
        let shown = &self.folder.shown;
        let rows = ledger::read(Source::Session(&mut self.work.session)).await?;
        let row = rows.iter().find(|row| row.version == version);
        let migration = self.migrations.iter().find(|migration| migration.version == version);
        let session = &mut self.work.session;
        match (how, row, migration) {
            (Resolution::Undone, Some(_), _) => ledger::delete(session, version).await?,
            (Resolution::Applied, Some(row), migration) => {
                let mut row = row.clone().applied();
                if let Some(migration) = migration {
                    row.checksum.clone_from(&migration.up.checksum);
                }
                ledger::update(session, &row).await?;
            }
            (Resolution::Applied, None, Some(migration)) => {
                ledger::insert(session, &Row::of(migration).applied()).await?;
            }
            (Resolution::Next(next), Some(row), _)
                if !row.is_applied() && (1..=row.statements + 1).contains(&next) =>
            {
                let row = Row { state: State::Resumes, done: next - 1, ..row.clone() };
                ledger::update(session, &row).await?;
            }
            (Resolution::Next(_), Some(row), _) if row.is_applied() => {
                return Err(wrong(format!(
                    "{version} is applied to its end: there is nothing to go on with"
                )));
            }
            (Resolution::Next(_), Some(row), _) => {
                let last = row.statements + 1;
                return Err(wrong(format!(
                    "{version} has {} statements: --next is 1 to {last}",
                    row.statements
                )));
            }
            (_, None, _) => {
                return Err(wrong(format!(
                    "nothing is known of a migration {version} in this database, see `migrate status`; its files are in \
                     {shown}"
                )));
            }
        }
        Ok(())
    }
}
