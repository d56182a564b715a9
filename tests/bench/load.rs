//! One round of load by `wrk`.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use regatta_tests::process::Process;
use regatta_tests::workdir::Workdir;

/// How much longer than its load `wrk` may run: it waits for the last answers and adds up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What makes `wrk` write its figures as one line.
const FIGURES: &str = r#"
function done(summary, latency)
  local failed = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed.status,
    failed.connect + failed.read + failed.write + failed.timeout))
end
"#;

/// What makes every request the next visitor's.
const VISITORS: &str = r#"
local requests, last = {}, 0
function init()
  for number, cookie in ipairs(cookies) do
    local headers = { Cookie = cookie }
    for name, value in pairs(wrk.headers) do headers[name] = value end
    requests[number] = wrk.format("GET", nil, headers)
  end
end
function request()
  last = last % #requests + 1
  return requests[last]
end
"#;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    /// The whole address.
    pub url: &'a str,
    /// The `Cookie` headers of the visitors that take turns; empty: requests without one.
    pub cookies: &'a [String],
    /// How many connections ask at once, each again as soon as it has its answer.
    pub connections: u32,
    /// For how long.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Answered requests.
    pub requests: u64,
    /// From the first to the last of them.
    pub time: Duration,
    /// Half of the requests took at most this long.
    pub p50: Duration,
    /// All but one in a hundred took at most this long.
    pub p99: Duration,
}

/// Whether `wrk` is on the PATH.
pub(crate) fn is_installed() -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("wrk").is_file()))
}

impl Load<'_> {
    /// Runs it to its end.
    ///
    /// # Panics
    /// When a request failed or got another answer than a 2xx or 3xx one: such a round measures something else.
    pub(crate) fn run(&self) -> Outcome {
        let folder = Workdir::new();
        let script = folder.path().join("load.lua");
        fs::write(&script, self.script()).expect("a script for wrk");
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--timeout", "5s"]);
        command.args(["--connections", &self.connections.to_string()]);
        command.args(["--duration", &format!("{}s", self.time.as_secs())]);
        command.arg("--script").arg(script).arg(self.url);
        let wrk = Process::start("wrk", &mut command, folder.path());
        let status = wrk.wait_for_exit(self.time + PATIENCE);
        let said = wrk.log();
        let figures: Option<Vec<u64>> = said
            .lines()
            .find_map(|line| line.strip_prefix("figures "))
            .and_then(|line| line.split(' ').map(|figure| figure.parse().ok()).collect());
        let Some(&[requests, time, p50, p99, 0, 0]) = figures.as_deref() else {
            panic!("wrk ({status}) on {}: not all requests were answered well\n{said}", self.url);
        };
        assert!(requests > 0, "{} answered nothing\n{said}", self.url);
        let micros = Duration::from_micros;
        Outcome { requests, time: micros(time), p50: micros(p50), p99: micros(p99) }
    }

    fn script(&self) -> String {
        let mut script = String::from("wrk.headers[\"Accept\"] = \"application/json\"\n");
        if !self.cookies.is_empty() {
            script.push_str("local cookies = {\n");
            for cookie in self.cookies {
                // Cookies hold neither quotes nor backslashes.
                let _ = writeln!(script, "  \"{cookie}\",");
            }
            script.push_str("}\n");
            script.push_str(VISITORS);
        }
        script.push_str(FIGURES);
        script
    }
}
