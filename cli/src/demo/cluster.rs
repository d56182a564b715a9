//! The programs of the demo: Redis, the app's instances, nginx; or one instance alone.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use toml_edit::{DocumentMut, value};

use super::interrupt::Interrupt;
use super::redis::Redis;
use super::{Demo, Site, check, nginx, ports, ready};
use crate::output::say;
use crate::process::Program;
use crate::{Error, Result};

const INSTANCES: u16 = 3;
/// Instances bring the database to their models before they are ready.
const DEADLINE: Duration = Duration::from_secs(60);
/// What would lead the demo to somebody's real database, sessions or ports.
const FOREIGN: [&str; 6] =
    ["PORT", "DATABASE_URL", "REDIS_URL", "SESSION_SECRET", "SESSION_SECRET_FILE", "PUBLIC_URL"];

/// The running demo; its programs end in the order of the fields when it is dropped.
#[derive(Debug)]
pub struct Running {
    nginx: Option<Program>,
    app: Program,
    redis: Option<Redis>,
    site: Site,
}

impl Running {
    /// Where it answers.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// An error with the end of its log when one of the programs has ended by itself.
    pub fn expect_running(&mut self) -> Result<()> {
        if let Some(redis) = &mut self.redis {
            redis.program().expect_running()?;
        }
        self.app.expect_running()?;
        self.nginx.as_mut().map_or(Ok(()), Program::expect_running)
    }
}

/// Starts Redis, three instances and nginx, and waits until each of them is ready.
pub fn start(demo: &Demo, redis: &Path, nginx: &Path, port: u16, interrupt: &Interrupt) -> Result<Running> {
    say!("Setting adapter = \"redis\" in config/sockets.toml: that makes it a cluster");
    edit(&demo.app().join("config/sockets.toml"), with_redis_adapter)?;

    say!("Starting redis-server, {INSTANCES} instances and nginx");
    let redis = Redis::start(redis, &demo.redis(), &demo.logs().join("redis.log"), interrupt)?;
    let row = ports::free_row(INSTANCES)?;
    let mut command = lift(demo);
    command.env("REDIS_URL", redis.url()).arg("--ports").arg(format!("{}-{}", row.start(), row.end()));
    let instances: Vec<u16> = row.collect();
    let app = start_app(&mut command, demo, &instances, interrupt)?;

    let front = front_port(port)?;
    let conf = demo.app().join("deploy/nginx.conf");
    edit(&conf, |text| nginx::with_ports(text, front, &instances))?;
    let mut command = Command::new(nginx);
    command.arg("-p").arg(demo.nginx()).arg("-c").arg(&conf).args(["-g", "daemon off;"]);
    let mut nginx = Program::start("nginx", &mut command, &demo.logs().join("nginx.log"))?;
    let agent = check::agent();
    ready::wait(&mut nginx, DEADLINE, interrupt, || ready::unready(&agent, front))?;
    Ok(Running { nginx: Some(nginx), app, redis: Some(redis), site: Site { front, instances } })
}

/// Starts one instance on the embedded defaults and waits until it is ready.
pub fn start_single(demo: &Demo, port: u16, interrupt: &Interrupt) -> Result<Running> {
    say!("Starting one instance");
    let front = front_port(port)?;
    let app = start_app(lift(demo).arg("--port").arg(front.to_string()), demo, &[front], interrupt)?;
    Ok(Running { nginx: None, app, redis: None, site: Site { front, instances: vec![front] } })
}

fn front_port(wanted: u16) -> Result<u16> {
    let port = ports::free_or(wanted)?;
    if port != wanted {
        say!("Port {wanted} is taken, so it is {port}");
    }
    Ok(port)
}

fn lift(demo: &Demo) -> Command {
    let mut command = Command::new(demo.binary());
    command.arg("lift").current_dir(demo.app());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if FOREIGN.contains(&&*text) || text.starts_with("REGATTA_") {
            command.env_remove(&name);
        }
    }
    command
}

fn start_app(
    command: &mut Command,
    demo: &Demo,
    instances: &[u16],
    interrupt: &Interrupt,
) -> Result<Program> {
    let mut app = Program::start("the app", command, &demo.logs().join("app.log"))?;
    let agent = check::agent();
    for port in instances {
        ready::wait(&mut app, DEADLINE, interrupt, || ready::unready(&agent, *port))?;
    }
    Ok(app)
}

fn edit(file: &Path, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    let text = fs::read_to_string(file).map_err(Error::file("read", file))?;
    fs::write(file, change(&text)?).map_err(Error::file("write", file))
}

/// The `config/sockets.toml` with `adapter = "redis"`, all else as it was.
pub fn with_redis_adapter(sockets: &str) -> Result<String> {
    let broken = |reason: String| Error::Template { file: "config/sockets.toml".to_owned(), reason };
    let mut config: DocumentMut = sockets.parse().map_err(|error| broken(format!("{error}")))?;
    let adapter = config.get_mut("adapter").ok_or_else(|| broken("it has no key `adapter`".to_owned()))?;
    *adapter = value("redis");
    Ok(config.to_string())
}
