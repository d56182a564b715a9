//! The figures of a whole fleet: at the parent's private listener, and by `fleet metrics`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::figures::Figures;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::process::{self, Signal};
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON};

/// How long an instance may take to tell its figures.
const PATIENCE: Duration = Duration::from_millis(500);

/// A cluster with a port each, and the address of its parent's private listener.
fn watched() -> (Cluster, String) {
    let listen = format!("127.0.0.1:{}", ports::free());
    let settings = [("REGATTA__METRICS__LISTEN", &*listen), ("REGATTA__METRICS__TIMEOUT", "500ms")];
    (Cluster::of(App::new(), &settings), format!("http://{listen}"))
}

/// Where instances tell their figures.
fn files(cluster: &Cluster) -> Vec<PathBuf> {
    let folder = fs::read_dir(cluster.files().root().join(".tmp")).expect("a folder");
    let files = folder.map(|file| file.expect("a file").path());
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "sock") && !file.ends_with("fleet.sock"))
        .collect()
}

#[test]
fn the_parent_tells_what_every_instance_was_asked() {
    let (cluster, private) = watched();
    let mut asked = BTreeMap::new();
    for (times, base) in [3, 5, 8].into_iter().zip(cluster.bases()) {
        let http = Http::new(&base);
        for number in 0..times {
            assert_eq!(http.get("/message").status, 200);
            assert_eq!(http.get(&format!("/no-such-page-{number}")).status, 404);
        }
        asked.insert(http.get("/livez").instance(), f64::from(times));
    }
    let _sockets = cluster.bases().iter().map(|base| Socket::connect(base, &[])).collect::<Vec<_>>();

    let figures = Figures::at(&private);

    let requests = "regatta_http_requests_total";
    let to_messages = [("method", "GET"), ("route", "/message"), ("status", "2xx")];
    assert_eq!(figures.sum(requests, &to_messages), 16.0);
    let to_nothing = [("route", "unmatched"), ("status", "4xx")];
    for (instance, times) in &asked {
        let of = |labels: &[(&'static str, &'static str)]| {
            let labels: Vec<_> = labels.iter().copied().chain([("instance", instance.as_str())]).collect();
            figures.sum(requests, &labels)
        };
        assert_eq!((of(&to_messages), of(&to_nothing)), (*times, *times), "{instance}");
        assert_eq!(figures.sum("regatta_instance_up", &[("instance", instance)]), 1.0);
    }
    let seconds = "regatta_http_request_duration_seconds_count";
    assert_eq!(figures.sum(seconds, &[("method", "GET"), ("route", "/message")]), 16.0);
    assert_eq!(figures.sum("regatta_sockets_connected", &[("namespace", "/")]), 3.0);
    assert_eq!(figures.sum("regatta_fleet_instances", &[("state", "ready")]), 3.0);
    assert_eq!(figures.sum("regatta_fleet_unanswered_total", &[]), 0.0);
    assert!(figures.sum("process_resident_memory_bytes", &[("instance", "parent")]) > 1e6);
    assert!(
        figures.values("route").iter().all(|route| !route.contains("no-such")),
        "{:?}",
        figures.values("route")
    );

    assert_eq!(Http::new(&private).get("/livez").status, 200);
    assert_eq!(Http::new(&private).get("/readyz").body, "3 instances are ready\n");
    for file in files(&cluster) {
        assert_eq!(fs::metadata(file).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let by_command = cluster.files().run(&["fleet", "metrics"]);
    let by_command = Figures::read(&String::from_utf8_lossy(&by_command.stdout));
    assert_eq!(by_command.sum(requests, &to_messages), 16.0);
}

#[test]
fn an_instance_that_hangs_is_left_out_in_time() {
    let (cluster, private) = watched();
    let (hung, killed) = (cluster.instances().remove(0), cluster.instances().remove(1));
    process::send(hung.pid, Signal::STOP);

    let asked = Instant::now();
    let figures = Figures::at(&private);
    let took = asked.elapsed();

    assert!(took < PATIENCE * 4, "{took:?}");
    println!("figures: with an instance that hangs the page took {} ms", took.as_millis());
    assert_eq!(figures.sum("regatta_instance_up", &[]), 2.0);
    assert_eq!(figures.sum("regatta_instance_up", &[("instance", &hung.id)]), 0.0);
    assert_eq!(figures.of("regatta_build_info", &[]).count(), 2);
    assert_eq!(figures.sum("regatta_fleet_unanswered_total", &[]), 1.0);
    process::send(hung.pid, Signal::CONT);
    wait::until_true("it tells its figures again", SOON, || {
        Figures::at(&private).sum("regatta_instance_up", &[]) == 3.0
    });

    cluster.kill(&killed);
    cluster.wait_restarted(&killed, SOON);
    wait::until_true("the new one tells its figures", SOON, || {
        Figures::at(&private).sum("regatta_instance_up", &[]) == 3.0
    });
    assert_eq!(Figures::at(&private).sum("regatta_fleet_restarts_total", &[]), 1.0);
    assert_eq!(files(&cluster).len(), 3, "a killed instance leaves no file");
}

#[test]
fn a_parent_that_became_another_program_tells_figures_as_before() {
    let (cluster, private) = watched();
    cluster.fleet(&["restart"]);

    wait::until_true("all tell their figures", SOON, || {
        let answer = Http::new(&private).try_send("GET", "/metrics", &[], "");
        answer.is_ok_and(|answer| Figures::read(&answer.body).sum("regatta_instance_up", &[]) == 3.0)
    });
}

#[test]
fn without_an_address_only_the_command_tells_figures() {
    let cluster = Cluster::with_shared_port();
    let http = Http::new(&cluster.bases()[0]);
    (0..7).for_each(|_| assert_eq!(http.get("/message").status, 200));

    let told = cluster.files().run(&["fleet", "metrics"]);

    let figures = Figures::read(&String::from_utf8_lossy(&told.stdout));
    assert_eq!(figures.sum("regatta_http_requests_total", &[("route", "/message")]), 7.0);
    assert_eq!(http.get("/metrics").status, 404, "visitors see no figures");
}
