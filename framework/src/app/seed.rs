//! `seed`: fills the database with what the app's seeds make.

use std::fmt::Display;
use std::process::ExitCode;

use super::once::{self, Task};
use super::output::{say, show};
use super::server::{self, Parts};
use super::{App, prepare};
use crate::config::Config;
use crate::http::Instance;
use crate::models::Timestamp;
use crate::models::once::{Once, Outcome};
use crate::{Error, Result};

/// What the names of seeds begin with, in the database.
const KIND: &str = "seed";

/// `seed`
#[derive(Debug, clap::Args)]
pub(crate) struct Seed {
    /// The seeds to run [default: all, in the order of the app]
    names: Vec<String>,
    /// Run those too that ran before
    #[arg(long, conflicts_with = "list")]
    again: bool,
    /// Only list the seeds, and whether they ran
    #[arg(long)]
    list: bool,
}

pub(super) fn run(app: &App, config: Config, wanted: &Seed) -> Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        let built = server::build(app, config, &Instance::named(KIND))?;
        let outcome = run_within(&built.parts, wanted).await;
        built.end().await;
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_within(parts: &Parts, wanted: &Seed) -> Result<()> {
    let seeds = chosen(&parts.app.seeds, &wanted.names)?;
    if seeds.is_empty() {
        say("this app has no seeds: add one with `.seed(\"name\", async |db| …)` in `app()`");
        return Ok(());
    }
    let once = once::open(parts).await?;
    if wanted.list {
        return list(&once, &seeds).await;
    }
    // What a seed builds on is what a started app has.
    prepare::run(parts).await?;
    for seed in seeds {
        match seed.run(KIND, &once, &parts.db, wanted.again).await? {
            Outcome::Done => say(&format!("{}: done", seed.name)),
            Outcome::DoneBefore(when) => {
                say(&format!("{}: left alone, it ran on {}; --again repeats it", seed.name, moment(when)));
            }
        }
    }
    Ok(())
}

async fn list(once: &Once<'_>, seeds: &[&Task]) -> Result<()> {
    let width = seeds.iter().map(|seed| seed.name.len()).max().unwrap_or(0);
    for seed in seeds {
        let when = seed.done(KIND, once).await?;
        let when = when.map_or("never ran".to_owned(), |when| format!("ran on {}", moment(when)));
        show(&format!("{:width$}  {when}", seed.name));
    }
    Ok(())
}

/// The seeds to run.
///
/// # Errors
/// A name no seed has, with the names there are; two seeds of one name.
pub(super) fn chosen<'a>(seeds: &'a [Task], names: &[String]) -> Result<Vec<&'a Task>> {
    once::check_names(KIND, seeds)?;
    if names.is_empty() {
        return Ok(seeds.iter().collect());
    }
    let named = |name: &String| {
        let known = || seeds.iter().map(|seed| seed.name.as_str()).collect::<Vec<_>>().join(", ");
        seeds.iter().find(|seed| seed.name == *name).ok_or_else(|| {
            Error::internal(format!("this app has no seed `{name}`: its seeds are {}", known()))
        })
    };
    names.iter().map(named).collect()
}

fn moment(when: Timestamp) -> impl Display {
    humantime::format_rfc3339_seconds(when.into())
}
