//! The scaffolded app as several instances on Redis and PostgreSQL.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::postgres::Postgres;
use crate::process::{self, Process, Signal};
use crate::redis::Redis;
use crate::scaffold::App;
use crate::wait::{self, SOON, START};
use crate::{http, ports};

/// How many instances a cluster has.
pub const INSTANCES: u16 = 3;

/// What signs the sessions of a cluster.
pub const SECRET: &str = "a secret of the tests, long enough to be one: 0123456789abcdef0123456789abcdef";

/// Three instances of the app with two workers each, and the services they share.
#[derive(Debug)]
pub struct Cluster {
    // Ended in this order: the app before what it uses.
    app: Process,
    ports: RangeInclusive<u16>,
    postgres: Postgres,
    redis: Redis,
    files: App,
}

/// One instance as the log and its answers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The id in the log and in `X-Regatta-Instance`.
    pub id: String,
    /// The process id.
    pub pid: u32,
}

impl Cluster {
    /// Instances with a port each (`lift --ports A-B`), as a balancer needs them.
    pub fn with_ports() -> Self {
        Self::of(App::new(), &[])
    }

    /// Instances that share one port (`lift --instances N`).
    pub fn with_shared_port() -> Self {
        let port = ports::free();
        let arguments =
            ["--port", &port.to_string(), "--instances", &INSTANCES.to_string()].map(str::to_owned);
        Self::start(App::new(), &[], port..=port, &arguments)
    }

    /// The same with a program file of its own, which may be replaced, at the path that is given back.
    pub fn replaceable() -> (Self, PathBuf) {
        let port = ports::free();
        let arguments =
            ["--port", &port.to_string(), "--instances", &INSTANCES.to_string()].map(str::to_owned);
        let mut files = App::new();
        let program = files.own_binary();
        (Self::start(files, &[], port..=port, &arguments), program)
    }

    /// Instances with a port each and a program file of their own, which may be replaced, at the path that is given back.
    pub fn replaceable_with_ports() -> (Self, PathBuf) {
        let mut files = App::new();
        let program = files.own_binary();
        (Self::of(files, &[]), program)
    }

    /// Instances of this app with a port each, and with these settings besides the cluster's own.
    pub fn of(files: App, settings: &[(&str, &str)]) -> Self {
        let ports = ports::range(INSTANCES);
        let range = format!("{}-{}", ports.start(), ports.end());
        Self::start(files, settings, ports, &["--ports".to_owned(), range])
    }

    fn start(files: App, more: &[(&str, &str)], ports: RangeInclusive<u16>, arguments: &[String]) -> Self {
        // The only file that is edited: what the framework promises to be enough.
        files.edit("config/sockets.toml", "adapter = \"memory\"", "adapter = \"redis\"");
        let (redis, postgres) = (Redis::new(), Postgres::new());
        let settings = [
            ("DATABASE_URL", postgres.url()),
            ("REDIS_URL", redis.url()),
            ("SESSION_SECRET", SECRET.to_owned()),
            ("REGATTA__HTTP__WORKERS", "2".to_owned()),
        ];
        let mut settings = settings.each_ref().map(|(name, value)| (*name, value.as_str())).to_vec();
        settings.extend_from_slice(more);
        let app = files.lift(arguments, &settings);
        let cluster = Self { app, ports, postgres, redis, files };
        for base in cluster.bases() {
            http::wait_ready(&base, START);
        }
        wait::until_true("every instance listens", START, || {
            cluster.instances().len() == usize::from(INSTANCES)
        });
        cluster
    }

    /// The addresses of the instances, or the one they share.
    pub fn bases(&self) -> Vec<String> {
        self.ports.clone().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// The ports of the instances, or the one they share.
    pub fn ports(&self) -> Vec<u16> {
        self.ports.clone().collect()
    }

    /// The program that was started: the parent of the instances.
    pub fn parent(&self) -> &Process {
        &self.app
    }

    /// The shared Redis.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The same, to end it and start it again.
    pub fn redis_mut(&mut self) -> &mut Redis {
        &mut self.redis
    }

    /// The shared PostgreSQL.
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The same, to end it and start it again.
    pub fn postgres_mut(&mut self) -> &mut Postgres {
        &mut self.postgres
    }

    /// The app's files.
    pub fn files(&self) -> &App {
        &self.files
    }

    /// Runs a command of `fleet` to its end; the last line it printed, as JSON.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn fleet(&self, arguments: &[&str]) -> Value {
        let all: Vec<_> = ["fleet"].iter().chain(arguments).chain(&["--json"]).copied().collect();
        let output = self.files.run(&all);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{all:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(text.lines().last().unwrap_or_default())
            .unwrap_or_else(|error| panic!("{all:?}: {error}: {text}"))
    }

    /// The instances that run now, by the log and confirmed by the kernel as children of the parent.
    pub fn instances(&self) -> Vec<Instance> {
        let mut instances = instances_in(&self.app.log());
        instances.retain(|instance| {
            process::is_alive(instance.pid) && process::parent_of(instance.pid) == Some(self.app.pid())
        });
        instances
    }

    /// The running instance with this id.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn instance(&self, id: &str) -> Instance {
        let found = self.instances().into_iter().find(|instance| instance.id == id);
        found.unwrap_or_else(|| panic!("no instance {id} among {:?}", self.instances()))
    }

    /// Kills an instance as a crash does and waits until it is gone.
    pub fn kill(&self, instance: &Instance) {
        process::send(instance.pid, Signal::KILL);
        wait::until_true("the killed instance is gone", SOON, || !process::is_alive(instance.pid));
    }

    /// Waits until as many instances as at the start run and none of them has this process id.
    ///
    /// # Panics
    /// When the parent does not restart it within `deadline`.
    #[track_caller]
    pub fn wait_restarted(&self, killed: &Instance, deadline: Duration) {
        wait::until_true(&format!("{killed:?} is replaced"), deadline, || {
            let instances = self.instances();
            instances.len() == usize::from(INSTANCES) && !instances.contains(killed)
        });
    }
}

/// The instances whose log names their process id and says that they listen; of those with the same id, the last.
pub fn instances_in(log: &str) -> Vec<Instance> {
    let mut pids = BTreeMap::new();
    let mut listening = BTreeMap::new();
    for line in log.lines() {
        let Some(id) = field(line, "instance") else { continue };
        if let Some(pid) = field(line, "pid").and_then(|pid| pid.parse().ok()) {
            pids.insert(id.clone(), pid);
        }
        if line.contains("listening") {
            listening.insert(id, ());
        }
    }
    listening.into_keys().filter_map(|id| Some(Instance { pid: *pids.get(&id)?, id })).collect()
}

/// The value of a field of a log line, written as `name=value` or as JSON.
fn field(line: &str, name: &str) -> Option<String> {
    let starts = [format!("{name}="), format!("\"{name}\":")];
    let rest = starts.iter().find_map(|start| {
        let at = line.find(start.as_str())?;
        // `pid=` must not be found inside `rapid=`.
        let before = line[..at].chars().next_back();
        (!before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_'))
            .then(|| &line[at + start.len()..])
    })?;
    let rest = rest.trim_start().trim_start_matches('"');
    let end = rest
        .find(|letter: char| !(letter.is_alphanumeric() || "-_.:".contains(letter)))
        .unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}
