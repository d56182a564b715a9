//! HAProxy with the generated app's own configuration.

use std::fs;
use std::process::Command;

use crate::process::{Process, Signal};
use crate::wait::START;
use crate::workdir::Workdir;
use crate::{http, ports};

/// A running HAProxy.
#[derive(Debug)]
pub struct Haproxy {
    port: u16,
    process: Process,
    _folder: Workdir,
}

impl Haproxy {
    /// Starts HAProxy with an app's `deploy/haproxy.cfg`, of which only ports are edited, before these instances.
    ///
    /// # Panics
    /// When HAProxy refuses the configuration or doesn't answer.
    pub fn new(configuration: &str, instances: &[u16]) -> Self {
        let port = ports::free();
        Self::start(&edited(configuration, port, instances), port)
    }

    /// The same before instances on other hosts, at these addresses.
    ///
    /// # Panics
    /// As [`Haproxy::new`].
    pub fn before(configuration: &str, addresses: &[String]) -> Self {
        let port = ports::free();
        // Ports stand for the addresses until every line has its own.
        let places: Vec<u16> = (1..).take(addresses.len()).collect();
        let mut edited = edited(configuration, port, &places);
        for (place, address) in places.iter().zip(addresses) {
            edited = edited.replace(&format!(" 127.0.0.1:{place} "), &format!(" {address} "));
        }
        Self::start(&edited, port)
    }

    fn start(configuration: &str, port: u16) -> Self {
        let folder = Workdir::new();
        let path = folder.path().join("haproxy.cfg");
        fs::write(&path, configuration).expect("haproxy.cfg written");
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&path);
        let mut process = Process::start("haproxy", &mut command, folder.path());
        // SIGTERM is HAProxy's immediate stop, SIGUSR1 its graceful one.
        process.stop_with(Signal::TERM);
        let haproxy = Self { port, process, _folder: folder };
        http::wait_ready(&haproxy.base(), START);
        haproxy
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What HAProxy reported so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// Puts the instances' ports into the `server` lines and the public port into `bind`.
pub fn edited(configuration: &str, public: u16, instances: &[u16]) -> String {
    // Every backend has all of them.
    let mut ports = instances.iter().cycle();
    let mut servers = 0;
    let mut binds = false;
    let mut lines = Vec::new();
    for line in configuration.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (address, port) = match words.as_slice() {
            ["bind", address, ..] => {
                binds = true;
                (*address, public)
            }
            ["server", _, address, ..] => {
                servers += 1;
                (*address, *ports.next().expect("an instance"))
            }
            _ => {
                lines.push(line.to_owned());
                continue;
            }
        };
        let (host, _) = address.rsplit_once(':').expect("HAProxy's addresses have a port");
        lines.push(line.replacen(address, &format!("{host}:{port}"), 1));
    }
    assert!(binds, "no `bind` line in the configuration");
    assert!(
        servers > 0 && servers % instances.len() == 0,
        "{servers} `server` lines for {} instances",
        instances.len()
    );
    lines.join("\n") + "\n"
}
