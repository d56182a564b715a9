//! Where instances listen: Unix sockets, and sockets they are handed as systemd does it.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;

use regatta_tests::process::Process;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::{ports, socket::Socket};
use tempfile::TempDir;

const REQUEST: &[u8] =
    b"GET /visits HTTP/1.1\r\nhost: chat\r\nconnection: close\r\nx-forwarded-for: 203.0.113.9\r\n\r\n";

fn answer(mut stream: impl std::io::Read + std::io::Write) -> String {
    let mut answer = String::new();
    stream.write_all(REQUEST).expect("a request");
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn instances_listen_on_a_unix_socket() {
    let app = App::new();
    // Not below the target folder: the address of a Unix socket is short.
    let folder = TempDir::with_prefix("regatta-listening-").expect("a folder for the socket");
    let path = folder.path().join("app.sock");
    let socket = path.to_str().expect("a plain path");
    let fleet = app.lift(&["--socket", socket, "--instances", "2"].map(str::to_owned), &[]);
    wait::until_true("both are ready", START, || fleet.log().matches("instance is ready").count() == 2);

    for _ in 0..4 {
        let answer = answer(UnixStream::connect(&path).expect("a connection"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let restarted = app.run(&["fleet", "restart"]);
    assert!(restarted.status.success(), "{restarted:?}");
    assert!(answer(UnixStream::connect(&path).expect("a connection")).starts_with("HTTP/1.1 200"));
    fleet.end();

    // What a dead fleet left behind is in nobody's way.
    let again = app.lift(&["--socket", socket].map(str::to_owned), &[]);
    again.wait_for_line("app.sock", START);
    wait::until_true("it answers", SOON, || UnixStream::connect(&path).is_ok());
    assert!(answer(UnixStream::connect(&path).expect("a connection")).starts_with("HTTP/1.1 200"));
}

#[test]
fn sockets_of_a_socket_unit_are_taken_by_their_name() {
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        println!("figures: no systemd-socket-activate here");
        return;
    }
    let app = App::new();
    let (first, second) = (ports::free(), ports::free());
    let mut command = Command::new("systemd-socket-activate");
    let lift = app.command(&["lift", "--instances", "2"]);
    command
        .args(["-l", &first.to_string(), "-l", &second.to_string(), "--fdname=other:http"])
        .arg(lift.get_program())
        .args(lift.get_args())
        .current_dir(app.root())
        .env("REGATTA_ENV", "development");
    let fleet = Process::start("fleet", &mut command, app.root());
    wait::until_true("the sockets are open", START, || TcpStream::connect(("127.0.0.1", second)).is_ok());
    wait::until_true("both are ready", START, || fleet.log().matches("instance is ready").count() == 2);

    let answer = answer(TcpStream::connect(("127.0.0.1", second)).expect("a connection"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(fleet.log().contains(&format!(":{second}")), "{}", fleet.log());
    assert!(!fleet.log().contains(&format!("http://0.0.0.0:{first}")), "{}", fleet.log());
    let base = format!("http://127.0.0.1:{second}");
    let socket = Socket::connect(&base, &[]);
    assert_eq!(socket.id().len(), 20);
}
