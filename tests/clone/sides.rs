//! Who is measured: the app as so many instances in front of the load or behind a proxy, the hand-written server as so
//! many processes.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use regatta_tests::haproxy::Haproxy;
use regatta_tests::http::wait_ready;
use regatta_tests::nginx::Nginx;
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::{App, Scaffold, succeed};
use regatta_tests::wait::{START, until_true};

// As `openssl rand -hex 32` makes them: production refuses less.
const SECRET: &str = "5d10b6c2e9a4835f6e2d71c0ab94f3589f3c1a7be05d4286b1c97ad2630e58f4";

const ROUTE: &str = r#"
    r.get("/work", answer);
"#;

const ACTION: &str = r#"
#[derive(serde::Serialize)]
struct Answer {
    answer: u64,
}

async fn answer() -> Json<Answer> {
    Json(Answer { answer: work() })
}
"#;

/// One of those that are measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// How the table calls it.
    pub name: String,
    /// What it is besides the number of processes; the first of a group is what the others are compared with.
    pub group: &'static str,
    pub processes: usize,
    pub base: String,
}

/// All of them, running.
#[derive(Debug)]
pub(crate) struct Sides {
    targets: Vec<Target>,
    // Ended in this order.
    _nginx: Vec<Nginx>,
    _haproxy: Vec<Haproxy>,
    _fleets: Vec<Process>,
    _raw: Vec<Raw>,
    _apps: Vec<App>,
    _redis: Redis,
}

impl Sides {
    /// Makes the app and starts each side with each of these numbers of processes.
    pub(crate) fn start(counts: &[usize]) -> Self {
        let scaffold = Scaffold::released(extend);
        let redis = Redis::new();
        let most = counts.last().copied().unwrap_or(1);
        let mut sides = Self {
            targets: Vec::new(),
            _nginx: Vec::new(),
            _haproxy: Vec::new(),
            _fleets: Vec::new(),
            _raw: Vec::new(),
            _apps: Vec::new(),
            _redis: redis,
        };
        for count in counts {
            let port = ports::free();
            sides.lift(&scaffold, &["--port", &port.to_string(), "--instances", &count.to_string()], &[port]);
            sides.add("shared socket", *count, format!("http://127.0.0.1:{port}"));
        }
        let ports: Vec<_> = ports::range(u16::try_from(most).expect("few instances")).collect();
        let range = |count: usize| format!("{}-{}", ports[0], ports[count - 1]);
        sides.lift(&scaffold, &["--ports", &range(most)], &ports);
        for count in counts {
            let file = sides.file("nginx", &range(*count));
            let nginx = Nginx::new(&file, &ports[..*count]);
            sides.add("behind nginx", *count, nginx.base());
            sides._nginx.push(nginx);
        }
        for count in counts {
            let file = sides.file("haproxy", &range(*count));
            let haproxy = Haproxy::new(&file, &ports[..*count]);
            sides.add("behind HAProxy", *count, haproxy.base());
            sides._haproxy.push(haproxy);
        }
        for count in [1, 2] {
            let (raw, base) = Raw::start(count);
            sides.add("hand-written", count, base);
            sides._raw.push(raw);
        }
        sides
    }

    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    fn add(&mut self, group: &'static str, processes: usize, base: String) {
        let what = if group == "hand-written" { "process" } else { "instance" };
        let several = match (processes, what) {
            (1, _) => "",
            (_, "process") => "es",
            _ => "s",
        };
        self.targets.push(Target {
            name: format!("{group}, {processes} {what}{several}"),
            group,
            processes,
            base,
        });
    }

    /// Lifts a fleet of a copy of the app in the production environment, one worker each.
    fn lift(&mut self, scaffold: &Scaffold, arguments: &[&str], ports: &[u16]) {
        let app = scaffold.copy();
        let redis = self._redis.url();
        let settings = [
            ("REGATTA_ENV", "production"),
            ("DATABASE_URL", "sqlite://.tmp/clone.db"),
            ("REDIS_URL", &redis),
            ("SESSION_SECRET", SECRET),
            ("PUBLIC_URL", "http://127.0.0.1"),
            ("REGATTA__HTTP__WORKERS", "1"),
        ];
        fs::create_dir_all(app.root().join(".tmp")).expect("a folder for the database");
        succeed(app.command(&["migrate"]).envs(settings));
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let fleet = app.lift(&arguments, &settings);
        for port in ports {
            wait_ready(&format!("http://127.0.0.1:{port}"), START);
        }
        let count =
            if ports.len() > 1 { ports.len() } else { arguments[arguments.len() - 1].parse().unwrap_or(1) };
        until_true("all instances are ready", START, || {
            fleet.log().matches("instance is ready").count() >= count
        });
        self._fleets.push(fleet);
        self._apps.push(app);
    }

    /// The file for the proxy, from the app that has a port for each instance.
    fn file(&self, proxy: &str, ports: &str) -> String {
        let app = self._apps.last().expect("the app behind the proxies");
        let output = succeed(&mut app.command(&["deploy", proxy, "--ports", ports]));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// Adds the route with the work to the app.
fn extend(root: &Path) {
    let file = root.join("src/routes.rs");
    let old = fs::read_to_string(&file).expect("the app's routes");
    let place = "pub fn draw(r: &mut Routes) {";
    assert!(old.contains(place), "{} looks different:\n{old}", file.display());
    let new = old.replacen(place, &format!("{place}{ROUTE}"), 1) + ACTION + include_str!("work.rs");
    fs::write(&file, new).expect("the app's routes");
}

/// The hand-written server as several processes on one socket.
#[derive(Debug)]
struct Raw(Vec<Child>);

impl Raw {
    fn start(count: usize) -> (Self, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports::free())).expect("a socket");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        // A worker that looks for connections another process has taken must not wait for the next.
        listener.set_nonblocking(true).expect("a socket that does not wait");
        let process = |_| {
            let socket = OwnedFd::from(listener.try_clone().expect("a second handle of the socket"));
            let program = std::env::current_exe().expect("a program knows its own path");
            let mut command = Command::new(program);
            command.arg("raw").stdin(Stdio::from(socket)).stdout(Stdio::null());
            command.spawn().expect("the hand-written server")
        };
        (Self((0..count).map(process).collect()), base)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Both fail only when it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
