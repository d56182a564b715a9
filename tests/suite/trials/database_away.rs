//! A database that is down at the start, dies, hangs, takes no changes, has no room left, and comes back: what each kind
//! of route is answered on three instances, and after how long. Sessions are in the same database.

use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::SECRET;
use regatta_tests::http::{self, Http};
use regatta_tests::postgres::Postgres;
use regatta_tests::redis::Redis;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON};
use serde_json::json;

use super::{Fleet, ROUNDS, app};

const SETTINGS: [(&str, &str); 5] = [
    ("REGATTA__SESSION__ADAPTER", "sql"),
    ("REGATTA__DATASTORES__DEFAULT__POOL_SIZE", "4"),
    ("REGATTA__DATASTORES__DEFAULT__ACQUIRE_TIMEOUT", "1s"),
    ("REGATTA__DATASTORES__DEFAULT__TIMEOUT", "1s"),
    ("SESSION_SECRET", SECRET),
];

/// As PostgreSQL says it when its disk is full.
const FILL: &str = "create function full_disk() returns trigger language plpgsql as $$ begin \
    raise 'could not extend file: No space left on device' using errcode = '53100'; end $$; \
    create trigger full_disk before insert or update on person for each statement execute function full_disk(); \
    create trigger full_disk before insert or update on regatta_sessions for each statement execute function full_disk()";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    DownAtStart,
    Dies,
    Hangs,
    ReadOnly,
    Full,
}

/// A kind of route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Kept,
    Read,
    Virtual,
    Write,
    Transaction,
    SessionRead,
    SessionWrite,
    SessionStart,
}

const KINDS: [Kind; 9] = [
    Kind::Plain,
    Kind::Kept,
    Kind::Read,
    Kind::Virtual,
    Kind::Write,
    Kind::Transaction,
    Kind::SessionRead,
    Kind::SessionWrite,
    Kind::SessionStart,
];

impl Fault {
    fn status(self, kind: Kind) -> u16 {
        match (self, kind) {
            // None is kept by then: hosts with other ports are others.
            (Self::DownAtStart, Kind::Kept) => 503,
            (_, Kind::Plain | Kind::Kept) => 200,
            (Self::ReadOnly | Self::Full, Kind::Read | Kind::Virtual | Kind::SessionRead) => 200,
            _ => 503,
        }
    }

    fn begin(self, postgres: &mut Postgres) {
        match self {
            Self::DownAtStart => {}
            Self::Dies => postgres.crash(),
            Self::Hangs => postgres.freeze(),
            Self::ReadOnly => {
                postgres.query("alter system set default_transaction_read_only = on");
                postgres.query("select pg_reload_conf()");
            }
            Self::Full => drop(postgres.query(FILL)),
        }
    }

    fn end(self, postgres: &mut Postgres) {
        match self {
            Self::DownAtStart | Self::Dies => postgres.start(),
            Self::Hangs => postgres.thaw(),
            Self::ReadOnly => {
                postgres.query("alter system reset default_transaction_read_only");
                postgres.query("select pg_reload_conf()");
            }
            Self::Full => drop(postgres.query("drop function full_disk() cascade")),
        }
    }
}

impl Kind {
    /// The session's deadline of 500 ms, or `acquire_timeout` and then `timeout`; and what a busy machine takes.
    fn slowest(self) -> Duration {
        Duration::from_millis(match self {
            Self::Plain => 400,
            Self::SessionRead | Self::SessionWrite | Self::SessionStart => 900,
            Self::Kept | Self::Read | Self::Virtual | Self::Write | Self::Transaction => 2_400,
        })
    }

    fn ask(self, base: &str, visitor: &Http, socket: &mut Socket) -> (u16, bool) {
        let anonymous = Http::new(base);
        let answer = match self {
            Self::Virtual => {
                let status = u16::try_from(socket.get("/people").status).expect("a status");
                return (status, status == 503);
            }
            Self::Plain => anonymous.get("/plain"),
            Self::Kept => anonymous.get("/people-kept"),
            Self::Read => anonymous.get("/people"),
            Self::Write => anonymous.post_json("/add/ada", &json!({})),
            Self::Transaction => anonymous.post_json("/add-two/ada", &json!({})),
            Self::SessionRead => visitor.at(base).get("/all"),
            Self::SessionWrite => visitor.at(base).post_json("/set/n/2", &json!({})),
            Self::SessionStart => anonymous.post_json("/set/n/2", &json!({})),
        };
        (answer.status, answer.header("retry-after").is_some())
    }
}

