//! One round of load by `wrk`.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use regatta_tests::process::Process;
use regatta_tests::workdir::Workdir;
use serde_json::Value;

use crate::contest::Outcome;

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

/// What makes `wrk` write every request once and send them in turn.
const REQUESTS: &str = r#"
local requests, last = {}, 0
function init()
  for number, ask in ipairs(asks) do
    local headers = { Accept = "application/json", Cookie = ask.cookie }
    if ask.body then headers["Content-Type"] = "application/json" end
    requests[number] = wrk.format(ask.method, ask.path, headers, ask.body)
  end
end
function request()
  last = last % #requests + 1
  return requests[last]
end
"#;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub method: &'static str,
    pub path: String,
    /// The `Cookie` header.
    pub cookie: Option<String>,
    /// JSON.
    pub body: Option<String>,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), cookie: None, body: None }
    }

    pub(crate) fn with(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self { method, path: path.into(), cookie: None, body: Some(body.to_string()) }
    }
}

/// What is asked.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    /// The server's address.
    pub base: &'a str,
    /// The requests that take turns.
    pub asks: Vec<Ask>,
    /// How many connections ask at once, each again as soon as it has its answer.
    pub connections: u32,
}

/// Whether `wrk` is on the PATH.
pub(crate) fn is_installed() -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("wrk").is_file()))
}

impl Load<'_> {
    /// Runs it for `time`.
    ///
    /// # Panics
    /// When a request failed or got another answer than a 2xx or 3xx one: such a round measures something else.
    pub(crate) fn run(&self, time: Duration) -> Outcome {
        let folder = Workdir::new();
        let script = folder.path().join("load.lua");
        fs::write(&script, self.script()).expect("a script for wrk");
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--timeout", "5s"]);
        command.args(["--connections", &self.connections.to_string()]);
        command.args(["--duration", &format!("{}s", time.as_secs())]);
        command.arg("--script").arg(script).arg(self.base);
        let wrk = Process::start("wrk", &mut command, folder.path());
        let status = wrk.wait_for_exit(time + PATIENCE);
        let said = wrk.log();
        let figures: Option<Vec<u64>> = said
            .lines()
            .find_map(|line| line.strip_prefix("figures "))
            .and_then(|line| line.split(' ').map(|figure| figure.parse().ok()).collect());
        let Some(&[count, time, p50, p99, 0, 0]) = figures.as_deref() else {
            panic!("wrk ({status}): not all of {:?} were answered well\n{said}", self.asks.first());
        };
        assert!(count > 0, "{:?} got no answer\n{said}", self.asks.first());
        let micros = Duration::from_micros;
        Outcome { count, time: micros(time), p50: micros(p50), p99: micros(p99), early: 0 }
    }

    fn script(&self) -> String {
        let mut script = String::from("local asks = {\n");
        for Ask { method, path, cookie, body } in &self.asks {
            let _ = write!(script, "  {{ method = {method:?}, path = {path:?}");
            for (name, value) in [("cookie", cookie), ("body", body)] {
                // JSON and cookies have none of Lua's long brackets in them.
                let _ = value.as_ref().map(|value| write!(script, ", {name} = [==[{value}]==]"));
            }
            script.push_str(" },\n");
        }
        script.push_str("}\n");
        script.push_str(REQUESTS);
        script.push_str(FIGURES);
        script
    }
}
