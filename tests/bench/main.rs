//! Requests per second of the scaffolded app against hand-written actix-web handlers that give the same answers.
//!
//! ```sh
//! cargo run --release -p regatta-tests --features bench --bin bench
//! ```
//!
//! Both sides are release builds with the same number of workers and database connections, prepared statements and
//! one multiplexed Redis connection. They run beside each other, pinned to the same cores; the load (`wrk`) and the
//! services have the other cores. Answers are compared before anything is timed, rounds alternate, and a ratio is the
//! median of the ratios of neighbouring rounds, because a busy machine slows neighbours alike.
//!
//! | file | what it holds |
//! |---|---|
//! | `app`, `raw/` | the two sides: the scaffolded app, the handlers written by hand |
//! | `workloads` | what is asked of them, and that they answer the same |
//! | `contest`, `load`, `cores` | the rounds, one round's load, who runs where |
//! | `table` | the figures as Markdown |
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that can't go on has nothing to recover, and its table is its output"
)]

mod app;
mod contest;
mod cores;
mod load;
mod options;
mod raw;
mod side;
mod table;
mod workloads;

use std::process::ExitCode;

use clap::Parser;
use regatta_tests::postgres::Postgres;
use regatta_tests::redis::Redis;

use app::Bench;
use cores::Cores;
use options::{Command, Options};
use side::{Services, Side};

fn main() -> ExitCode {
    let options = Options::parse();
    match &options.command {
        Some(Command::Raw(settings)) => raw::serve(settings),
        None => measure(&options),
    }
}

fn measure(options: &Options) -> ExitCode {
    if !load::is_installed() {
        eprintln!("wrk is missing. Install it, then run the bench again:\n  apt-get install wrk");
        return ExitCode::FAILURE;
    }
    let cores = Cores::split();
    eprintln!("making the app and building it for release");
    let bench = Bench::make();

    let (redis, postgres) = cores.others(|| (Redis::new(), Postgres::new()));
    let services = Services { redis: redis.url(), postgres: postgres.url(), workers: cores.workers() };
    let app = cores.server(|| bench.lift(&services));
    app::seed(app.base());
    let raw = cores.server(|| Side::raw(&services));

    table::print_head(options, &cores, &services);
    for contest in workloads::all(&raw, &app) {
        if options.wants(&contest) {
            eprintln!("measuring {}", contest.title);
            let figures = contest.run(options, &cores);
            table::print_rows(&contest, &figures);
        }
    }
    ExitCode::SUCCESS
}
