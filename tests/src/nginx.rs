//! nginx with the generated app's own configuration.

use std::process::Command;
use std::{fs, path::Path};

use crate::process::{Process, Signal};
use crate::wait::START;
use crate::workdir::Workdir;
use crate::{http, ports};

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    process: Process,
    _folder: Workdir,
}

impl Nginx {
    /// Starts nginx with an app's `deploy/nginx.conf`, of which only ports and paths are edited, before these instances.
    ///
    /// # Panics
    /// When nginx refuses the configuration or doesn't answer.
    pub fn new(configuration: &str, instances: &[u16]) -> Self {
        let (folder, port) = (Workdir::new(), ports::free());
        let path = folder.path().join("nginx.conf");
        fs::write(&path, edited(configuration, port, instances, folder.path())).expect("nginx.conf written");
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&path).arg("-p").arg(folder.path()).args(["-e", "stderr", "-g", "daemon off;"]);
        let mut process = Process::start("nginx", &mut command, folder.path());
        // SIGTERM is nginx's fast stop; connections that are open are the test's own.
        process.stop_with(Signal::TERM);
        let nginx = Self { port, process, _folder: folder };
        http::wait_ready(&nginx.base(), START);
        nginx
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What nginx complained about so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// Puts the instances' ports into the `server` lines of the upstream, the public port into `listen`, and the files
/// nginx writes into `folder`. A configuration without `events` is one to include, and is given its frame.
pub fn edited(configuration: &str, public: u16, instances: &[u16], folder: &Path) -> String {
    let mut ports = instances.iter();
    let mut listens = false;
    let mut lines = Vec::new();
    for line in configuration.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["listen", address, ..] => {
                listens = true;
                lines.push(line.replacen(address, &with_port(address, public), 1));
            }
            ["server", address, ..] if *address != "{" => {
                let port = ports.next().expect("no more `server` lines than instances");
                lines.push(line.replacen(address, &with_port(address, *port), 1));
            }
            ["pid" | "error_log", ..] => {}
            ["access_log", file, ..] if file.starts_with('/') => {
                lines.push(line.replacen(
                    file.trim_end_matches(';'),
                    &format!("{}/access.log", folder.display()),
                    1,
                ));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    assert!(listens, "no `listen` line in the configuration");
    assert!(ports.next().is_none(), "fewer `server` lines than the {} instances", instances.len());

    let own = own_files(folder);
    let text = lines.join("\n");
    if text.lines().any(|line| line.trim_start().starts_with("events")) {
        let place = text.find("http {").expect("an http block") + "http {".len();
        format!("pid {}/nginx.pid;\n{}\n{own}{}\n", folder.display(), &text[..place], &text[place..])
    } else {
        format!("pid {}/nginx.pid;\nevents {{}}\nhttp {{\n{own}\n{text}\n}}\n", folder.display())
    }
}

/// Where nginx puts what it can't hold in memory: the compiled-in folders belong to root.
fn own_files(folder: &Path) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    kinds.map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display())).join("\n")
}

/// `127.0.0.1:3001`, `[::]:80;` or `80;` with another port.
fn with_port(address: &str, port: u16) -> String {
    let end = if address.ends_with(';') { ";" } else { "" };
    let host = address.rsplit_once(':').map_or(String::new(), |(host, _)| format!("{host}:"));
    format!("{host}{port}{end}")
}
