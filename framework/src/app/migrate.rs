//! `migrate`: brings the database's tables to the models, by adding what they lack or with versioned files.

use std::process::ExitCode;

use super::App;
use super::output::say;
use super::server::{self, Parts};
use crate::config::Config;
use crate::http::Instance;
use crate::models::Timestamp;
use crate::models::migrate::{Migrations, Request, Resolution, Standing, Status};
use crate::{Error, Result};

/// `migrate`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  migrate                       apply pending files of migrations/, or, without any, add what tables lack
  migrate new                   write what changed in the models as migrations/<engine>/<version>_<name>.{up,down}.sql
  migrate new --rename person.town=city
  migrate status                what is pending, and where files, models and database differ; 1 when something is
  migrate down 2                undo the last two files")]
pub(crate) struct Migrate {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a migration of what changed in the models since the last one.
    New(New),
    /// Apply the files that were not applied yet.
    Up,
    /// Undo the last files that were applied.
    Down {
        /// How many
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
        count: u16,
        /// The datastore of config/datastores.toml [default: the one of config/models.toml]
        #[arg(long)]
        datastore: Option<String>,
    },
    /// Tell what is to be done; the exit code is 1 when anything is.
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Add the tables, columns and indexes that the database lacks; nothing is dropped or changed.
    Alter,
    /// Say how a file stands that stopped half way, or that was applied by hand.
    Resolve(Resolve),
}

/// `migrate new`
#[derive(Debug, clap::Args)]
struct New {
    /// What it does, such as add_town [default: made up of what changes]
    name: Option<String>,
    /// Write it although it drops tables or columns, or narrows types
    #[arg(long)]
    allow_drops: bool,
    /// Keep what was renamed: person.town=city, or person=people for a table
    #[arg(long = "rename", value_name = "OLD=NEW")]
    renames: Vec<String>,
    /// Databases that have these tables already take the file as applied
    #[arg(long, conflicts_with = "empty")]
    baseline: bool,
    /// Write files without a statement, for SQL of your own
    #[arg(long)]
    empty: bool,
    /// Write for this engine [default: those that have a folder in migrations/, else the one in use]
    #[arg(long = "engine", value_name = "ENGINE", value_delimiter = ',')]
    engines: Vec<String>,
    /// Write for this datastore only
    #[arg(long)]
    datastore: Option<String>,
}

/// `migrate resolve`
#[derive(Debug, clap::Args)]
struct Resolve {
    /// Such as 20261121065500
    version: String,
    #[command(flatten)]
    how: How,
    /// The datastore of config/datastores.toml [default: the one of config/models.toml]
    #[arg(long)]
    datastore: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct How {
    /// All of it is there
    #[arg(long)]
    applied: bool,
    /// Nothing of it is there
    #[arg(long)]
    undone: bool,
    /// The next run goes on at this statement, counted from 1
    #[arg(long, value_name = "STATEMENT")]
    next: Option<i64>,
}

pub(super) fn run(app: &App, config: Config, wanted: &Migrate) -> Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        let built = server::build(app, config, &Instance::named("migrate"))?;
        let outcome = run_within(&built.parts, wanted.command.as_ref()).await;
        built.end().await;
        outcome
    })
}

