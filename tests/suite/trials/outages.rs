//! Redis that is down at the start, dies, hangs, takes no writes, is full, and comes back: what each kind of route is
//! answered on three instances, and after how long.

use std::time::{Duration, Instant};

use regatta_tests::http::{self, Http};
use regatta_tests::redis::Redis;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON};
use serde_json::json;

use super::{Fleet, ROUNDS, app};

/// The store's deadline is 500 ms, and the machine may be busy.
const SLOWEST: Duration = Duration::from_millis(900);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    DownAtStart,
    Dies,
    Hangs,
    ReadOnly,
    Full,
}

/// A kind of route, and whether it needs the session of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Anonymous,
    Start,
    Limited,
    Strict,
    Kept,
}

const KINDS: [Kind; 7] =
    [Kind::Read, Kind::Write, Kind::Anonymous, Kind::Start, Kind::Limited, Kind::Strict, Kind::Kept];

impl Fault {
    fn status(self, kind: Kind) -> u16 {
        match (self, kind) {
            (_, Kind::Anonymous | Kind::Limited | Kind::Kept) | (Self::ReadOnly | Self::Full, Kind::Read) => {
                200
            }
            _ => 503,
        }
    }

    fn begin(self, redis: &mut Redis) {
        match self {
            Self::DownAtStart => {}
            Self::Dies => redis.crash(),
            Self::Hangs => redis.freeze(),
            Self::ReadOnly => drop(redis.command("REPLICAOF 127.0.0.1 1")),
            Self::Full => drop(redis.command("CONFIG SET maxmemory 1")),
        }
    }

    fn end(self, redis: &mut Redis) {
        match self {
            Self::DownAtStart | Self::Dies => redis.start(),
            Self::Hangs => redis.thaw(),
            Self::ReadOnly => drop(redis.command("REPLICAOF NO ONE")),
            Self::Full => drop(redis.command("CONFIG SET maxmemory 0")),
        }
    }
}

impl Kind {
    fn ask(self, base: &str, visitor: &Http) -> (u16, bool) {
        let anonymous = Http::new(base);
        let answer = match self {
            Self::Read => visitor.at(base).get("/all"),
            Self::Write => visitor.at(base).post_json("/set/n/2", &json!({})),
            Self::Anonymous => anonymous.get("/all"),
            Self::Start => anonymous.post_json("/set/n/2", &json!({})),
            Self::Limited => anonymous.get("/limited"),
            Self::Strict => anonymous.post_json("/limited", &json!({})),
            Self::Kept => anonymous.get("/cached"),
        };
        (answer.status, answer.header("retry-after").is_some())
    }
}

impl Fleet {
    /// Asks everything of every instance, and prints a row of the table.
    fn answers(&self, fault: Fault, visitor: &Http) {
        let (started, before) = (Instant::now(), self.complaints());
        let mut row = Vec::new();
        for kind in KINDS {
            let mut slowest = Duration::ZERO;
            for base in self.bases.iter().cycle().take(3 * ROUNDS) {
                let asked = Instant::now();
                let (status, retry) = kind.ask(base, visitor);
                let took = asked.elapsed();
                let expected = fault.status(kind);
                assert_eq!((status, retry), (expected, expected == 503), "{fault:?} {kind:?} {base}");
                assert!(took < SLOWEST, "{fault:?} {kind:?}: {took:?}");
                slowest = slowest.max(took);
            }
            row.push(format!("{kind:?} {} {} ms", fault.status(kind), slowest.as_millis()));
        }
        let rate = self.complaint_rate(fault, started, before);
        println!("P13: {fault:?}: {}; {rate:.0} lines of complaint a second", row.join(", "));
    }

    /// Waits until all is as before: sessions are written and what one instance tells is heard on the others.
    fn recovers(&self, fault: Fault) {
        let started = Instant::now();
        let works = |base: &String| Http::new(base).post_json("/set/n/3", &json!({})).status == 200;
        wait::until_true("sessions are written", SOON, || self.bases.iter().all(works));
        let sessions = started.elapsed();
        let mut sockets: Vec<_> = self.bases.iter().map(|base| Socket::connect(base, &[])).collect();
        for socket in &mut sockets {
            assert_eq!(socket.ask("join", &json!("told")), "joined");
        }
        let heard = wait::until("all hear the first instance", SOON, || {
            sockets[0].ask("tell", &json!(1));
            sockets.iter_mut().all(|socket| socket.has("told")).then(|| started.elapsed())
        });
        self.bases.iter().for_each(|base| http::wait_ready(base, SOON));
        println!(
            "P13: {fault:?}: sessions after {} ms, all hear each other after {} ms",
            sessions.as_millis(),
            heard.as_millis()
        );
        assert!(self.process.exit().is_none());
    }
}

#[test]
fn every_kind_of_route_is_answered_in_time_while_redis_is_away_and_recovers_by_itself() {
    let app = app();
    let mut redis = Redis::new();
    let url = redis.url();
    let fleet = Fleet::lift(&app, &[("REDIS_URL", &url)]);
    let mut here = Socket::connect(&fleet.bases[1], &[]);
    assert_eq!(here.ask("join", &json!("told")), "joined");
    let session = || {
        let visitor = Http::new(&fleet.bases[0]);
        assert_eq!(visitor.post_json("/set/n/1", &json!({})).status, 200);
        visitor
    };
    let visitor = session();
    for fault in [Fault::Dies, Fault::Hangs, Fault::ReadOnly, Fault::Full] {
        // A Redis that died came back empty.
        let visitor = session();
        // Kept on every instance, so that nobody has to make it.
        fleet.bases.iter().for_each(|base| assert_eq!(Http::new(base).get("/cached").status, 200));
        fault.begin(&mut redis);
        fleet.answers(fault, &visitor);
        here.ask("tell", &json!(format!("{fault:?}")));
        here.next_where("told", |what| what == &json!(format!("{fault:?}")));
        fault.end(&mut redis);
        fleet.recovers(fault);
    }
    drop(fleet);

    redis.crash();
    let fleet = Fleet::lift(&app, &[("REDIS_URL", &url)]);
    fleet.answers(Fault::DownAtStart, &visitor);
    Fault::DownAtStart.end(&mut redis);
    fleet.recovers(Fault::DownAtStart);
}
