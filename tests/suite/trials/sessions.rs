//! What several instances do with one session at the same time.

use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::http::{Answer, Http};
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON};
use serde_json::{Value, json};

use super::{Gates, cluster};

fn post(http: &Http, path: &str) -> Answer {
    http.post_json(path, &json!({}))
}

/// POST that must be answered with 200.
#[track_caller]
fn done(http: &Http, path: &str) -> Answer {
    let answer = post(http, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer
}

/// Whose session it is and what it holds.
#[track_caller]
fn all(http: &Http) -> Value {
    let answer = http.get("/all");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn signed_in(cluster: &Cluster, user: &str) -> Http {
    let visitor = Http::new(&cluster.bases()[0]);
    done(&visitor, &format!("/log-in/{user}"));
    visitor
}

/// What a request that wrote after its session's end was answered: nothing that could bring the session back.
#[track_caller]
fn is_of_the_past(answer: &Answer) {
    let told = (answer.status, answer.header("x-session"), answer.header("set-cookie"));
    assert_eq!(told, (200, Some("ended"), None), "{answer:?}");
}

#[test]
fn two_keys_written_on_two_instances_at_once_are_both_kept_two_hundred_times() {
    let cluster = cluster(&[]);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    let mut lost = 0;
    for round in 0..200 {
        let visitor = Http::new(&bases[0]);
        done(&visitor, "/set/first/1");
        thread::scope(|scope| {
            for (key, base) in [("left", &bases[1]), ("right", &bases[2])] {
                let (gate, there) = (format!("{round}{key}"), visitor.at(base));
                scope.spawn(move || done(&there, &format!("/set-when/{gate}/{key}/1")));
            }
            ["left", "right"].iter().for_each(|key| gates.reached(&format!("{round}{key}")));
            ["left", "right"].iter().for_each(|key| gates.open(&format!("{round}{key}")));
        });
        let values = all(&visitor)["values"].as_object().expect("values").len();
        lost += usize::from(values != 3);
    }
    println!("P01: {lost} of 200 lost");
    assert_eq!(lost, 0);
}

#[test]
fn every_way_to_count_that_promises_it_loses_nothing() {
    let cluster = cluster(&[]);
    let bases = cluster.bases();
    for path in ["/count/incr", "/count/update", "/count-in-turn"] {
        let visitor = Http::new(&bases[0]);
        done(&visitor, "/set/first/1");
        thread::scope(|scope| {
            for client in 0..8 {
                let (visitor, bases) = (&visitor, &bases);
                scope.spawn(move || {
                    for turn in (client..100).step_by(8) {
                        done(&visitor.at(&bases[turn % bases.len()]), path);
                    }
                });
            }
        });
        println!("P02: {path} {}", all(&visitor)["values"]["n"]);
        assert_eq!(all(&visitor)["values"]["n"], "100", "{path}");
    }
}

#[test]
fn no_request_that_was_under_way_brings_an_ended_session_back_in_a_hundred_rounds() {
    let cluster = cluster(&[]);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    for round in 0..100 {
        let user = format!("user{round}");
        let visitor = signed_in(&cluster, &user);
        let late: Vec<_> = thread::scope(|scope| {
            let late = [1, 2].map(|place| {
                let (path, there) = (format!("/set-when/{round}at{place}/n/1"), visitor.at(&bases[place]));
                scope.spawn(move || post(&there, &path))
            });
            [1, 2].iter().for_each(|place| gates.reached(&format!("{round}at{place}")));
            let old = visitor.at(&bases[round % 3]);
            match round % 2 {
                0 => done(&old, "/log-out"),
                _ => done(&Http::new(&bases[round % 3]), &format!("/end-all-of/{user}")),
            };
            [1, 2].iter().for_each(|place| gates.open(&format!("{round}at{place}")));
            late.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        late.iter().for_each(is_of_the_past);
        for base in &bases {
            assert_eq!(all(&visitor.at(base)), json!({ "user": null, "values": {} }), "round {round}");
        }
    }
    println!("P03: 0 of 100 sessions came back");
}

#[test]
fn a_session_that_ended_by_its_age_stays_ended_though_requests_were_under_way() {
    let age = Duration::from_secs(2);
    let cluster = cluster(&[("REGATTA__SESSION__ABSOLUTE", "2s")]);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    thread::scope(|scope| {
        for round in 0..10 {
            let (bases, gates, cluster) = (&bases, &gates, &cluster);
            scope.spawn(move || {
                let visitor = signed_in(cluster, &format!("user{round}"));
                let born = Instant::now();
                let there = visitor.at(&bases[1]);
                let late = scope.spawn(move || post(&there, &format!("/set-when/old{round}/n/1")));
                gates.reached(&format!("old{round}"));
                wait::until_true("it is over", SOON, || all(&visitor)["user"].is_null());
                assert!(born.elapsed() + Duration::from_millis(100) > age, "{:?}", born.elapsed());
                gates.open(&format!("old{round}"));
                is_of_the_past(&late.join().expect("an answer"));
                assert_eq!(all(&visitor.at(&bases[2])), json!({ "user": null, "values": {} }));
            });
        }
    });
}

#[test]
fn a_login_is_not_overwritten_by_requests_of_the_anonymous_session_before() {
    let cluster = cluster(&[]);
    let (bases, gates) = (cluster.bases(), Gates::of(cluster.files()));
    for round in 0..50 {
        let mut visitor = Http::new(&bases[0]);
        done(&visitor, "/set/cart/tea");
        let before = visitor.at(&bases[2]);
        let late = thread::scope(|scope| {
            let there = before.at(&bases[1]);
            let late = scope.spawn(move || post(&there, &format!("/set-when/{round}anonymous/cart/none")));
            gates.reached(&format!("{round}anonymous"));
            done(&visitor, "/log-in/ada");
            gates.open(&format!("{round}anonymous"));
            late.join().expect("an answer")
        });
        is_of_the_past(&late);
        assert_ne!(visitor.cookie(), before.cookie(), "a new id");
        assert_eq!(all(&before), json!({ "user": null, "values": {} }), "the old id is nobody's");
        visitor = visitor.at(&bases[round % 3]);
        let mine = all(&visitor);
        assert_eq!((&mine["user"], &mine["values"]["cart"]), (&json!("ada"), &json!("\"tea\"")));
    }
    println!("P04: 0 of 50 logins lost, 0 old ids good");
}

#[test]
fn logging_out_everywhere_closes_nine_sockets_of_three_sessions_on_three_instances() {
    let cluster = cluster(&[]);
    let bases = cluster.bases();
    let visitors: Vec<_> = (0..3).map(|_| signed_in(&cluster, "ada")).collect();
    let mut sockets = Vec::new();
    for visitor in &visitors {
        for base in &bases {
            sockets.push(Socket::connect(base, &[("cookie", &visitor.cookie())]));
        }
    }
    let mut other = Socket::connect(&bases[1], &[("cookie", &signed_in(&cluster, "bob").cookie())]);

    let asked = Instant::now();
    assert_eq!(done(&Http::new(&bases[1]), "/end-all-of/ada").json(), 3);
    let reasons: Vec<_> = sockets.iter_mut().map(Socket::closed).collect();
    let took = asked.elapsed();

    println!("P05: the last of nine closed after {} ms: {}", took.as_millis(), reasons[0]);
    assert!(took <= Duration::from_secs(1), "{took:?}");
    for visitor in &visitors {
        assert!(all(visitor)["user"].is_null());
    }
    assert_eq!(other.get("/plain").status, 200);
}

#[test]
fn sessions_end_when_unused_and_at_their_age_and_cost_redis_what_is_promised() {
    let settings = [("REGATTA__SESSION__IDLE", "2s"), ("REGATTA__SESSION__ABSOLUTE", "5s")];
    let short = cluster(&settings);
    let (used, unused) = (signed_in(&short, "ada"), signed_in(&short, "bob"));
    let born = Instant::now();
    let keys = || short.redis().command("KEYS regatta:session:*").matches("regatta:session:").count();
    let at_first = keys();
    wait::until_true("the used one ends at its age", SOON, || all(&used)["user"].is_null());
    let age = born.elapsed();
    assert!(age > Duration::from_millis(4_800) && age < Duration::from_millis(6_500), "{age:?}");
    assert!(all(&unused)["user"].is_null(), "unused for longer than `idle`");
    wait::until_true("Redis forgets them by itself", SOON, || keys() < at_first);
    drop(short);

    let cluster = cluster(&[]);
    let visitor = Http::new(&cluster.bases()[0]);
    done(&visitor, "/set/n/0");
    // What a script does inside is no round trip, but counted by Redis as well: `hset` is none of these. `eval` is
    // the bus's, whose instances compare now and then what they heard; those of sessions are called by their hash.
    let names = ["hgetall", "pttl", "evalsha", "get", "set", "expire", "del", "exists"];
    let spent = |what: &str, requests: &dyn Fn(usize)| {
        let before = names.map(|name| cluster.redis().calls(name));
        (0..100).for_each(requests);
        let spent = names.map(|name| cluster.redis().calls(name));
        let spent =
            names.iter().zip(before.iter().zip(spent)).map(|(name, (before, after))| (*name, after - before));
        let spent: Vec<_> = spent.filter(|(_, calls)| *calls > 0).collect();
        println!("P06: 100 {what}: {spent:?}");
        spent
    };
    let anonymous = Http::new(&cluster.bases()[1]);
    let plain = |_| assert_eq!(anonymous.get("/all").status, 200);
    assert_eq!(spent("anonymous GETs", &plain), []);
    let read = |_| assert_eq!(all(&visitor)["user"], json!(null));
    assert_eq!(spent("reads", &read), [("hgetall", 100), ("pttl", 100)], "one pipeline each");
    let write = |n| drop(done(&visitor, &format!("/set/n/{n}")));
    assert_eq!(spent("writes", &write), [("hgetall", 100), ("pttl", 100), ("evalsha", 100)]);
}
