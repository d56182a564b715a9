//! The two programs of a cluster: found, installed through apt-get when root may, or asked for.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Result;
use crate::output::say;
use crate::process::find_program;

const REDIS: &str = "redis-server";
const NGINX: &str = "nginx";
/// Debian asks this script before it starts a service; see its policy-rc.d specification.
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// What a cluster needs beside the app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Services {
    /// Both programs are here.
    Here {
        /// The path of `redis-server`.
        redis: PathBuf,
        /// The path of `nginx`.
        nginx: PathBuf,
    },
    /// At least one is not, and could not be installed.
    Missing {
        /// Which, for a sentence.
        missing: String,
        /// What to type to have them.
        remedy: String,
    },
}

/// Finds both programs; installs the missing ones when this process is root's and apt-get is here.
pub fn find_or_install() -> Result<Services> {
    let missing = missing();
    let mut said = None;
    if !missing.is_empty() && rustix::process::geteuid().is_root() && find_program("apt-get").is_some() {
        say!("Installing {}", missing.join(" and "));
        said = install(&missing)?;
    }
    Ok(find(said))
}

fn find(apt_said: Option<String>) -> Services {
    match (find_program(REDIS), find_program(NGINX)) {
        (Some(redis), Some(nginx)) => Services::Here { redis, nginx },
        _ => {
            let missing = missing();
            let mut remedy = remedy(&missing);
            if let Some(said) = apt_said {
                remedy = format!("apt-get said: {said}\n{remedy}");
            }
            Services::Missing { missing: missing.join(" and "), remedy }
        }
    }
}

fn missing() -> Vec<&'static str> {
    [REDIS, NGINX].into_iter().filter(|program| find_program(program).is_none()).collect()
}

fn remedy(missing: &[&str]) -> String {
    let packages = missing.join(" ");
    if find_program("apt-get").is_some() {
        format!("Type:  sudo apt-get install {packages}    then start the demo again")
    } else if find_program("brew").is_some() {
        format!("Type:  brew install {}    then start the demo again", packages.replace(REDIS, "redis"))
    } else {
        format!(
            "Install {} with your system's package manager, then start the demo again",
            missing.join(" and ")
        )
    }
}

/// Installs the packages of the same names, none of them started; what apt-get complained of, if it did.
fn install(packages: &[&str]) -> Result<Option<String>> {
    let _policy = NoServices::declare();
    // An outdated list may be good enough, so that only the installation's own answer counts.
    let _ = apt_get(&["update", "-qq"]);
    let mut arguments = vec!["install", "-qq", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    Ok(match apt_get(&arguments) {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    })
}

/// In a group of its own: a Ctrl-C must not leave half-configured packages behind.
fn apt_get(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .process_group(0)
        .output()
}

/// While it lives, packages don't start their services: those would take ports 80 and 6379.
#[derive(Debug)]
struct NoServices {
    ours: bool,
}

impl NoServices {
    /// A policy that somebody else made stays as it is.
    fn declare() -> Self {
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(SERVICE_POLICY);
        let ours = file.is_ok();
        if let Ok(mut file) = file {
            // Half written it forbids nothing, and a service that starts is a nuisance, no failure.
            let _ = file.write_all(b"#!/bin/sh\nexit 101\n");
        }
        Self { ours }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(Path::new(SERVICE_POLICY));
        }
    }
}
