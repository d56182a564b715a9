//! What becomes of events while something fails: what is lost, comes twice or out of order, how long it takes to
//! heal, and whether clients are told of what was really lost.
//!
//! Three instances with two workers each say a number to everybody every 50 ms, each over a line of its own to Redis.
//! Two clients of each instance record what they get and when.

mod fleet;
mod history;
mod table;

use std::time::{Duration, Instant};

use regatta_tests::full_size;
use regatta_tests::process::Signal;
use regatta_tests::proxy::Line;

use fleet::Fleet;
use history::Times;
use table::{Row, Table};

/// The instance that faults of one instance befall; the others are the first and the third.
const B: usize = 1;

/// How long a cut lasts in a run at full size, and in any other.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(1_500);

/// Something that fails, and the name it has in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    RedisKilled,
    AllRefused,
    OneRefused,
    OneReset,
    OneHung,
    OneSided,
    RedisStopped,
    InstanceKilled,
    InstanceStopped,
    InstanceRestarted,
}

use Fault::{
    AllRefused, InstanceKilled, InstanceRestarted, InstanceStopped, OneHung, OneRefused, OneReset, OneSided,
    RedisKilled, RedisStopped,
};

const ALL: [Fault; 10] = [
    RedisKilled,
    AllRefused,
    OneRefused,
    OneReset,
    OneHung,
    OneSided,
    RedisStopped,
    InstanceKilled,
    InstanceStopped,
    InstanceRestarted,
];

impl Fault {
    fn name(self) -> &'static str {
        match self {
            RedisKilled => "Redis is killed and starts again, empty",
            AllRefused => "all connections to Redis are reset, new ones refused",
            OneRefused => "those of one instance are reset, new ones refused",
            OneReset => "those of one instance are reset every 200 ms",
            OneHung => "those of one instance hang",
            OneSided => "one instance gets no answers from Redis",
            RedisStopped => "Redis hangs (SIGSTOP)",
            InstanceKilled => "an instance is killed and starts again",
            InstanceStopped => "an instance hangs (SIGSTOP)",
            InstanceRestarted => "an instance ends (SIGTERM) and starts again",
        }
    }

    /// How long it lasts, where it is not simply over with what was done.
    fn length(self) -> Duration {
        let long = if full_size() { LONG } else { SHORT };
        match self {
            // Longer, and clients would find another Redis' data rather than an empty one.
            RedisKilled => long.min(Duration::from_secs(2)),
            InstanceKilled | InstanceRestarted => Duration::from_millis(500),
            _ => long,
        }
    }

    fn happens(self, fleet: &mut Fleet) {
        match self {
            RedisKilled => fleet.redis.crash(),
            AllRefused => fleet.nodes.iter().for_each(|node| node.proxy.turn(Line::Refused)),
            OneRefused => fleet.nodes[B].proxy.turn(Line::Refused),
            OneReset => {}
            OneHung => fleet.nodes[B].proxy.turn(Line::Hung),
            OneSided => fleet.nodes[B].proxy.turn(Line::OneWay),
            RedisStopped => fleet.redis.freeze(),
            InstanceKilled => fleet.end(B, Signal::KILL),
            InstanceStopped => fleet.signal(B, Signal::STOP),
            InstanceRestarted => fleet.end(B, Signal::TERM),
        }
        let started = Instant::now();
        while started.elapsed() < self.length() {
            if self == OneReset {
                fleet.nodes[B].proxy.reset();
            }
            std::thread::sleep(Duration::from_millis(200).min(self.length()));
        }
    }

    fn is_over(self, fleet: &mut Fleet) {
        match self {
            RedisKilled => fleet.redis.start(),
            RedisStopped => fleet.redis.thaw(),
            InstanceStopped => fleet.signal(B, Signal::CONT),
            InstanceKilled | InstanceRestarted => fleet.start(B),
            _ => fleet.nodes.iter().for_each(|node| node.proxy.turn(Line::Open)),
        }
    }

    /// Whether the instance itself does not run for a while: its own clients hear nothing then.
    fn stops(self, node: usize) -> bool {
        node == B && matches!(self, InstanceKilled | InstanceStopped | InstanceRestarted)
    }
}

/// Lets it happen and checks what must hold whatever happens.
fn through(fault: Fault) -> Row {
    let mut fleet = Fleet::new();
    fleet.wait_heard(Times::now());
    let began = Times::now();
    fault.happens(&mut fleet);
    let over = Times::now();
    fault.is_over(&mut fleet);
    let healed = fleet.wait_heard(over);
    fleet.be_quiet();
    let verdict = fleet.verdict(began, healed, |node| fault.stops(node));
    let row = Row { fault: fault.name(), length: over - began, healed: healed - over, verdict };
    println!("figures: {}", row.line());
    row.check();
    row
}

#[test]
fn a_killed_redis_loses_nothing_that_is_not_told() {
    let row = through(RedisKilled);
    assert!(row.verdict.arrived_late > 0, "what was said meanwhile waited in the outboxes: {}", row.line());
}

#[test]
fn an_instance_that_was_cut_off_knows_what_it_missed_and_the_others_miss_nothing() {
    let row = through(OneRefused);
    let lost = row.verdict.lost_at(B);
    assert!(lost > 0, "{}", row.line());
    assert_eq!((row.verdict.lost_at(0), row.verdict.lost_at(2)), (0, 0), "{}", row.line());
    assert!(row.verdict.arrived_late > 0, "what it said itself waited in its outbox: {}", row.line());
}

#[test]
fn an_instance_that_hung_loses_nothing() {
    let row = through(InstanceStopped);
    assert_eq!((0..3).map(|node| row.verdict.lost_at(node)).sum::<u64>(), 0, "{}", row.line());
}

#[test]
fn every_fault_at_full_size() {
    if !full_size() {
        return;
    }
    let table = Table(ALL.map(through).into());
    table.write();
}
