//! The files of a datastore's migrations: `<version>_<name>.up.sql`, `.down.sql`, and what the tables were like
//! after the last one, `schema.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dialect::Dialect;
use super::plan::Plan;
use super::shape::Shape;
use super::split::{Statement, split};
use crate::db::Engine;
use crate::{Error, Result};

/// What a line that steers how a file is run begins with.
const HEADER: &str = "-- regatta:";

/// Digits of a version: `20261121065500`.
const DIGITS: usize = 14;

/// The snapshot's own version.
const FORMAT: u32 = 1;

/// Where the files of one datastore and engine are.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// As people write it, from the app's folder on.
    pub(super) shown: String,
    pub(super) engine: Engine,
}

/// A migration.
#[derive(Debug, Clone)]
pub(super) struct Migration {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) up: Script,
    pub(super) down: Option<Script>,
}

/// What a file says.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// The file's name.
    pub(super) file: String,
    pub(super) checksum: String,
    pub(super) statements: Vec<Statement>,
    pub(super) header: Header,
}

/// How a file is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Each statement by itself.
    pub(super) no_transaction: bool,
    /// SQLite does not look at foreign keys until the end.
    pub(super) foreign_keys_off: bool,
    /// On a database that has its tables already it counts as applied.
    pub(super) baseline: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    format: u32,
    engine: String,
    #[serde(flatten)]
    shape: Shape,
}

impl Migration {
    /// `20261121065500_add_town_to_person`
    pub(super) fn full_name(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

impl Folder {
    pub(super) fn is_there(&self) -> bool {
        self.path.is_dir()
    }

    /// Every migration, the oldest first.
    ///
    /// # Errors
    /// A file that can't be read, whose name means nothing, or that has no other half; two of one version.
    pub(super) fn migrations(&self) -> Result<Vec<Migration>> {
        let mut halves: BTreeMap<(String, String), (Option<Script>, Option<Script>)> = BTreeMap::new();
        let entries = std::fs::read_dir(&self.path).map_err(self.failed("read", ""))?;
        for entry in entries {
            let entry = entry.map_err(self.failed("read", ""))?;
            let Ok(file) = entry.file_name().into_string() else { continue };
            let Some(stem) = file.strip_suffix(".sql") else { continue };
            let named = stem.rsplit_once('.').and_then(|(full, way)| Some((full.split_once('_')?, way)));
            let Some(((version, name), way @ ("up" | "down"))) = named else {
                return Err(self.misnamed(&file));
            };
            if version.len() != DIGITS || !version.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(self.misnamed(&file));
            }
            let text = std::fs::read_to_string(entry.path()).map_err(self.failed("read", &file))?;
            let script = Some(self.script(&file, &text)?);
            let half = halves.entry((version.to_owned(), name.to_owned())).or_default();
            *(if way == "up" { &mut half.0 } else { &mut half.1 }) = script;
        }
        let mut migrations: Vec<Migration> = Vec::with_capacity(halves.len());
        for ((version, name), (up, down)) in halves {
            let Some(up) = up else {
                return Err(wrong(format!(
                    "{}/{version}_{name}.down.sql undoes a file that is not there: add {version}_{name}.up.sql",
                    self.shown
                )));
            };
            if migrations.last().is_some_and(|last| last.version == version) {
                return Err(wrong(format!(
                    "{} has two migrations of version {version}: give one a later number",
                    self.shown
                )));
            }
            migrations.push(Migration { version, name, up, down });
        }
        Ok(migrations)
    }

    fn misnamed(&self, file: &str) -> Error {
        wrong(format!(
            "{}/{file} is no migration: name it <yyyymmddhhmmss>_<name>.up.sql or .down.sql, or move it away",
            self.shown
        ))
    }

    fn script(&self, file: &str, text: &str) -> Result<Script> {
        let header = Header::of(text).map_err(|word| {
            wrong(format!(
                "{}/{file} is headed `{HEADER} {word}`: it may be no-transaction, foreign-keys-off or baseline",
                self.shown
            ))
        })?;
        let statements = split(self.engine, text);
        if !header.no_transaction
            && let Some(statement) = statements.iter().find(|statement| statement.is_about_transactions())
        {
            return Err(wrong(format!(
                "{}/{file}, line {}: `{}`, but the whole file is one transaction already: take it out, or head the \
                 file with `{HEADER} no-transaction`",
                self.shown,
                statement.line,
                statement.start()
            )));
        }
        // The same on every system.
        let digest = Sha256::digest(text.replace("\r\n", "\n"));
        let checksum = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Ok(Script { file: file.to_owned(), checksum, statements, header })
    }

    /// What the tables were like after the last migration; nothing before the first.
    ///
    /// # Errors
    /// A file that can't be read or means nothing.
    pub(super) fn snapshot(&self) -> Result<Option<Shape>> {
        let text = match std::fs::read_to_string(self.path.join("schema.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", "schema.json")(error)),
        };
        let read: Result<Snapshot, _> = serde_json::from_str(&text);
        match read {
            Ok(snapshot) if snapshot.format == FORMAT => Ok(Some(snapshot.shape)),
            Ok(snapshot) => Err(wrong(format!(
                "{}/schema.json has the format {}, this app knows {FORMAT}: build it with the regatta that wrote it",
                self.shown, snapshot.format
            ))),
            Err(error) => Err(wrong(format!(
                "{}/schema.json can't be read ({error}): take it from git again, and after a merge write what both sides \
                 have",
                self.shown
            ))),
        }
    }

