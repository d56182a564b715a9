//! What the machine and the app's folder tell: open files, folders to write to, who can read secrets.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::{Named, workers};
use crate::config::Config;
use crate::health::Finding;
use crate::sessions;

/// Variables whose `_FILE` names a secret.
const SECRETS: [&str; 3] = ["SESSION_SECRET", "DATABASE_URL", "REDIS_URL"];

pub(super) fn look(config: &Config, processes: &[i32]) -> Vec<Named> {
    let mut findings = vec![("open files", open_files(config, limit(processes)))];
    findings.extend(folders(config));
    findings.extend(readable(config));
    findings.extend(weak_secret(config));
    findings
}

/// The lowest limit of open files of the instances that run, else what one may raise its own to; nothing when there is none.
fn limit(processes: &[i32]) -> Option<u64> {
    let of_process = |pid: &i32| {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        Some(line.split_whitespace().next()?.parse().unwrap_or(u64::MAX))
    };
    let lowest = processes.iter().filter_map(of_process).min();
    lowest.map_or_else(|| getrlimit(Resource::Nofile).maximum, Some)
}

pub(super) fn open_files(config: &Config, limit: Option<u64>) -> Finding {
    let (limit, own) = (limit.unwrap_or(u64::MAX), config.http.spare_files);
    let wanted = (workers(config) * config.http.max_connections) as u64 + own;
    let clients = limit - own.min(limit / 4);
    if limit >= wanted {
        return Finding::Good("as many files may be open as connections are allowed".to_owned());
    }
    let text = format!(
        "{limit} files may be open (ulimit -n), so that an instance carries about {clients} clients, and max_connections in \
         config/http.toml allows {}: set LimitNOFILE={wanted} in the unit or `ulimit -n {wanted}` before the start, or lower \
         max_connections",
        wanted - own
    );
    match config.environment.is_production() {
        _ if limit < 2 * own => Finding::Error(text),
        true => Finding::Warning(text),
        false => Finding::Hint(text),
    }
}

/// Whether the folders the app writes to can be written to.
pub(super) fn folders(config: &Config) -> Vec<Named> {
    let folders = [
        (".tmp", config.path(".tmp"), "the app's folder"),
        ("uploads", config.path(&config.uploads.folder), "folder in config/uploads.toml"),
    ];
    let look = |(name, folder, key): (&'static str, PathBuf, &str)| match writable(&folder) {
        Ok(()) => None,
        Err((place, error)) => Some((
            name,
            Finding::Error(format!(
                "files can't be written to {} ({error} at {}): give this user the folder, `chown -R \"$USER\" {}`, or change \
                 {key}",
                folder.display(),
                place.display(),
                place.display()
            )),
        )),
    };
    let bad: Vec<_> = folders.into_iter().filter_map(look).collect();
    if bad.is_empty() {
        return vec![("folders", Finding::Good("temporary files and uploads can be written".to_owned()))];
    }
    bad
}

/// Whether a file can be made in `folder`, or a folder where it is missing.
fn writable(folder: &Path) -> Result<(), (PathBuf, std::io::Error)> {
    let place = folder.ancestors().find(|place| place.exists()).unwrap_or(Path::new("/"));
    let probe = place.join(format!(".doctor-{}", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).open(&probe);
    made.map_err(|error| (place.to_owned(), error))?;
    fs::remove_file(&probe).map_err(|error| (place.to_owned(), error))
}

/// Files with secrets that others on this machine may read.
pub(super) fn readable(config: &Config) -> Vec<Named> {
    let own = [".tmp/session-secret", "config/local.toml"].map(|file| config.path(file));
    let keys = config.datastores.values().filter_map(|datastore| datastore.key_file.clone());
    let mounted =
        SECRETS.iter().filter_map(|name| std::env::var_os(format!("{name}_FILE")).map(PathBuf::from));
    let open = |file: &PathBuf| fs::metadata(file).is_ok_and(|about| about.mode() & 0o007 != 0);
    let tell = |file: PathBuf| {
        let file = file.display();
        (
            "secrets",
            Finding::Warning(format!("everybody on this machine may read {file}: run `chmod 600 {file}`")),
        )
    };
    own.into_iter().chain(keys).chain(mounted).filter(open).map(tell).collect()
}

/// A secret that production would refuse, told before it is there.
fn weak_secret(config: &Config) -> Option<Named> {
    if config.environment.is_production() || config.session.secret.is_empty() {
        return None;
    }
    let weak = config.session.secret.iter().find_map(|secret| sessions::judge_secret(secret.trim()).err());
    weak.map(|error| {
        ("secrets", Finding::Hint(format!("production would refuse this session secret: {error}")))
    })
}
