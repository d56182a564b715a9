//! Writing a migration: from what the tables were like after the last one to what the models want.

use super::compare::wanted;
use super::dialect::Dialect;
use super::diff::{Change, Renames, diff};
use super::files::{self, Folder, Header, wrong};
use super::plan::plan;
use super::review;
use super::shape::Shape;
use crate::Result;
use crate::models::Schema;
use std::sync::Arc;

/// What somebody asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Unset, what changes makes the name.
    pub(crate) name: Option<String>,
    /// Whether data may be lost.
    pub(crate) allow_drops: bool,
    /// `person=people` or `person.town=city`.
    pub(crate) renames: Vec<String>,
    /// Whether databases that have the tables already take the files as applied.
    pub(crate) baseline: bool,
    /// Whether to write files without a statement, for SQL of one's own.
    pub(crate) empty: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The two files.
    pub(crate) files: [String; 2],
    /// What changes, a line each.
    pub(crate) changes: Vec<String>,
    /// What a person should look at.
    pub(crate) risks: Vec<String>,
}

/// Writes the files, unless nothing changed.
///
/// # Errors
/// Changes that lose data without leave to do so; renames that fit nothing; files that can't be read or written.
pub(super) fn draft(folder: &Folder, schemas: &[Arc<Schema>], request: &Request) -> Result<Option<Draft>> {
    let dialect = Dialect(folder.engine);
    let migrations = if folder.is_there() { folder.migrations()? } else { Vec::new() };
    if request.baseline && !migrations.is_empty() {
        return Err(wrong(format!("{} has migrations already: a baseline is the first one", folder.shown)));
    }
    let before = folder.snapshot()?;
    if before.is_none() && !migrations.is_empty() {
        return Err(wrong(format!(
            "{0}/schema.json is missing, which says what the tables were like after the last migration: take it from git",
            folder.shown
        )));
    }
    let (before, mut after) = (before.unwrap_or_default(), wanted(dialect, schemas));
    let renames = Renames::read(&request.renames, &before, &after)?;
    let mut changes = diff(&before, &after, &renames);
    if request.empty {
        (changes, after) = (Vec::new(), before.clone());
    } else if changes.is_empty() {
        return Ok(None);
    }
    let losses = review::losses(dialect, &changes);
    if !losses.is_empty() && !request.allow_drops {
        return Err(refusal(&losses, &review::guesses(&changes)));
    }
    let name = match &request.name {
        Some(name) => files::tidy(name),
        None if request.empty => "change".to_owned(),
        None => files::tidy(&review::name(&changes)),
    };
    if name.is_empty() {
        return Err(wrong("a migration's name has letters in it: regatta migrate new add_town".to_owned()));
    }
    let back = diff(&after, &before, &if request.empty { Renames::default() } else { renames.inverse() });
    let header = Header { baseline: request.baseline, ..Header::default() };
    let full_name =
        format!("{}_{name}", files::next_version(migrations.last().map(|last| last.version.as_str())));
    let up = files::text(&plan(dialect, &changes), header, "Brings the tables to the models.");
    let down = files::text(&plan(dialect, &back), Header::default(), &format!("Undoes {full_name}.up.sql."));
    let files = folder.write(&full_name, &up, &down, &after)?;
    let risks = review::risks(&changes);
    Ok(Some(Draft { files, changes: review::describe(&changes), risks }))
}

/// What changed in the models since the last migration was written, a line each.
pub(super) fn unwritten(folder: &Folder, schemas: &[Arc<Schema>]) -> Result<Vec<String>> {
    let before = folder.snapshot()?.unwrap_or_default();
    let after = wanted(Dialect(folder.engine), schemas);
    let changes: Vec<Change> = diff(&before, &after, &Renames::default());
    Ok(review::describe(&changes))
}

fn refusal(losses: &[String], guesses: &[String]) -> crate::Error {
    let mut text = "nothing was written, because this would be lost:\n".to_owned();
    for loss in losses {
        text += &format!("  - {loss}\n");
    }
    if !guesses.is_empty() {
        text += "if it was renamed, say so and it is kept:\n";
        for guess in guesses {
            text += &format!("  --rename {guess}\n");
        }
    }
    wrong(text + "if it may go, say --allow-drops")
}

impl Renames {
    /// # Errors
    /// A rename of something that was not there, or to something no model has.
    fn read(texts: &[String], before: &Shape, after: &Shape) -> Result<Self> {
        let mut renames = Self::default();
        let (columns, tables): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.contains('.'));
        for text in tables {
            let (from, to) = halves(text)?;
            if before.table(from).is_none() || after.table(from).is_some() {
                return Err(wrong(format!("--rename {text}: no table `{from}` went away")));
            }
            if after.table(to).is_none() || before.table(to).is_some() {
                return Err(wrong(format!("--rename {text}: no model has a new table `{to}`")));
            }
            renames.tables.push((from.to_owned(), to.to_owned()));
        }
        for text in columns {
            let (from, to) = halves(text)?;
            let (table, from) = from.split_once('.').ok_or_else(|| unreadable(text))?;
            let to = to.rsplit_once('.').map_or(to, |(_, column)| column);
            let new_table = renames.new_table(table).to_owned();
            let had = before.tables.iter().find(|old| renames.new_table(&old.name) == new_table);
            let has = after.table(&new_table);
            if had.is_none_or(|had| had.column(from).is_none())
                || has.is_some_and(|has| has.column(from).is_some())
            {
                return Err(wrong(format!("--rename {text}: no column `{from}` of `{table}` went away")));
            }
            if has.is_none_or(|has| has.column(to).is_none())
                || had.is_some_and(|had| had.column(to).is_some())
            {
                return Err(wrong(format!("--rename {text}: `{new_table}` has no new column `{to}`")));
            }
            renames.columns.push((new_table, from.to_owned(), to.to_owned()));
        }
        Ok(renames)
    }
}

fn halves(text: &str) -> Result<(&str, &str)> {
    let halves = text.split_once('=').filter(|(from, to)| !from.is_empty() && !to.is_empty());
    halves.ok_or_else(|| unreadable(text))
}

fn unreadable(text: &str) -> crate::Error {
    wrong(format!("--rename {text} can't be read: write --rename person=people or --rename person.town=city"))
}
