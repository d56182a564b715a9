//! One round of load by `wrk`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use regatta_tests::process::Process;
use regatta_tests::workdir::Workdir;

/// How much longer than its load `wrk` may run: it waits for the last answers and adds up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What makes `wrk` write its figures as one line.
const SCRIPT: &str = r#"
function done(summary, latency)
  local failed = summary.errors
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    failed.status + failed.connect + failed.read + failed.write + failed.timeout))
end
"#;

/// Connections that ask again as soon as they have their answer.
#[derive(Debug)]
pub(crate) struct Load {
    pub connections: u32,
}

/// What came of one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub requests_per_second: f64,
    pub p50_millis: f64,
    pub p99_millis: f64,
    /// Requests that were not answered, or not well.
    pub errors: u64,
}

/// Whether `wrk` is on the PATH.
pub(crate) fn is_installed() -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("wrk").is_file()))
}

impl Load {
    /// Runs it for `time`.
    ///
    /// # Panics
    /// When `wrk` can't be run.
    pub(crate) fn run(&self, base: &str, time: Duration) -> Outcome {
        let folder = Workdir::new();
        let script = folder.path().join("figures.lua");
        fs::write(&script, SCRIPT).expect("a script for wrk");
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--timeout", "10s"]);
        command.args(["--connections", &self.connections.to_string()]);
        command.args(["--duration", &format!("{}s", time.as_secs())]);
        command.arg("--script").arg(script).arg(format!("{base}/work"));
        let wrk = Process::start("wrk", &mut command, folder.path());
        let status = wrk.wait_for_exit(time + PATIENCE);
        let said = wrk.log();
        let figures: Option<Vec<u32>> = said
            .lines()
            .find_map(|line| line.strip_prefix("figures "))
            .and_then(|line| line.split(' ').map(|figure| figure.parse().ok()).collect());
        let Some(&[count, micros, p50, p99, errors]) = figures.as_deref() else {
            panic!("wrk ({status}) says no figures\n{said}");
        };
        Outcome {
            requests_per_second: f64::from(count) / f64::from(micros.max(1)) * 1e6,
            p50_millis: f64::from(p50) / 1e3,
            p99_millis: f64::from(p99) / 1e3,
            errors: u64::from(errors),
        }
    }
}
