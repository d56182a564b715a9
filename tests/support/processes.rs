use std::fs;
use std::process::Command;
use std::time::Duration;

use regatta_tests::ports;
use regatta_tests::process::{self, Process, Signal};
use regatta_tests::wait::{self, SOON};
use regatta_tests::workdir::Workdir;

fn sleeper(script: &str, folder: &Workdir) -> Process {
    Process::start("sleeper", Command::new("sh").args(["-c", script]), folder.path())
}

#[test]
fn a_child_ends_with_its_owner() {
    let folder = Workdir::new();
    let child = sleeper("exec sleep 600", &folder);
    let pid = child.pid();
    assert!(process::is_alive(pid));

    drop(child);

    assert!(!process::is_alive(pid));
}

#[test]
fn a_child_ends_when_its_owner_panics() {
    let (told, pid) = std::sync::mpsc::channel();
    let panicked = std::thread::spawn(move || {
        let folder = Workdir::new();
        let child = sleeper("echo a last word; exec sleep 600", &folder);
        child.wait_for_line("last word", SOON);
        told.send((child.pid(), folder.path().to_owned())).expect("the test listens");
        panic!("on purpose");
    })
    .join();
    assert!(panicked.is_err());

    let (pid, folder) = pid.recv().expect("a pid");
    assert!(!process::is_alive(pid));
    assert!(folder.join("sleeper.log").exists(), "a failed test keeps its logs");
    fs::remove_dir_all(folder).expect("the folder that was left");
}

#[test]
fn a_line_is_awaited_without_its_colours() {
    let folder = Workdir::new();
    let child = sleeper("printf 'x\\n\\033[32mINFO\\033[0m listening on 1\\n'; exec sleep 600", &folder);

    assert_eq!(child.wait_for_line("listening", SOON), "INFO listening on 1");
    assert_eq!(process::parent_of(child.pid()), Some(std::process::id()));
}

#[test]
#[should_panic(expected = "without a line with \"listening\"")]
fn a_child_that_ends_early_is_not_waited_for() {
    let folder = Workdir::new();
    let child = sleeper("echo refused; exit 3", &folder);

    child.wait_for_line("listening", Duration::from_secs(600));
}

#[test]
fn a_killed_child_is_seen_as_gone() {
    let folder = Workdir::new();
    let child = sleeper("exec sleep 600", &folder);

    process::send(child.pid(), Signal::KILL);

    wait::until_true("the child is gone", SOON, || !process::is_alive(child.pid()));
    assert!(!child.wait_for_exit(SOON).success());
}

#[test]
fn ports_are_given_once_and_in_a_row() {
    let (one, row) = (ports::free(), ports::range(3));
    let row: Vec<_> = row.collect();

    assert_eq!(row.len(), 3);
    assert!(!row.contains(&one));
    assert_eq!(row[2], row[0] + 2);
}
