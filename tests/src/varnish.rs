//! Varnish with the file that an app's `deploy varnish` makes.

use std::fs;
use std::process::Command;

use crate::process::Process;
use crate::wait::START;
use crate::workdir::Workdir;
use crate::{http, ports};

/// A running Varnish.
#[derive(Debug)]
pub struct Varnish {
    port: u16,
    process: Process,
    _folder: Workdir,
}

impl Varnish {
    /// Starts Varnish with this file.
    ///
    /// # Panics
    /// When Varnish refuses it or doesn't answer.
    pub fn new(vcl: &str) -> Self {
        let (folder, port) = (Workdir::new(), ports::free());
        let path = folder.path().join("varnish.vcl");
        fs::write(&path, vcl).expect("varnish.vcl written");
        let mut command = Command::new("varnishd");
        command.arg("-F").arg("-n").arg(folder.path().join("work")).arg("-f").arg(&path);
        // Without jails it needs no users of its own.
        command.args(["-j", "none", "-s", "malloc,32m", "-T", "none"]);
        command.args(["-a", &format!("127.0.0.1:{port}")]);
        let process = Process::start("varnish", &mut command, folder.path());
        let varnish = Self { port, process, _folder: folder };
        http::wait_ready(&varnish.base(), START);
        varnish
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What Varnish reported so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