impl Fleet {
    /// Asks everything of every instance at the same time, and prints a row of the table.
    fn answers_without_database(&self, fault: Fault, visitor: &Http) {
        let (started, before) = (Instant::now(), self.complaints());
        let slowest = thread::scope(|scope| {
            let of_instance = |base| {
                move || {
                    let mut socket = Socket::connect(base, &[]);
                    KINDS.map(|kind| {
                        let slowest = (0..ROUNDS).map(|_| {
                            let asked = Instant::now();
                            let answer = kind.ask(base, visitor, &mut socket);
                            let expected = fault.status(kind);
                            assert_eq!(answer, (expected, expected == 503), "{fault:?} {kind:?} {base}");
                            asked.elapsed()
                        });
                        slowest.max().unwrap_or_default()
                    })
                }
            };
            let all: Vec<_> = self.bases.iter().map(|base| scope.spawn(of_instance(base))).collect();
            let all = all.into_iter().map(|asking| asking.join().expect("answers as expected"));
            all.reduce(|one, other| std::array::from_fn(|kind| one[kind].max(other[kind])))
                .expect("instances")
        });
        let rate = self.complaint_rate(fault, started, before);
        let row: Vec<_> = KINDS
            .iter()
            .zip(slowest)
            .map(|(kind, took)| format!("{kind:?} {} {} ms", fault.status(*kind), took.as_millis()))
            .collect();
        println!("P14: {fault:?}: {}; {rate:.0} lines of complaint a second", row.join(", "));
        for (kind, took) in KINDS.iter().zip(slowest) {
            assert!(took < kind.slowest(), "{fault:?} {kind:?}: {took:?}");
        }
    }

    /// Waits until all is as before: records and sessions are written on every instance.
    fn recovers_its_database(&self, fault: Fault) {
        let started = Instant::now();
        let posts = |path: &str| {
            for (number, base) in self.bases.iter().enumerate() {
                // No two people have the same name.
                let path = format!("{path}{fault:?}{number}");
                let works = || Http::new(base).post_json(&path, &json!({})).status == 200;
                wait::until_true(&path, SOON, works);
            }
            started.elapsed().as_millis()
        };
        let (records, sessions) = (posts("/add-two/"), posts("/set/n/"));
        self.bases.iter().for_each(|base| http::wait_ready(base, SOON));
        println!("P14: {fault:?}: records again after {records} ms, sessions after {sessions} ms");
        assert!(self.process.exit().is_none());
        assert!(!self.process.log().contains("panicked at"), "{}", self.process.log());
    }
}

#[test]
fn every_kind_of_route_is_answered_in_time_while_the_database_is_away_and_recovers_by_itself() {
    let app = app();
    let (mut postgres, redis) = (Postgres::new(), Redis::new());
    let (database, store) = (postgres.url(), redis.url());
    let services = [("DATABASE_URL", database.as_str()), ("REDIS_URL", store.as_str())];
    let fleet = Fleet::lift(&app, &[&SETTINGS[..], &services].concat());
    fleet.bases.iter().for_each(|base| http::wait_ready(base, SOON));
    let visitor = Http::new(&fleet.bases[0]);
    assert_eq!(visitor.post_json("/set/n/1", &json!({})).status, 200);
    fleet.bases.iter().for_each(|base| assert_eq!(Http::new(base).get("/people-kept").status, 200));
    for fault in [Fault::Dies, Fault::Hangs, Fault::ReadOnly, Fault::Full] {
        fault.begin(&mut postgres);
        fleet.answers_without_database(fault, &visitor);
        fault.end(&mut postgres);
        fleet.recovers_its_database(fault);
    }
    drop(fleet);

    postgres.stop();
    let safe = [("REGATTA__MODELS__MIGRATE", "safe")];
    let fleet = Fleet::lift(&app, &[&SETTINGS[..], &services, &safe].concat());
    fleet.answers_without_database(Fault::DownAtStart, &visitor);
    Fault::DownAtStart.end(&mut postgres);
    fleet.recovers_its_database(Fault::DownAtStart);
}
