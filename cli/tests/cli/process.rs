use std::fs;
use std::path::Path;
use std::process::Command;

use regatta_cli::Error;
use regatta_cli::process::Program;
use tempfile::tempdir;

use crate::support::eventually;

#[test]
fn a_stopped_program_takes_its_descendants_with_it() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("log");
    let mut program = shell("trap 'exit 0' TERM; sleep 600 & echo $!; wait", &log);
    eventually("the child's id is written", || fs::read_to_string(&log).unwrap().ends_with('\n'));
    let child = fs::read_to_string(&log).unwrap();

    program.stop();

    assert!(!runs(&program.id().to_string()));
    eventually("the child is ended", || !runs(child.trim()));
}

#[test]
fn a_dropped_program_is_ended() {
    let folder = tempdir().unwrap();
    let program = shell("exec sleep 600", &folder.path().join("log"));
    let id = program.id().to_string();
    assert!(runs(&id));

    drop(program);

    assert!(!runs(&id));
}

#[test]
fn a_program_that_ends_by_itself_is_reported_with_its_last_lines() {
    let folder = tempdir().unwrap();
    let mut program = shell("for i in $(seq 30); do echo line $i; done; exit 3", &folder.path().join("log"));
    eventually("it ends", || program.ended().unwrap().is_some());

    let error = program.expect_running().unwrap_err();

    assert!(matches!(error, Error::Ended { .. }));
    let text = error.to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("line 30") && !text.contains("line 10\n"),
        "{text}"
    );
}

fn shell(script: &str, log: &Path) -> Program {
    Program::start("a script", Command::new("sh").args(["-c", script]), log).unwrap()
}

/// Whether a process of this id is there and no zombie.
fn runs(id: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