    /// Writes both files, then the snapshot; returns their names.
    ///
    /// # Errors
    /// A file that can't be written.
    pub(super) fn write(&self, full_name: &str, up: &str, down: &str, shape: &Shape) -> Result<[String; 2]> {
        std::fs::create_dir_all(&self.path).map_err(self.failed("made", ""))?;
        let names = [format!("{full_name}.up.sql"), format!("{full_name}.down.sql")];
        for (name, text) in names.iter().zip([up, down]) {
            std::fs::write(self.path.join(name), text).map_err(self.failed("written", name))?;
        }
        let mut shape = shape.clone();
        shape.tables.sort_by(|one, other| one.name.cmp(&other.name));
        let engine = Dialect(self.engine).name().to_owned();
        let text = serde_json::to_string_pretty(&Snapshot { format: FORMAT, engine, shape });
        let text = text.map_err(Error::internal)? + "\n";
        let (draft, last) = (self.path.join("schema.json.new"), self.path.join("schema.json"));
        std::fs::write(&draft, text).map_err(self.failed("written", "schema.json"))?;
        std::fs::rename(&draft, &last).map_err(self.failed("written", "schema.json"))?;
        Ok(names.map(|name| format!("{}/{name}", self.shown)))
    }

    fn failed(&self, what: &str, file: &str) -> impl Fn(io::Error) -> Error {
        let message = format!("{}/{file} can't be {what}", self.shown);
        move |error| wrong(format!("{message} ({error}): check its rights"))
    }
}

impl Header {
    /// What the comments at the top say.
    ///
    /// # Errors
    /// A word that means nothing.
    fn of(text: &str) -> Result<Self, String> {
        let mut header = Self::default();
        let top = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("--"));
        for word in top.filter_map(|line| line.strip_prefix(HEADER)).map(str::trim) {
            match word {
                "no-transaction" => header.no_transaction = true,
                "foreign-keys-off" => header.foreign_keys_off = true,
                "baseline" => header.baseline = true,
                _ => return Err(word.to_owned()),
            }
        }
        Ok(header)
    }
}

/// The text of a file.
pub(super) fn text(plan: &Plan, header: Header, about: &str) -> String {
    let mut text = String::new();
    let words = [
        (header.baseline, "baseline"),
        (header.no_transaction, "no-transaction"),
        (header.foreign_keys_off || plan.without_foreign_keys, "foreign-keys-off"),
    ];
    for (_, word) in words.iter().filter(|(is_on, _)| *is_on) {
        let _ = writeln!(text, "{HEADER} {word}");
    }
    let _ = writeln!(text, "-- {about}");
    for statement in &plan.statements {
        text.push('\n');
        for line in statement.comment.iter().flat_map(|comment| comment.lines()) {
            let _ = writeln!(text, "-- {line}");
        }
        let _ = writeln!(text, "{};", statement.sql);
    }
    text
}

/// A version for now, later than `last`: `20261121065500`.
pub(super) fn next_version(last: Option<&str>) -> String {
    let version = |since: Duration| {
        let moment = humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string();
        moment.chars().filter(char::is_ascii_digit).collect::<String>()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let later = (0..).map(|second| version(now + Duration::from_secs(second)));
    // A version far in the future is counted on from.
    later.take(3_600).find(|version| last.is_none_or(|last| version.as_str() > last)).unwrap_or_else(|| {
        let last: u64 = last.and_then(|last| last.parse().ok()).unwrap_or_default();
        format!("{:014}", last + 1)
    })
}

/// A name that is good in a file: lower case letters, digits and `_`.
pub(super) fn tidy(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// Where the files of a datastore are. That of the models is unnamed.
pub(super) fn folder(root: &Path, datastore: Option<&str>, engine: Engine) -> Folder {
    let name = Dialect(engine).name();
    let shown = match datastore {
        None => format!("migrations/{name}"),
        Some(datastore) => format!("migrations/{datastore}/{name}"),
    };
    Folder { path: root.join(&shown), shown, engine }
}

/// A mistake in the app's files.
pub(super) fn wrong(message: String) -> Error {
    Error::internal(message)
}
