//! F16: a process that may open no more files, sockets among them.

use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::full_size;
use regatta_tests::http::{Http, wait_ready};
use regatta_tests::load::Caller;
use regatta_tests::process::Process;
use regatta_tests::socket::Socket;
use regatta_tests::usage::{self, cpu, open_files};
use regatta_tests::wait::{SOON, START};
use serde_json::json;

use crate::chat::{joined, named};
use crate::site::{Front, Kind};

/// More of a core than this is a loop that spins.
const BUSY: f64 = 0.6;

/// How long it lasts.
fn length() -> Duration {
    Duration::from_secs(if full_size() { 20 } else { 3 })
}

/// Clients of an instance from before, and one of another instance.
struct Regulars {
    client: Caller,
    here: Socket,
    elsewhere: Socket,
    said: usize,
}

impl Regulars {
    fn new(base: &str, other: &str) -> Self {
        let client = Caller::new(base.trim_start_matches("http://"), &named(base, "Ann").cookie());
        let (here, elsewhere) = (joined(base, "Ann").0, joined(other, "Ben").0);
        let mut all = Self { client, here, elsewhere, said: 0 };
        assert_eq!(all.elsewhere.get("/message").status, 200, "it watches the messages");
        all.are_served();
        all
    }

    /// Needs a session, the database, the bus and whatever `/readyz` asks.
    #[track_caller]
    fn are_served(&mut self) {
        self.said += 1;
        let text = format!("said without files {}", self.said);
        assert_eq!(self.client.call("GET", "/visits", "").expect("an answer"), 200);
        assert_eq!(self.client.call("GET", "/readyz", "").expect("an answer"), 200);
        let body = json!({ "body": text });
        let said = self.client.call("POST", "/message", &body.to_string()).expect("an answer");
        assert!(matches!(said, 200 | 201), "{said}");
        self.elsewhere.next_where("message", |event| event["data"]["body"] == text);
        assert_eq!(self.here.get("/visits").status, 200);
    }

    /// The same for a while; how often, and what it cost the process in shares of a core.
    #[track_caller]
    fn are_served_for(&mut self, length: Duration, pid: u32) -> (usize, f64) {
        let (began, before, said) = (Instant::now(), cpu(pid), self.said);
        while began.elapsed() < length {
            self.are_served();
            thread::sleep(Duration::from_millis(100));
        }
        (self.said - said, share(pid, before, began))
    }
}

/// The share of a core that a process took since an earlier look at its [`cpu`].
fn share(pid: u32, before: Duration, since: Instant) -> f64 {
    (cpu(pid) - before).as_secs_f64() / since.elapsed().as_secs_f64()
}

#[test]
fn an_instance_without_free_files_serves_its_clients_and_sends_the_others_elsewhere() {
    let cluster = Cluster::with_ports();
    let front = Front::new(Kind::Haproxy, &cluster);
    let base = cluster.bases().remove(1);
    let victim = cluster.instance(&Http::new(&base).get("/livez").instance());
    let mut regulars = Regulars::new(&base, &cluster.bases()[0]);
    let newcomer = || Http::new(&base).try_send("GET", "/livez", &[], "");

    usage::limit_files(victim.pid, Some(256));
    let mut crowd = Vec::new();
    let mut one = Caller::new(base.trim_start_matches("http://"), "");
    while one.call("GET", "/livez", "").is_ok() {
        crowd.push(std::mem::replace(&mut one, Caller::new(base.trim_start_matches("http://"), "")));
    }
    let (rounds, busy) = regulars.are_served_for(length(), victim.pid);
    let asked = Instant::now();
    assert!((0..20).all(|_| newcomer().is_err()), "nobody new is let in");
    let refused = asked.elapsed();
    assert!(refused < SOON / 2, "20 were sent away in {refused:?}");
    (0..20)
        .for_each(|_| assert_eq!(Http::new(&front.base()).get("/visits").status, 200, "others serve them"));
    println!(
        "F16: 256 files, {} clients: {rounds} rounds of the instance's own clients served, {busy:.2} of a core; 20 newcomers sent \
         away in {} ms",
        crowd.len(),
        refused.as_millis()
    );
    assert!(busy < BUSY, "{busy} of a core");
    assert!(crowd.len() > 100, "{}", crowd.len());

    // Not one is left, as when the app itself has opened them.
    usage::limit_files(victim.pid, Some(open_files(victim.pid)));
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let base = base.clone();
            thread::spawn(move || wait_ready(&base, START))
        })
        .collect();
    let (rounds, busy) = regulars.are_served_for(length(), victim.pid);
    assert!(waiting.iter().all(|one| !one.is_finished()), "there is nothing to let them in with");
    let freed = Instant::now();
    drop(crowd);
    usage::limit_files(victim.pid, None);
    for one in waiting {
        one.join().expect("who waited is served");
    }
    let healed = freed.elapsed();
    regulars.are_served();
    println!(
        "F16: no file left at all: {rounds} rounds served, {busy:.2} of a core; 20 who waited were served {} ms after files came free",
        healed.as_millis()
    );
    assert!(busy < BUSY, "{busy} of a core");
    assert!(healed < SOON / 2, "{healed:?}");

    let log = cluster.parent().log();
    let complaints = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let (turned, failed) = (complaints("turned away"), complaints("Too many open files"));
    println!("F16: {turned} lines about clients turned away, {failed} about files that could not be opened");
    // One a second of each worker, and two of the listener.
    let most = 20 + 8 * length().as_secs() as usize;
    assert!((1..most).contains(&turned) && (1..most).contains(&failed), "{turned}, {failed}");
    assert!(cluster.instances().contains(&victim), "it is the same process");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_parent_without_free_files_waits_for_some() {
    let cluster = Cluster::with_ports();
    let parent = cluster.parent().pid();
    let victim = cluster.instances().remove(0);
    // Fewer than it has: what the dead instance frees is no use either.
    usage::limit_files(parent, Some(3));
    let folder = cluster.files().root().parent().expect("the folder of the app's folder");
    let asked = Process::start("asked", &mut cluster.files().command(&["fleet", "status"]), folder);
    cluster.kill(&victim);

    let (began, before) = (Instant::now(), cpu(parent));
    thread::sleep(length());
    let busy = share(parent, before, began);
    assert!(cluster.parent().exit().is_none() && asked.exit().is_none());
    let freed = Instant::now();
    usage::limit_files(parent, None);
    assert!(asked.wait_for_exit(SOON).success(), "who asked is answered: {}", asked.log());
    cluster.wait_restarted(&victim, SOON);

    println!(
        "F16: a parent without free files: {busy:.2} of a core; an instance that died is back {} ms after files came free",
        freed.elapsed().as_millis()
    );
    assert!(busy < BUSY, "{busy} of a core");
}
