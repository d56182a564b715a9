//! The cloning experiment: the same app as one instance and as several, each with one worker, where every request costs
//! some milliseconds of a core.
//!
//! ```sh
//! cargo run --release -p regatta-tests --features bench --bin clone
//! ```
//!
//! The instances share a socket, or have a port each behind the nginx and HAProxy files that `deploy` makes; a server
//! written by hand on actix-web does the same in the same run, as one process and as several on one socket. What all
//! answer is compared first. Rounds alternate, and the figures are medians. Nothing is pinned: the load and the proxies
//! cost little beside the work, and share the cores with it.
//!
//! | file | what it holds |
//! |---|---|
//! | `work` | what a request costs |
//! | `sides`, `raw` | the app as so many instances, the hand-written server as so many processes |
//! | `load` | one round by `wrk` |
//! | `table`, `plot` | the figures as Markdown and as SVG |
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "an experiment that can't go on has nothing to recover, and its table is its output"
)]

mod load;
mod options;
mod plot;
mod raw;
mod sides;
mod table;
mod work;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use load::{Load, Outcome};
use options::{Command, Options};
use regatta_tests::http::Http;
use regatta_tests::workdir::shared;
use sides::{Sides, Target};
use table::Row;

/// Load before the first round that counts.
const WARM_UP: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut options = Options::parse();
    if let Some(Command::Raw) = options.command.take() {
        return raw::serve();
    }
    if !load::is_installed() {
        eprintln!("wrk is missing. Install it, then run the experiment again:\n  apt-get install wrk");
        return ExitCode::FAILURE;
    }
    measure(&options);
    ExitCode::SUCCESS
}

fn measure(options: &Options) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = options.instances.map_or(cores, usize::from);
    eprintln!("making the app and building it for release");
    let sides = Sides::start(&counts(most));
    let targets = sides.targets();
    let expected = answer(&targets[0]);
    for target in targets {
        assert_eq!(answer(target), expected, "{} answers something else", target.name);
    }

    let load = Load { connections: options.connections };
    for target in targets {
        load.run(&target.base, WARM_UP.min(options.time()));
    }
    let mut rounds: Vec<Vec<Outcome>> = vec![Vec::new(); targets.len()];
    for round in 1..=options.rounds {
        for (target, rounds) in targets.iter().zip(&mut rounds) {
            eprintln!("round {round} of {}: {}", options.rounds, target.name);
            rounds.push(load.run(&target.base, options.time()));
        }
    }

    let rows: Vec<_> = targets.iter().zip(&rounds).map(|(target, rounds)| Row::of(target, rounds)).collect();
    let how = format!(
        "{} rounds of {:?} with {} connections on {cores} cores; one worker each. A request costs {:.1} ms of a core.",
        options.rounds,
        options.time(),
        options.connections,
        alone().as_secs_f64() * 1e3
    );
    println!("{}", table::markdown(&how, &rows));
    let path = options.svg.clone().unwrap_or_else(|| shared("clone").join("clone.svg"));
    fs::write(&path, plot::svg(&how, &rows)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    println!("\nThe plot is in {}", path.display());
}

/// One, the powers of two below `most`, and `most`.
fn counts(most: usize) -> Vec<usize> {
    let mut counts: Vec<_> =
        std::iter::successors(Some(1), |count| Some(count * 2)).take_while(|count| *count < most).collect();
    counts.push(most);
    counts
}

fn answer(target: &Target) -> String {
    let answer = Http::new(&target.base).get("/work");
    assert_eq!(answer.status, 200, "{}: {answer:?}", target.name);
    answer.body
}

/// How long the work takes where nothing else is done: the shortest of some times.
fn alone() -> Duration {
    let once = || {
        let began = std::time::Instant::now();
        std::hint::black_box(work::work());
        began.elapsed()
    };
    (0..20).map(|_| once()).min().unwrap_or_default()
}
