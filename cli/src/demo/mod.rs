//! A whole cluster on this machine, from the scaffold to nginx, in a temporary folder that goes with it.

use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use tempfile::TempDir;

use crate::cargo::{self, Build};
use crate::output::say;
use crate::process::{self, Program};
use crate::scaffold::NewApp;
use crate::{Error, Result};

pub mod check;
pub mod cluster;
pub mod install;
pub mod interrupt;
pub mod nginx;
pub mod ports;
mod ready;
pub mod redis;

use cluster::Running;
use install::Services;
use interrupt::Interrupt;

/// The demo app's name.
const NAME: &str = "chat";

/// Runs the demo with its front on `port` (or another free one) until Ctrl-C; with `check`, until that has passed.
///
/// However it ends, every program it started is ended and its folder removed.
pub fn run(port: u16, check: bool) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let services = install::find_or_install()?;
    interrupt.check()?;
    if let Services::Missing { missing, remedy } = &services {
        if check {
            return Err(Error::Missing { missing: missing.clone(), remedy: remedy.clone() });
        }
        say!(
            "Without {missing} there is no cluster, so this runs one instance on the embedded defaults.\n{remedy}"
        );
    }

    let demo = Demo::scaffold()?;
    demo.build(&interrupt)?;
    let mut running = match &services {
        Services::Here { redis, nginx } => cluster::start(&demo, redis, nginx, port, &interrupt)?,
        Services::Missing { .. } => cluster::start_single(&demo, port, &interrupt)?,
    };
    if check {
        check::cluster(running.site())?;
        say!("Check passed; stopping everything.");
        return Ok(());
    }
    announce(running.site(), &demo);
    wait(&mut running, &interrupt)
}

/// The demo's folder and what lies in it; removed when dropped.
#[derive(Debug)]
pub struct Demo {
    folder: TempDir,
}

impl Demo {
    /// Makes the folder and the app in it.
    pub fn scaffold() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("regatta-demo-").tempdir();
        let demo = Self { folder: folder.map_err(Error::file("write into", &std::env::temp_dir()))? };
        for folder in [demo.logs(), demo.nginx(), demo.redis()] {
            fs::create_dir(&folder).map_err(Error::file("create", &folder))?;
        }
        say!("Scaffolding {NAME} in {}", demo.app().display());
        NewApp::plan(&demo.app(), None)?.write()?;
        // nginx started by root has workers of another user: they must reach their own folder, and no other.
        restrict(&demo.app(), 0o700)?;
        restrict(&demo.redis(), 0o700)?;
        restrict(demo.folder.path(), 0o711)?;
        Ok(demo)
    }

    /// Builds the app with cargo's progress shown.
    ///
    /// The development profile, because what counts here is the time to the first page: with optimisations the
    /// dependencies take about twice as long. And in the target folder of this CLI, where a checkout that has run
    /// its tests has those dependencies compiled already, and where the next demo finds this one's.
    fn build(&self, interrupt: &Interrupt) -> Result<()> {
        use std::os::unix::process::CommandExt as _;

        say!("Building it; the first time takes a few minutes");
        let target_dir = cargo::own_target_dir();
        let root = self.app();
        let build = Build { root: &root, release: false, target_dir: target_dir.as_deref() };
        let cargo = build.command().process_group(0).spawn().map_err(Build::not_started)?;
        let mut cargo = Program::adopt("cargo", cargo);
        let messages = cargo.take_stdout().ok_or_else(|| Error::Build(root.clone()))?;
        let built = thread::scope(|scope| {
            let binary = scope.spawn(|| build.binary(io::BufReader::new(messages)));
            let status = loop {
                if let Some(status) = cargo.ended()? {
                    break status;
                }
                if let Err(interrupted) = interrupt.check() {
                    // The reader ends with cargo, and the scope with the reader.
                    cargo.stop();
                    return Err(interrupted);
                }
                thread::sleep(process::POLL);
            };
            if !status.success() {
                return Err(Error::Build(root.clone()));
            }
            binary.join().unwrap_or_else(|_| Err(Error::Build(root.clone())))
        })?;
        // A copy: another demo that builds in the same target folder would replace the file under the running one.
        fs::copy(&built, self.binary()).map_err(Error::file("copy", &built))?;
        Ok(())
    }

    /// The app's folder.
    pub fn app(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    /// The app's binary.
    pub fn binary(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// The folder of all logs.
    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// The prefix of nginx.
    pub fn nginx(&self) -> PathBuf {
        self.folder.path().join("nginx")
    }

    /// The working folder of Redis.
    pub fn redis(&self) -> PathBuf {
        self.folder.path().join("redis")
    }
}

/// Where the running demo answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Site {
    /// The port to visit: nginx's, or the single instance's.
    pub front: u16,
    /// The port of each instance.
    pub instances: Vec<u16>,
}

/// The address of `path` on this machine.
fn url(port: u16, path: &str) -> String {
    format!("http://127.0.0.1:{port}{path}")
}

fn restrict(folder: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).map_err(Error::file("restrict", folder))
}

fn announce(site: &Site, demo: &Demo) {
    let instances = match site.instances.as_slice() {
        [_] => "one instance".to_owned(),
        ports => {
            let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
            format!("{} instances on {}, Redis between them, nginx in front", ports.len(), ports.join(", "))
        }
    };
    say!("\n  http://localhost:{}    open it in two windows\n", site.front);
    say!("{instances}\nThe app: {}    its logs: {}", demo.app().display(), demo.logs().display());
    say!("Ctrl-C stops everything");
}

/// Until Ctrl-C, which is a good end, or until a program ends by itself, which is not.
fn wait(running: &mut Running, interrupt: &Interrupt) -> Result<()> {
    while !interrupt.requested() {
        running.expect_running()?;
        thread::sleep(process::POLL);
    }
    say!("\nStopping everything");
    Ok(())
}
