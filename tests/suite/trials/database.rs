//! A database that is down at the start, restarts, has no connection left, and clients that go in the middle of a
//! transaction: what requests are answered, and what PostgreSQL itself has left of them.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::http::{self, Http};
use regatta_tests::ports;
use regatta_tests::postgres::Postgres;
use regatta_tests::wait::{self, SOON, START};
use serde_json::json;

use super::{Gates, app, cluster};

const POOL: usize = 2;

/// `acquire_timeout`, and what a busy machine takes.
const SLOWEST: Duration = Duration::from_millis(1_000 + 400);

const SETTINGS: [(&str, &str); 2] = [
    ("REGATTA__DATASTORES__DEFAULT__POOL_SIZE", "2"),
    ("REGATTA__DATASTORES__DEFAULT__ACQUIRE_TIMEOUT", "1s"),
];

fn count(cluster: &Cluster, what: &str) -> usize {
    let sql =
        format!("select count(*) from pg_stat_activity where backend_type = 'client backend' and {what}");
    cluster.postgres().query(&sql).parse().expect("a number")
}

/// The connections of the app, and those that are in a transaction.
fn activity(cluster: &Cluster) -> (usize, usize) {
    let own = "pid <> pg_backend_pid()";
    (count(cluster, own), count(cluster, &format!("{own} and state like 'idle in transaction%'")))
}

fn names(cluster: &Cluster) -> Vec<String> {
    let names = cluster.postgres().query("select name from person");
    names.lines().map(str::to_owned).collect()
}

#[test]
fn clients_that_go_in_the_middle_leave_no_transaction_and_no_connection_behind() {
    let cluster = cluster(&SETTINGS);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    for round in 0..30 {
        let address = bases[round % 3].trim_start_matches("http://");
        let mut client = TcpStream::connect(address).expect("a connection");
        let request =
            format!("POST /pair-when/gone{round} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
        client.write_all(request.as_bytes()).expect("a request");
        gates.reached(&format!("gone{round}"));
        drop(client);
        // While the next ones come, the last three wait for nobody: one on each instance.
        if let Some(before) = round.checked_sub(3) {
            gates.open(&format!("gone{before}"));
        }
    }
    let started = Instant::now();
    (27..30).for_each(|round| gates.open(&format!("gone{round}")));
    wait::until_true("no transaction is open", SOON, || activity(&cluster).1 == 0);
    let took = started.elapsed();

    let (connections, idle) = activity(&cluster);
    println!(
        "P14: 30 clients gone: {connections} connections, {idle} idle in transaction after {} ms",
        took.as_millis()
    );
    assert!(connections <= 3 * POOL, "{connections} connections");
    let names = names(&cluster);
    let of = |word: &str| names.iter().filter(|name| name.ends_with(word)).count();
    assert_eq!(of("first"), of("second"), "a transaction is whole or not there: {names:?}");
    // Every connection of every pool is free again.
    for base in &bases {
        thread::scope(|scope| {
            let all: Vec<_> =
                (0..POOL * 4).map(|_| scope.spawn(|| Http::new(base).get("/people").status)).collect();
            assert!(all.into_iter().all(|status| status.join().expect("a status") == 200));
        });
    }
}

#[test]
fn a_pool_without_a_connection_left_is_503_in_time_and_refills() {
    let cluster = cluster(&SETTINGS);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    thread::scope(|scope| {
        let holding: Vec<_> = (0..POOL)
            .map(|n| {
                let http = Http::new(&bases[0]);
                scope.spawn(move || http.post_json(&format!("/pair-when/held{n}"), &json!({})).status)
            })
            .collect();
        (0..POOL).for_each(|n| gates.reached(&format!("held{n}")));

        let asked = Instant::now();
        let answer = Http::new(&bases[0]).get("/people");
        let took = asked.elapsed();
        println!("P14: no connection left: {} in {} ms", answer.status, took.as_millis());
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{answer:?}");
        assert!(took < SLOWEST, "{took:?}");
        assert_eq!(Http::new(&bases[0]).get("/plain").status, 200, "what needs no database goes on");
        assert_eq!(Http::new(&bases[1]).get("/people").status, 200, "and so do the other instances");

        (0..POOL).for_each(|n| gates.open(&format!("held{n}")));
        assert!(holding.into_iter().all(|held| held.join().expect("a status") == 200));
    });
    assert_eq!(Http::new(&bases[0]).get("/people").json().as_array().map(Vec::len), Some(2 * POOL));
    assert_eq!(activity(&cluster).1, 0);
}

#[test]
fn a_database_that_restarts_is_503_in_time_and_found_again() {
    let mut cluster = cluster(&SETTINGS);
    let bases = cluster.bases();
    Http::new(&bases[0]).get("/people").json();

    cluster.postgres_mut().stop();
    let mut slowest = Duration::ZERO;
    for base in bases.iter().cycle().take(12) {
        let asked = Instant::now();
        let answer = Http::new(base).get("/people");
        slowest = slowest.max(asked.elapsed());
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{answer:?}");
        assert_eq!(Http::new(base).get("/plain").status, 200);
    }
    assert!(slowest < SLOWEST, "{slowest:?}");
    cluster.postgres_mut().start();
    let started = Instant::now();
    for base in &bases {
        wait::until_true("the database is found again", SOON, || {
            Http::new(base).get("/people").status == 200
        });
    }
    let took = started.elapsed();
    println!(
        "P14: restarted: 503 in at most {} ms, found again after {} ms",
        slowest.as_millis(),
        took.as_millis()
    );
    bases.iter().for_each(|base| http::wait_ready(base, SOON));
    assert_eq!(cluster.instances().len(), 3, "nobody had to be started again");
    assert_eq!(activity(&cluster).1, 0);
}

#[test]
fn an_app_lifted_before_its_database_answers_503_and_works_once_it_is_there() {
    let app = app();
    let mut postgres = Postgres::new();
    let (url, port) = (postgres.url(), ports::free());
    let (arguments, base) = (["--port".to_owned(), port.to_string()], format!("http://127.0.0.1:{port}"));
    let settings = [SETTINGS[1], ("DATABASE_URL", url.as_str()), ("REGATTA__MODELS__MIGRATE", "safe")];
    assert!(app.command(&["migrate"]).envs(settings).status().expect("it runs").success());
    postgres.stop();

    // Who changes tables at the start needs them then.
    let refused = app.lift(&arguments, &[settings[0], settings[1]]);
    assert!(
        !refused.wait_for_exit(SOON).success() && refused.log().contains("can't be reached"),
        "{}",
        refused.log()
    );
    let process = app.lift(&arguments, &settings);
    process.wait_for_line("listening", START);
    let http = Http::new(&base);
    let asked = Instant::now();
    let answer = http.get("/people");
    let took = asked.elapsed();
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{answer:?}");
    assert!(took < SLOWEST, "{took:?}");
    assert_eq!(
        [http.get("/livez").status, http.get("/readyz").status, http.get("/plain").status],
        [200, 503, 200]
    );

    postgres.start();
    let started = Instant::now();
    http::wait_ready(&base, SOON);
    println!(
        "P14: down at the start: 503 in {} ms, ready after {} ms",
        took.as_millis(),
        started.elapsed().as_millis()
    );
    assert_eq!(http.get("/people").json(), json!([]));
}
