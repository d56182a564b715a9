//! What a process uses, as Linux tells it. See proc(5).

use std::fs;
use std::time::Duration;

/// Clock ticks in a second, as `/proc` counts them on every Linux machine.
const TICKS: u64 = 100;

/// What a process uses; nothing where there is no `/proc`.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Resident memory, in bytes.
    pub(super) rss: Option<u64>,
    /// Processor time so far.
    pub(super) cpu: Option<Duration>,
}

impl Usage {
    pub(super) fn of(pid: i32) -> Self {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        let rss = read("status").as_deref().and_then(rss);
        let cpu = read("stat").as_deref().and_then(cpu);
        Self { rss, cpu }
    }
}

fn rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn cpu(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may itself contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS))
}

#[cfg(test)]
mod tests;
