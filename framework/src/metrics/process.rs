//! What a process uses, as Linux tells it, under the names every exporter has. See proc(5).

use std::fs;
use std::time::{Duration, SystemTime};

use super::Page;

/// Clock ticks in a second, as `/proc` counts them on every Linux machine.
const TICKS: u64 = 100;

/// What a process uses; nothing where there is no `/proc`.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Resident memory, in bytes.
    pub(crate) rss: Option<u64>,
    /// Processor time so far.
    pub(crate) cpu: Option<Duration>,
    pub(crate) threads: Option<u64>,
}

impl Usage {
    /// Of any process, by its id or as `self`.
    pub(crate) fn of(pid: impl std::fmt::Display) -> Self {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        let status = read("status").unwrap_or_default();
        Self {
            rss: field(&status, "VmRSS:").and_then(|kilobytes| kilobytes.checked_mul(1024)),
            cpu: read("stat").as_deref().and_then(cpu),
            threads: field(&status, "Threads:"),
        }
    }
}

/// The number behind a name in `/proc/<pid>/status`.
pub(super) fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

pub(super) fn cpu(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may itself contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS))
}

/// Reports this process, which was started at `started`.
pub(crate) fn report(page: &mut Page, started: SystemTime) {
    let usage = Usage::of("self");
    if let Some(cpu) = usage.cpu {
        let mut family = page.family(
            super::Kind::Counter,
            "process_cpu_seconds_total",
            "Processor time of the process, in seconds.",
        );
        family.sample(&[], cpu.as_secs_f64());
    }
    if let Some(rss) = usage.rss {
        page.gauge("process_resident_memory_bytes", "Resident memory of the process, in bytes.", rss);
    }
    if let Some(threads) = usage.threads {
        page.gauge("process_threads", "Threads of the process.", threads);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is read.
        let count = open.count().saturating_sub(1);
        page.gauge("process_open_fds", "Open file descriptors of the process.", count);
    }
    if let Some(most) = most_files() {
        page.gauge("process_max_fds", "The most file descriptors the process may have.", most);
    }
    let since = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    page.gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.", since);
}

fn most_files() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
