//! What servers of sockets can do, each with one worker on one core and all with the same client.
//!
//! Every event that arrives is compared with what was said, to the byte; a round counts when nothing is missing and
//! nothing came twice. What came out of order is counted.

mod arrivals;
mod crowd;
mod http;
mod idle;
mod news;
mod order;
mod questions;
mod servers;
mod tally;

use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use crate::app::{self, Bench};
use crate::contest::{Contest, Entry, Outcome};
use crate::cores::Cores;
use crate::options::Options;
use crate::side::Services;
use crate::table;
use arrivals::come_and_go;
use crowd::{Crowd, Pace};
use questions::{Askers, Question};
use servers::{Fleet, Kind, Yard};

/// Seconds of one round, unless the command line says otherwise.
const SECONDS: u64 = 3;

/// Messages under way at once to a crowd.
const WINDOW: u64 = 16;

/// Messages under way at once to one subscriber on another process.
const LONG_WINDOW: u64 = 64;

/// Routes for virtual requests, and what their answers contain.
const ROUTES: [(&str, &str, &str); 2] = [
    ("virtual request: hello", "/hello", r#"{"hello":"world"}"#),
    ("virtual request: 20 messages", "/message?limit=20&populate=false", r#""smooth sailing\""#),
];

/// All that the workloads share.
struct Course<'a> {
    options: &'a Options,
    yard: Yard<'a>,
    runtime: LocalRuntime,
}

/// Who hears what.
#[derive(Clone, Copy)]
struct Audience {
    processes: usize,
    /// Whether all of it is on the last process, while the messages come from the first.
    is_remote: bool,
    size: u32,
    pace: Pace,
}

/// Measures what is asked for and prints it.
pub(crate) fn measure(options: &Options, bench: &Bench, services: &Services, cores: &Cores) {
    let services =
        Services { redis: services.redis.clone(), postgres: services.postgres.clone(), workers: 1 };
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = runtime.expect("a runtime for the load");
    let course = Course { options, yard: Yard { bench, services: &services, cores }, runtime };

    let size = options.subscribers;
    let how = format!(
        "Sockets over WebSocket: {} alternating rounds of {:?}; every server has one worker, {cores}. A message to \
         {size} subscribers counts once for each; where nothing else is said, {WINDOW} messages are under way at a time, \
         {LONG_WINDOW} with one subscriber. {} clients ask or connect at a time.",
        options.rounds,
        options.time(SECONDS),
        options.connections,
    );
    table::print_head(&how, "done");
    let rush = Audience { processes: 1, is_remote: false, size, pace: Pace::Rush { window: WINDOW } };
    course.crowd(
        "fan-out in one process, one message at a time",
        Audience { pace: Pace::Rush { window: 1 }, ..rush },
    );
    course.crowd("fan-out in one process", rush);
    course.crowd("fan-out over two processes", Audience { processes: 2, ..rush });
    course.crowd("10 messages a second", Audience { pace: Pace::Even { a_second: 10 }, ..rush });
    let pace = Pace::Rush { window: LONG_WINDOW };
    course.crowd(
        "one subscriber on another process",
        Audience { processes: 2, is_remote: true, size: 1, pace },
    );
    course.acks("emit with acknowledgement");
    course.connects("connects");
    for (title, path, wanted) in ROUTES {
        course.virtual_requests(title, path, wanted);
    }
    course.idle("idle sockets");
}

impl Course<'_> {
    fn crowd(&self, title: &'static str, audience: Audience) {
        let Audience { processes, is_remote, size, pace } = audience;
        if !self.options.wants(title) {
            return;
        }
        let fleets = self.yard.fleets(processes);
        let gather = |fleet: &Fleet| {
            let all = fleet.addresses();
            let homes = if is_remote { &all[1..] } else { &all[..] };
            self.on_the_runtime(Crowd::gather(fleet.kind.name(), all[0], homes, size))
        };
        let crowds: Vec<_> = fleets.iter().map(gather).collect();
        let entries = fleets.iter().zip(&crowds);
        let entries = entries.map(|(fleet, crowd)| {
            self.entry(fleet, move |time| self.runtime.block_on(crowd.hear(pace, time)))
        });
        self.run(title, entries.collect());
    }

    fn acks(&self, title: &'static str) {
        if !self.options.wants(title) {
            return;
        }
        let fleets = self.yard.fleets(1);
        let connect = |fleet: &Fleet| {
            let address = fleet.addresses()[0];
            self.on_the_runtime(Askers::connect(
                fleet.kind.name(),
                address,
                self.options.connections,
                Question::Ask,
            ))
        };
        let askers: Vec<_> = fleets.iter().map(connect).collect();
        let entries = fleets.iter().zip(&askers);
        let entries = entries
            .map(|(fleet, askers)| self.entry(fleet, move |time| self.runtime.block_on(askers.run(time))));
        self.run(title, entries.collect());
    }

    fn connects(&self, title: &'static str) {
        if !self.options.wants(title) {
            return;
        }
        let fleets = self.yard.fleets(1);
        let doors = self.options.connections;
        let entries = fleets.iter().map(|fleet| {
            let address = fleet.addresses()[0];
            self.entry(fleet, move |time| self.runtime.block_on(come_and_go(address, doors, time)))
        });
        self.run(title, entries.collect());
    }

    /// The same route of the same app over a socket and over HTTP.
    fn virtual_requests(&self, title: &'static str, path: &'static str, wanted: &'static str) {
        if !self.options.wants(title) {
            return;
        }
        let fleet = self.yard.fleet(Kind::Scaffolded, 1);
        app::seed(fleet.sides[0].base());
        let (address, connections) = (fleet.addresses()[0], self.options.connections);
        let question = Question::Get(path, wanted);
        let askers = self.on_the_runtime(Askers::connect("over a socket", address, connections, question));
        let socket = self.entry(&fleet, |time| self.runtime.block_on(askers.run(time)));
        let http = self
            .entry(&fleet, |time| self.runtime.block_on(http::get(address, connections, time, path, wanted)));
        let socket = Entry { label: "over a socket".to_owned(), ..socket };
        self.run(title, vec![socket, Entry { label: "over HTTP".to_owned(), ..http }]);
    }

    /// One round: memory hardly varies.
    fn idle(&self, title: &'static str) {
        if !self.options.wants(title) {
            return;
        }
        eprintln!("measuring {title}");
        let count = self.options.idle;
        table::print_memory_head(count);
        let mut first = None;
        for kind in Kind::ALL {
            let fleet = self.yard.fleet(kind, 1);
            let memory = self.on_the_runtime(idle::measure(&fleet.sides[0], count));
            table::print_memory(kind.name(), memory, *first.get_or_insert(memory));
        }
    }

    fn entry<'a>(&self, fleet: &'a Fleet, load: impl Fn(Duration) -> Outcome + 'a) -> Entry<'a> {
        Entry {
            label: fleet.kind.name().to_owned(),
            sides: fleet.sides.iter().collect(),
            load: Box::new(load),
        }
    }

    fn run(&self, title: &'static str, entries: Vec<Entry<'_>>) {
        eprintln!("measuring {title}");
        let contest = Contest { title, entries };
        let figures = contest.run(self.options.rounds, self.options.time(SECONDS), self.yard.cores);
        table::print_rows(&contest, &figures);
    }

    /// What is not timed runs beside the servers too, not on their core.
    fn on_the_runtime<T>(&self, work: impl Future<Output = T>) -> T {
        self.yard.cores.others(|| self.runtime.block_on(work))
    }
}
