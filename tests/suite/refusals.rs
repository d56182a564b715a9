//! What makes `lift` refuse, and how it says so: one clear error, an exit code, nothing left running.

use std::net::TcpListener;

use regatta_tests::ports;
use regatta_tests::scaffold::App;
use regatta_tests::wait::START;

/// Lifts an app that must refuse, and returns what it said.
#[track_caller]
fn refusal(app: &App, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let process = app.lift(&arguments, settings);
    let status = process.wait_for_exit(START);
    let log = process.log();
    assert!(!status.success(), "{log}");
    assert!(!log.contains("panicked at"), "{log}");
    log
}

#[track_caller]
fn assert_says(log: &str, words: &[&str]) {
    for word in words {
        assert!(log.contains(word), "no {word:?} in:\n{log}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_file_line_and_nearest_key() {
    let app = App::new();
    let text = app.read("config/sockets.toml");
    app.write("config/sockets.toml", &format!("adaptr = \"redis\"\n{text}"));

    let log = refusal(&app, &["--port", &ports::free().to_string()], &[]);

    assert_says(&log, &["config/sockets.toml:1", "`adaptr`", "`adapter`"]);
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    let app = App::new();
    let text = app.read("config/http.toml");
    app.write("config/http.toml", &format!("= nonsense\n{text}"));

    let log = refusal(&app, &["--port", &ports::free().to_string()], &[]);

    assert_says(&log, &["config/http.toml:1"]);
}

#[test]
fn an_unknown_key_of_the_environment_is_refused() {
    let app = App::new();

    let log =
        refusal(&app, &["--port", &ports::free().to_string()], &[("REGATTA__SOCKETS__ADAPTR", "redis")]);

    assert_says(&log, &["REGATTA__SOCKETS__ADAPTR", "adapter"]);
}

#[test]
fn a_taken_port_is_refused_by_name() {
    let app = App::new();
    let port = ports::free();
    let _taken = TcpListener::bind(("0.0.0.0", port)).expect("the port");

    for arguments in [vec!["--port", &port.to_string()], vec!["--ports", &format!("{port}-{}", port + 1)]] {
        let log = refusal(&app, &arguments, &[]);
        assert_says(&log, &[&port.to_string(), "in use"]);
    }
}

#[test]
fn a_database_file_that_can_not_be_written_is_refused_by_name() {
    let app = App::new();

    // Not even root can make a file there.
    let log =
        refusal(&app, &["--port", &ports::free().to_string()], &[("DATABASE_URL", "sqlite:///proc/chat.db")]);

    assert_says(&log, &["/proc/chat.db"]);
}

#[test]
fn an_unknown_argument_is_refused_with_help() {
    let app = App::new();

    let log = refusal(&app, &["--prot", "3000"], &[]);

    assert_says(&log, &["--prot", "--port"]);
}