async fn run_within(parts: &Parts, command: Option<&Command>) -> Result<ExitCode> {
    let migrations = parts.migrations();
    match command {
        None => bring(parts, &migrations).await?,
        Some(Command::Up) => up(&migrations).await?,
        Some(Command::Alter) => alter(&migrations).await?,
        Some(Command::Down { count, datastore }) => {
            let undone = named(&migrations, datastore.as_deref())?.down((*count).into(), &say).await?;
            if undone == 0 {
                say("there is nothing to undo");
            }
        }
        Some(Command::New(wanted)) => write(&migrations, wanted)?,
        Some(Command::Status { json }) => return status(parts, &migrations, *json).await,
        Some(Command::Resolve(wanted)) => {
            let how = match wanted.how {
                How { applied: true, .. } => Resolution::Applied,
                How { next: Some(next), .. } => Resolution::Next(next),
                How { .. } => Resolution::Undone,
            };
            named(&migrations, wanted.datastore.as_deref())?.resolve(&wanted.version, how).await?;
            say("written down: go on with `migrate up` or `migrate down`");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What an app without files always did, or, with files, what is pending.
async fn bring(parts: &Parts, migrations: &[Migrations]) -> Result<()> {
    for one in migrations {
        let others = one.engines();
        if one.has_files() {
            up(std::slice::from_ref(one)).await?;
        } else if parts.config.environment.is_production() && !others.is_empty() {
            let (engine, others) = (one.engine(), others.join(", "));
            return Err(Error::internal(format!(
                "there are migrations for {others}, but this database is {engine}: write them with \
                 `migrate new --engine {engine}`, or add what it lacks with `migrate alter`"
            )));
        } else {
            alter(std::slice::from_ref(one)).await?;
        }
    }
    Ok(())
}

async fn up(migrations: &[Migrations]) -> Result<()> {
    let mut done = 0;
    // A datastore without files is another one's business, as long as one has some.
    let with_files: Vec<_> = migrations.iter().filter(|one| one.is_main || one.has_files()).collect();
    for one in with_files {
        done += one.up(&say).await?;
    }
    if done == 0 {
        say("nothing is pending");
    }
    Ok(())
}

async fn alter(migrations: &[Migrations]) -> Result<()> {
    let mut is_complete = true;
    for one in migrations {
        for step in one.alter().await? {
            is_complete = false;
            say(&step.to_string());
        }
    }
    if is_complete {
        say("the database has everything the models need");
    }
    Ok(())
}

fn write(migrations: &[Migrations], wanted: &New) -> Result<()> {
    let request = Request {
        name: wanted.name.clone(),
        allow_drops: wanted.allow_drops,
        renames: wanted.renames.clone(),
        baseline: wanted.baseline,
        empty: wanted.empty,
    };
    let chosen: Vec<_> = match wanted.datastore.as_deref() {
        Some(name) => vec![named(migrations, Some(name))?],
        None => migrations.iter().filter(|one| !wanted.empty || one.is_main).collect(),
    };
    let mut nothing = true;
    for one in chosen {
        let known = one.engines();
        let is_first = known.is_empty() && wanted.engines.is_empty();
        let engines = match (wanted.engines.is_empty(), is_first) {
            (false, _) => wanted.engines.clone(),
            (true, true) => vec![one.engine().to_owned()],
            (true, false) => known,
        };
        for engine in &engines {
            let Some(draft) = one.draft(engine, &request)? else { continue };
            nothing = false;
            let lines = draft.files.iter().map(|file| format!("wrote {file}"));
            let changes = draft.changes.iter().map(|change| format!("  {change}"));
            let risks = draft.risks.iter().map(|risk| format!("look at this: {risk}"));
            lines.chain(changes).chain(risks).for_each(|line| say(&line));
        }
        if is_first && !nothing {
            let engine = one.engine();
            say(&format!(
                "written for {engine}, the engine in use; when production runs another one, write for that: \
                 migrate new --engine postgres"
            ));
        }
    }
    if nothing {
        say("the models are what they were when the last migration was written");
    }
    Ok(())
}

async fn status(parts: &Parts, migrations: &[Migrations], json: bool) -> Result<ExitCode> {
    let alters = parts.config.migrate() == crate::config::Migrate::Alter;
    let mut all = Vec::with_capacity(migrations.len());
    for one in migrations {
        all.push(one.status(alters).await?);
    }
    let ok = all.iter().all(|status| status.ok);
    if json {
        let document = serde_json::json!({ "ok": ok, "datastores": all });
        say(&serde_json::to_string_pretty(&document).map_err(Error::internal)?);
    } else {
        all.iter().for_each(print);
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(status: &Status) {
    let folder = status.folder.as_deref().unwrap_or("no migrations of its own");
    say(&format!("{} ({}): {folder}", status.datastore, status.engine));
    for migration in &status.migrations {
        let when = match (migration.applied_at, migration.done) {
            (Some(millis), _) => moment(Timestamp::from_millis(millis)),
            (None, Some((done, all))) => format!("{done} of {all} statements done"),
            (None, None) => String::new(),
        };
        let state = word(migration.state);
        say(format!("  {state:11}  {}  {when}", migration.name).trim_end());
    }
    for change in &status.unwritten {
        say(&format!("  not written  {change}"));
    }
    for difference in status.told_drift() {
        say(&format!("  differs      {difference}"));
    }
    if status.alters {
        say("  here `alter` adds what the tables lack: files are for other databases (config/models.toml)");
    }
    match status.trouble(false) {
        Some(trouble) => say(&format!("  to do: {trouble}")),
        None => say("  nothing to do"),
    }
}

fn word(state: Standing) -> &'static str {
    match state {
        Standing::Applied => "applied",
        Standing::Pending => "pending",
        Standing::Changed => "changed",
        Standing::Vanished => "vanished",
        Standing::Interrupted => "interrupted",
    }
}

fn moment(when: Timestamp) -> String {
    humantime::format_rfc3339_seconds(when.into()).to_string()
}

fn named<'a>(migrations: &'a [Migrations], name: Option<&str>) -> Result<&'a Migrations> {
    let found = migrations.iter().find(|one| name.map_or(one.is_main, |name| one.datastore == name));
    found.ok_or_else(|| {
        let known = migrations.iter().map(|one| one.datastore.as_str()).collect::<Vec<_>>().join(", ");
        Error::internal(format!(
            "no model is in a datastore `{}`: there is {known}",
            name.unwrap_or_default()
        ))
    })
}
