//! How fast the scaffolded app is: its requests beside hand-written actix-web handlers that give the same answers, its
//! sockets beside a hand-written server, socketioxide and Socket.IO on Node.js that send the same events.
//!
//! ```sh
//! cargo run --release -p regatta-tests --features bench --bin bench
//! ```
//!
//! All are release builds with the same number of workers and database connections, prepared statements and one
//! multiplexed Redis connection. They run beside each other, pinned to the same cores; the load and the services have the
//! other cores. What the sides answer is compared before anything is timed, every event that sockets hear is looked at,
//! rounds alternate, and a ratio is the median of the ratios of neighbouring rounds, because a busy machine slows
//! neighbours alike.
//!
//! | file | what it holds |
//! |---|---|
//! | `app`, `raw/` | the sides: the scaffolded app, what is written by hand or with others |
//! | `workloads`, `load` | requests: what is asked, that the answers are the same, one round by `wrk` |
//! | `sockets/` | sockets: the servers, one client for all of them, what it does |
//! | `contest`, `cores` | the rounds, who runs where |
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
mod sockets;
mod table;
mod workloads;

use std::process::ExitCode;

use clap::Parser;
use regatta_tests::postgres::Postgres;
use regatta_tests::redis::Redis;

use app::Bench;
use cores::Cores;
use options::{Options, Subject};
use side::{DATABASE_CONNECTIONS, Services, Side};

/// Seconds of one round of requests, unless the command line says otherwise.
const SECONDS: u64 = 5;

fn main() -> ExitCode {
    let mut options = Options::parse();
    match options.command.take() {
        Some(command) => raw::serve(command),
        None => measure(&options),
    }
}

fn measure(options: &Options) -> ExitCode {
    if options.includes(Subject::Http) && !load::is_installed() {
        eprintln!("wrk is missing. Install it, then run the bench again:\n  apt-get install wrk");
        return ExitCode::FAILURE;
    }
    let cores = Cores::split();
    eprintln!("making the app and building it for release");
    let bench = Bench::make();

    let (redis, postgres) = cores.others(|| (Redis::new(), Postgres::new()));
    let services = Services { redis: redis.url(), postgres: postgres.url(), workers: cores.workers() };
    if options.includes(Subject::Http) {
        requests(options, &bench, &services, &cores);
    }
    if options.includes(Subject::Sockets) {
        sockets::measure(options, &bench, &services, &cores);
    }
    ExitCode::SUCCESS
}

fn requests(options: &Options, bench: &Bench, services: &Services, cores: &Cores) {
    let app = cores.server(|| bench.lift(services));
    app::seed(app.base());
    let raw = cores.server(|| Side::raw(services));
    let time = options.time(SECONDS);
    let how = format!(
        "Requests: {} alternating rounds of {time:?} with {} connections (wrk); workers {}, database connections \
         {DATABASE_CONNECTIONS}, {cores}.",
        options.rounds, options.connections, services.workers,
    );
    table::print_head(&how, "requests");
    for contest in workloads::all(&raw, &app, options.connections) {
        if options.wants(contest.title) {
            eprintln!("measuring {}", contest.title);
            let figures = contest.run(options.rounds, time, cores);
            table::print_rows(&contest, &figures);
        }
    }
}
