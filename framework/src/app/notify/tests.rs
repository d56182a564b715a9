//! What systemd is told, by a listener that plays it and one that plays the instance.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Manager, Place, reached, tell};
use crate::http::Door;

/// Answers those who connect while `well`, and otherwise leaves them waiting.
fn answer<S: Read + Write>(streams: impl Iterator<Item = std::io::Result<S>>, well: &AtomicBool) {
    let mut waiting = Vec::new();
    for stream in streams {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 256]);
        if well.load(Ordering::Relaxed) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        } else {
            waiting.push(stream);
        }
    }
}

fn word(systemd: &UnixDatagram) -> Option<String> {
    let mut text = [0; 64];
    let length = systemd.recv(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text[..length]).into_owned())
}

/// What systemd is told of an instance behind this door.
fn is_told_ready_and_alive_until_it_hangs(door: Door) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let well = Arc::new(AtomicBool::new(true));
    let place = Place::of(&door).unwrap();
    let health = Arc::clone(&well);
    thread::spawn(move || match door {
        Door::Tcp(listener) => answer(listener.incoming(), &health),
        Door::Unix(listener) => answer(listener.incoming(), &health),
    });

    let manager = Manager::at(path.to_str().unwrap(), Some(Duration::from_millis(400))).unwrap();
    thread::spawn(move || tell(&manager, &place));

    assert_eq!(word(&systemd).as_deref(), Some("READY=1"));
    assert_eq!(word(&systemd).as_deref(), Some("WATCHDOG=1"));
    assert_eq!(word(&systemd).as_deref(), Some("WATCHDOG=1"));
    well.store(false, Ordering::Relaxed);
    systemd.set_read_timeout(Some(Duration::from_millis(600))).unwrap();
    // One may be under way.
    while word(&systemd).is_some() {}
    assert_eq!(word(&systemd), None);
}

#[test]
fn an_instance_at_a_port_is_told_ready_and_alive_until_it_hangs() {
    is_told_ready_and_alive_until_it_hangs(Door::Tcp(TcpListener::bind("0.0.0.0:0").unwrap()));
}

#[test]
fn an_instance_at_a_unix_socket_is_told_ready_and_alive_until_it_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("http")).unwrap();
    is_told_ready_and_alive_until_it_hangs(Door::Unix(listener));
}

#[test]
fn an_instance_on_every_interface_reaches_itself() {
    let at = |address: &str| reached(address.parse().unwrap()).to_string();

    assert_eq!(
        [at("0.0.0.0:80"), at("[::]:80"), at("10.0.0.5:80")],
        ["127.0.0.1:80", "[::1]:80", "10.0.0.5:80"]
    );
}
