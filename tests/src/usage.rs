//! What a process of this machine uses, as the kernel tells it, and how many files it may have open. See proc(5).

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

/// The bytes of a process that are in memory.
///
/// # Panics
/// When it has ended.
#[track_caller]
pub fn memory(pid: u32) -> u64 {
    memory_if_any(pid).unwrap_or_else(|| panic!("process {pid} has ended"))
}

/// The same of one that may have ended.
pub fn memory_if_any(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// The processor time it has used so far, threads that have ended included.
///
/// # Panics
/// When it has ended.
#[track_caller]
pub fn cpu(pid: u32) -> Duration {
    let stat = read(pid, "stat");
    // The program's name stands in parentheses and may itself contain any character; `utime` and `stime` are the
    // twelfth and thirteenth field behind it.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second())
}

/// How many files it has open, sockets among them.
///
/// # Panics
/// When it has ended.
#[track_caller]
pub fn open_files(pid: u32) -> u64 {
    let folder = fs::read_dir(format!("/proc/{pid}/fd"));
    folder.unwrap_or_else(|error| panic!("process {pid} has ended: {error}")).count() as u64
}

/// How many files it may have open from now on, or as many as this process may.
///
/// # Panics
/// When it has ended.
#[track_caller]
pub fn limit_files(pid: u32, most: Option<u64>) {
    let own = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: most.or(own.current), maximum: own.maximum };
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    prlimit(process, Resource::Nofile, limit).unwrap_or_else(|error| panic!("process {pid}: {error}"));
}

#[track_caller]
fn read(pid: u32, file: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"));
    text.unwrap_or_else(|error| panic!("process {pid} has ended: {error}"))
}
