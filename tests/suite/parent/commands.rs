//! The commands of `fleet`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::process::{self, Process};
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::workdir::Workdir;
use serde_json::json;

use super::{instances, wait_ready};

#[test]
fn status_shows_every_instance_to_the_parents_user_alone() {
    let cluster = Cluster::with_shared_port();

    let status = cluster.fleet(&["status"]);

    assert_eq!(status["parent"], cluster.parent().pid());
    assert_eq!(status["app"], "chat");
    assert_eq!(status["listens"], json!([cluster.bases()[0]]));
    for instance in cluster.instances() {
        let rows = status["instances"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["id"] == instance.id).expect("every instance");
        assert_eq!((&row["pid"], &row["state"]), (&json!(instance.pid), &json!("ready")));
        assert_eq!(row["restarts"], 0);
        assert!(row["rss_bytes"].as_u64().is_some_and(|bytes| bytes > 5_000_000), "{row}");
        assert!(row["cpu_percent"].is_number(), "{row}");
    }
    let socket = fs::metadata(cluster.files().root().join(".tmp/fleet.sock")).expect("a control socket");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let text = cluster.files().run(&["fleet", "status"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert_eq!(text.lines().filter(|line| line.contains(" ready ")).count(), 3, "{text}");
    let top = cluster.files().run(&["fleet", "top", "--times", "2"]);
    assert_eq!(String::from_utf8_lossy(&top.stdout).matches("INSTANCE").count(), 2);
}

#[test]
fn scale_adds_instances_and_takes_them_away() {
    let cluster = Cluster::with_shared_port();

    assert_eq!(cluster.fleet(&["scale", "5"])["done"], "5 instances run");
    assert_eq!(instances(&cluster).len(), 5);
    cluster.fleet(&["scale", "1"]);
    let left = instances(&cluster);
    assert_eq!(left.len(), 1);
    let answer = Http::new(&cluster.bases()[0]).get("/livez");
    assert_eq!(left[0]["id"], answer.instance().as_str());

    let refused = cluster.files().run(&["fleet", "scale", "0"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("1 to 256 instances"));
}

#[test]
fn instances_with_a_port_each_are_not_scaled() {
    let cluster = Cluster::with_ports();

    let refused = cluster.files().run(&["fleet", "scale", "4"]);

    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--ports"));
    cluster.fleet(&["restart"]);
    wait_ready(&cluster, 3, SOON);
    for base in cluster.bases() {
        assert_eq!(Http::new(&base).get("/readyz").status, 200);
    }
}

#[test]
fn log_level_reaches_every_instance() {
    let cluster = Cluster::with_shared_port();

    cluster.fleet(&["log-level", "regatta::bus=debug"]);

    wait::until_true("every instance has it", SOON, || {
        cluster.parent().log().matches("info,regatta::bus=debug").count() == 3
    });
    let refused = cluster.files().run(&["fleet", "log-level", "regatta=loud"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("write info"));
}

#[test]
fn logs_shows_the_lines_of_every_instance_and_follows_new_ones() {
    let cluster = Cluster::with_shared_port();
    let shown = |arguments: &[&str]| {
        let output = cluster.files().run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    let last = shown(&["fleet", "logs", "-n", "1"]);
    assert_eq!(last.lines().count(), 4, "one of each instance and one of the parent: {last}");
    let all = shown(&["fleet", "logs"]);
    for instance in cluster.instances() {
        assert!(all.contains(&format!("instance={} ", instance.id)), "{all}");
    }
    assert!(all.contains("instance=parent "), "{all}");

    let mut follow = cluster.files().command(&["fleet", "logs", "-n", "0", "-f"]);
    let folder = Workdir::new();
    let follow = Process::start("logs", &mut follow, folder.path());
    let http = Http::new(&cluster.bases()[0]);
    wait::until_true("a request is heard of", SOON, || {
        http.get("/visits");
        follow.log().contains("path=\"/visits\"")
    });
    let before = cluster.instances();
    cluster.fleet(&["scale", "4"]);
    let new = cluster.instances().into_iter().find(|one| !before.contains(one)).expect("a new instance");
    follow.wait_for_line(&format!("instance={} ", new.id), SOON);
}

#[test]
fn install_writes_a_unit_that_systemd_takes() {
    let app = App::new();
    let printed = app.run(&["fleet", "install", "--print", "--instances", "3"]);
    assert!(printed.status.success(), "{printed:?}");
    let unit = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(unit.contains("lift --instances 3\n"), "{unit}");
    let file = app.root().join("chat.service");
    fs::write(&file, &unit).expect("the unit");
    match Command::new("systemd-analyze").arg("verify").arg(&file).output() {
        Ok(checked) => {
            assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
        Err(_) => println!("figures: no systemd-analyze here"),
    }

    let refused = app.run(&["fleet", "install", "--print", "--name", "../x"]);
    assert!(!refused.status.success());
    // Where systemd runs, root would get a service.
    if !Path::new("/run/systemd/system").is_dir() {
        let told = app.run(&["fleet", "install"]);
        assert!(!told.status.success());
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(text.contains("systemctl enable --now chat.service"), "{text}");
        assert!(app.read(".tmp/chat.service").contains("WorkingDirectory="));
    }
}

#[test]
fn stop_ends_all_in_good_order() {
    let cluster = Cluster::with_shared_port();
    let before = cluster.instances();

    assert_eq!(cluster.fleet(&["stop"])["done"], "the fleet has ended");

    assert!(cluster.parent().wait_for_exit(SOON).success());
    assert!(before.iter().all(|instance| !process::is_alive(instance.pid)));
    assert!(!cluster.files().root().join(".tmp/fleet.sock").exists());
    let alone = cluster.files().run(&["fleet", "status"]);
    assert!(!alone.status.success());
    assert!(String::from_utf8_lossy(&alone.stderr).contains("lift --instances 2"));
}

#[test]
fn one_fleet_runs_in_a_folder() {
    let app = App::new();
    let arguments = |port: u16| ["--port", &port.to_string(), "--instances", "1"].map(str::to_owned);
    let first = app.lift(&arguments(regatta_tests::ports::free()), &[]);
    first.wait_for_line("instance is ready", START);

    let second = app
        .command(&["lift", "--instances", "1", "--port", &regatta_tests::ports::free().to_string()])
        .output();

    let second = second.expect("the app's program runs");
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("fleet.sock is in use"), "{second:?}");
    assert!(first.exit().is_none());
}
