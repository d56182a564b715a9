//! What systemd is told, by a listener that plays it and one that plays the instance.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Manager, reached, tell};
use crate::config::HttpConfig;

/// An instance that answers while `well`, and otherwise leaves its clients waiting.
fn instance(well: &Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let well = Arc::clone(well);
    thread::spawn(move || {
        let mut waiting = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 256]);
            if well.load(Ordering::Relaxed) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            } else {
                waiting.push(stream);
            }
        }
    });
    address
}

fn word(systemd: &UnixDatagram) -> Option<String> {
    let mut text = [0; 64];
    let length = systemd.recv(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text[..length]).into_owned())
}

#[test]
fn an_instance_is_told_ready_and_alive_until_it_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let well = Arc::new(AtomicBool::new(true));
    let address = instance(&well);

    let manager = Manager::at(path.to_str().unwrap(), Some(Duration::from_millis(400))).unwrap();
    thread::spawn(move || tell(&manager, address));

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
fn an_instance_on_every_interface_reaches_itself() {
    let at = |host: &str| {
        let http = HttpConfig { host: host.parse().unwrap(), port: 80, ..HttpConfig::default() };
        reached(&http).to_string()
    };

    assert_eq!([at("0.0.0.0"), at("::"), at("10.0.0.5")], ["127.0.0.1:80", "[::1]:80", "10.0.0.5:80"]);
}
